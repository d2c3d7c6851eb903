package gitrepo_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// text returns 700 bytes that compress like source text.
func text(r *rand.Rand) string {
	var b bytes.Buffer
	for b.Len() < 700 {
		fmt.Fprintf(&b, "%08x line of some text\n", r.Uint32())
	}
	return string(b.Bytes()[:700])
}

// nested returns n files, a hundred in a directory; flat returns them in one.
func nested(r *rand.Rand, n int) []file {
	files := make([]file, n)
	for i := range files {
		files[i] = file{fmt.Sprintf("d%02d/s%03d/f%02d.txt", i/10_000, i/100%100, i%100), text(r)}
	}
	return files
}

func flat(r *rand.Rand, n int) []file {
	files := make([]file, n)
	for i := range files {
		files[i] = file{fmt.Sprintf("flat/file-%06d.txt", i), text(r)}
	}
	return files
}

// some returns n of the files with new contents.
func some(r *rand.Rand, files []file, n int) []file {
	picked := make([]file, n)
	for i, j := range r.Perm(len(files))[:n] {
		picked[i] = file{files[j].path, text(r)}
	}
	return picked
}

// anchor is a bare git repository that fast-import commits to with fsync, into packs as we do.
type anchor struct{ dir string }

func newAnchor(b *testing.B, files []file) anchor {
	a := anchor{filepath.Join(b.TempDir(), "anchor.git")}
	a.git(b, nil, "init", "-q", "--bare", "-b", "main", a.dir)
	a.commit(b, files, true)
	a.git(b, nil, "-C", a.dir, "repack", "-adq")
	return a
}

func (a anchor) git(b *testing.B, in []byte, args ...string) {
	cmd := exec.Command("git", args...)
	cmd.Stdin = bytes.NewReader(in)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// commit returns how long git took, without the making of its input.
func (a anchor) commit(b *testing.B, files []file, first bool) time.Duration {
	var in bytes.Buffer
	fmt.Fprintf(&in, "commit refs/heads/main\ncommitter a <a@b.c> 1800000000 +0000\ndata 1\nx\n")
	if !first {
		fmt.Fprint(&in, "from refs/heads/main^0\n")
	}
	for _, f := range files {
		fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", f.path, len(f.content), f.content)
	}
	start := time.Now()
	a.git(b, in.Bytes(), "-c", "core.fsync=all", "-c", "fastimport.unpackLimit=0", "-C", a.dir, "fast-import", "--quiet")
	return time.Since(start)
}

func percentile(d []time.Duration, p int) time.Duration {
	slices.Sort(d)
	return d[min(len(d)-1, len(d)*p/100)]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// BenchmarkCommit compares durable commits on a repository of 50,000 files with git fast-import fed the same files,
// in turn. Bars: storage.md goals 7 and 8 (over HTTP): 0.25 for 10,000 files, 0.75 and p50 5 ms, p99 20 ms for one.
func BenchmarkCommit(b *testing.B) {
	for _, c := range []struct{ files, rounds int }{{1, 41}, {100, 15}, {10_000, 5}} {
		b.Run(fmt.Sprintf("files=%d", c.files), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			files := nested(r, 50_000)
			ours := newReal(b)
			repo, tip := ours.repo(b, "m", files)
			git := newAnchor(b, files)
			ctx, stop := context.WithCancel(context.Background())
			merging := make(chan struct{})
			go func() { defer close(merging); gitrepo.NewKeeper(ours.Store, ours.db, gitrepo.KeeperConfig{}).Run(ctx) }()
			var a, g []time.Duration
			b.ResetTimer()
			for range b.N {
				for range c.rounds {
					change := some(r, files, c.files)
					start := time.Now()
					tip = ours.commit(b, repo, tip, change)
					a = append(a, time.Since(start))
					g = append(g, git.commit(b, change, false))
				}
			}
			stop()
			<-merging
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ms(percentile(a, 50)), "p50-ms")
			b.ReportMetric(ms(percentile(a, 99)), "p99-ms")
			b.ReportMetric(ms(percentile(g, 50)), "git-p50-ms")
			b.ReportMetric(float64(percentile(a, 50))/float64(percentile(g, 50)), "of-git")
		})
	}
}

// BenchmarkCommitBySize compares the commit of one file on 2,000 and on 100,000 files. Bar: goal 9, 1.3.
func BenchmarkCommitBySize(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	ours := newReal(b)
	small, large := nested(r, 2000), nested(r, 100_000)
	smallRepo, smallTip := ours.repo(b, "small", small)
	largeRepo, largeTip := ours.repo(b, "large", large)
	var s, l []time.Duration
	b.ResetTimer()
	for range b.N {
		for range 41 {
			start := time.Now()
			smallTip = ours.commit(b, smallRepo, smallTip, some(r, small, 1))
			s = append(s, time.Since(start))
			change := some(r, large, 1)
			start = time.Now()
			largeTip = ours.commit(b, largeRepo, largeTip, change)
			l = append(l, time.Since(start))
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ms(percentile(s, 50)), "p50-ms-2k")
	b.ReportMetric(ms(percentile(l, 50)), "p50-ms-100k")
	b.ReportMetric(float64(percentile(l, 50))/float64(percentile(s, 50)), "ratio")
}

// BenchmarkRead measures what listings and downloads ask of 100,000 files. Bars (with HTTP and JSON): goal 10,
// page p50 3 ms, p99 10 ms, first page of a cold node 80 ms; goal 11, one path 0.5 ms; goal 12, 100 paths 3 ms.
func BenchmarkRead(b *testing.B) {
	for name, shape := range map[string]func(*rand.Rand, int) []file{"nested": nested, "flat": flat} {
		b.Run(name, func(b *testing.B) {
			ctx := context.Background()
			r := rand.New(rand.NewPCG(5, 6))
			files := shape(r, 100_000)
			ours := newReal(b)
			repo, tip := ours.repo(b, "m", files)
			paths := func(n int) []string {
				p := make([]string, n)
				for i := range p {
					p[i] = files[r.IntN(len(files))].path
				}
				return p
			}
			// use measures one request, opening included.
			use := func(f func(*gitrepo.Snapshot)) time.Duration {
				start := time.Now()
				snap, err := ours.Open(ctx, repo)
				if err != nil {
					b.Fatal(err)
				}
				f(snap)
				snap.Close()
				return time.Since(start)
			}
			page := func(after string) func(*gitrepo.Snapshot) {
				return func(s *gitrepo.Snapshot) {
					entries, _, err := s.List(ctx, tip, "", gitrepo.ListOptions{Recursive: true, After: after, Limit: 1000})
					if err != nil || len(entries) == 0 {
						b.Fatal(len(entries), err)
					}
				}
			}
			ask := func(p []string) func(*gitrepo.Snapshot) {
				return func(s *gitrepo.Snapshot) {
					if e, err := s.Entries(ctx, tip, p); err != nil || len(e) != len(p) {
						b.Fatal(len(e), err)
					}
				}
			}
			var cold, pages, hundred, one []time.Duration
			for range 7 {
				ours.reopen(b)
				cold = append(cold, use(page("")))
			}
			use(page(""))
			b.ResetTimer()
			for range b.N {
				for range 100 {
					pages = append(pages, use(page(paths(1)[0])))
					hundred = append(hundred, use(ask(paths(100))))
					one = append(one, use(ask(paths(1))))
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ms(percentile(cold, 50)), "cold-ms")
			b.ReportMetric(ms(percentile(pages, 50)), "page-p50-ms")
			b.ReportMetric(ms(percentile(pages, 99)), "page-p99-ms")
			b.ReportMetric(ms(percentile(hundred, 50)), "100paths-p50-ms")
			b.ReportMetric(ms(percentile(one, 50)), "1path-p50-ms")
		})
	}
}

// BenchmarkLastCommits measures the last commits of one directory of 1,000 files over 2,000 commits, as a
// tree page with expand asks for them.
func BenchmarkLastCommits(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	files := make([]file, 1000)
	paths := make([]string, len(files))
	for i := range files {
		files[i] = file{fmt.Sprintf("dir/f%04d", i), text(r)}
		paths[i] = files[i].path
	}
	ours := newReal(b)
	repo, tip := ours.repo(b, "m", files)
	for n := range 2000 {
		tip = ours.commit(b, repo, tip, some(r, files[:300], 1))
		if n%20 == 19 {
			if err := gitrepo.NewKeeper(ours.Store, ours.db, gitrepo.KeeperConfig{}).Merge(context.Background(), repo); err != nil {
				b.Fatal(err)
			}
		}
	}
	snap, err := ours.Open(context.Background(), repo)
	if err != nil {
		b.Fatal(err)
	}
	defer snap.Close()
	for b.Loop() {
		last, err := snap.LastCommits(context.Background(), tip, paths)
		if err != nil || len(last) != len(paths) {
			b.Fatal(len(last), err)
		}
	}
}
