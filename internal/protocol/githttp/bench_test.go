package githttp_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/git"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// Each benchmark does the same work with the hub and with a spawned git (upload-pack or receive-pack), turn by turn, and
// reports the ratio of the medians of wall time and of CPU time, children included: below 1 the hub is better.

// big writes a history of n commits of six changed files each, among some thousand files.
func big(n int) string {
	r := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	words := strings.Fields("model layer weight tensor token shard attention head norm embed config train loss batch epoch rate")
	for i := range n {
		fmt.Fprintf(&b, "commit refs/heads/main\nmark :%d\ncommitter C <c@example.org> %d +0000\ndata 2\nm\n\n", i+1, 1_600_000_000+i*60)
		if i > 0 {
			fmt.Fprintf(&b, "from :%d\n", i)
		}
		for range 6 {
			var t strings.Builder
			for range 100 + r.IntN(200) {
				fmt.Fprintf(&t, "%s %x\n", words[r.IntN(len(words))], r.Uint32())
			}
			fmt.Fprintf(&b, "M 100644 inline d%d/e%d/f%d.txt\ndata %d\n%s\n", r.IntN(20), r.IntN(10), r.IntN(20), t.Len(), t.String())
		}
	}
	return b.String()
}

// arena is a hub on disk and a bare repository with bitmaps, with the same history.
type arena struct {
	h    *testkit.Hub
	url  string
	bare dir
	tip  string
}

func newArena(b *testing.B, commits int) *arena {
	store, err := fs.New(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	a := &arena{bare: dir(b.TempDir())}
	a.h = startWith(b, git.Config{}, testkit.WithBlobs(store))
	_, a.url = repo(b, a.h, "big")
	a.bare.git(b, "init", "-q", "--bare", "-b", "main")
	a.bare.feed(b, big(commits), "fast-import", "--quiet")
	a.bare.git(b, "repack", "-a", "-d", "-q", "-b")
	a.bare.git(b, "push", "-q", "--force", a.url, "main")
	a.tip = a.bare.git(b, "rev-parse", "main")
	return a
}

func cpu() time.Duration {
	var total time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		syscall.Getrusage(who, &u)
		total += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return total
}

type cost struct{ wall, cpu []float64 }

func (c *cost) of(f func()) {
	c0, t0 := cpu(), time.Now()
	f()
	c.wall = append(c.wall, time.Since(t0).Seconds())
	c.cpu = append(c.cpu, (cpu() - c0).Seconds())
}

func median(x []float64) float64 {
	x = append([]float64(nil), x...)
	for i := range x {
		for j := i; j > 0 && x[j] < x[j-1]; j-- {
			x[j], x[j-1] = x[j-1], x[j]
		}
	}
	return x[len(x)/2]
}

// versus runs both in turn.
func versus(b *testing.B, ours, theirs func()) {
	b.Helper()
	var x, y cost
	for b.Loop() {
		x.of(ours)
		y.of(theirs)
	}
	for len(x.wall) < 5 {
		x.of(ours)
		y.of(theirs)
	}
	report(b, x, y)
}

func report(b *testing.B, x, y cost) {
	b.ReportMetric(0, "ns/op") // which would mix both
	b.ReportMetric(median(x.wall)*1e3, "hub-ms")
	b.ReportMetric(median(y.wall)*1e3, "git-ms")
	b.ReportMetric(median(x.wall)/median(y.wall), "wall-ratio")
	b.ReportMetric(median(x.cpu)/median(y.cpu), "cpu-ratio")
}

// post sends a request to the hub and discards the answer.
func (a *arena) post(b *testing.B, service string, body []byte, v2 bool) {
	a.postTo(b, "big", service, body, v2)
}

func (a *arena) postTo(b *testing.B, name, service string, body []byte, v2 bool) {
	res := send(b, "POST", a.h.URL+"/alice/"+name+"/"+service, bytes.NewReader(body), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-"+service+"-request")
		r.SetBasicAuth("x", a.h.TokenValue("alice.write"))
		if v2 {
			r.Header.Set("Git-Protocol", "version=2")
		}
	})
	var head bytes.Buffer
	io.CopyN(&head, res.Body, 200)
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != 200 || bytes.Contains(head.Bytes(), []byte("\nng ")) || bytes.Contains(head.Bytes(), []byte("ERR ")) {
		b.Fatal(res.Status, err, head.String())
	}
	res.Body.Close()
}

// spawn gives a request to git and discards the answer.
func (d dir) spawn(b *testing.B, service string, body []byte, v2 bool) {
	cmd := exec.Command("git", service, "--stateless-rpc", string(d))
	cmd.Stdin, cmd.Stdout = bytes.NewReader(body), io.Discard
	cmd.Env = append(os.Environ(), "HOME="+string(d))
	if v2 {
		cmd.Env = append(cmd.Env, "GIT_PROTOCOL=version=2")
	}
	if err := cmd.Run(); err != nil {
		b.Fatal(err)
	}
}

func (a *arena) cloneRequest(extra ...string) []byte {
	body := line("command=fetch") + "0001"
	for _, l := range append([]string{"ofs-delta", "no-progress"}, extra...) {
		body += line("%s", l)
	}
	return []byte(body + line("want %s\n", a.tip) + line("done\n") + "0000")
}

func parseOID(b *testing.B, text string) hub.OID {
	b.Helper()
	oid, err := hub.ParseOID(text)
	if err != nil {
		b.Fatal(err)
	}
	return oid
}

func BenchmarkClone(b *testing.B) {
	a := newArena(b, 3000)
	for _, c := range []struct {
		name string
		cold string // a filter that is different each time, and leaves out nothing or everything
	}{{"warm", ""}, {"cold", "filter blob:limit=9%06d"}, {"blobless-cold", "filter blob:limit=%d"}} {
		b.Run(c.name, func(b *testing.B) {
			a.bare.git(b, "config", "uploadpack.allowFilter", "true")
			n := 0
			versus(b, func() {
				var extra []string
				if c.cold != "" {
					n++
					extra = append(extra, fmt.Sprintf(c.cold, n%90))
				}
				a.post(b, "git-upload-pack", a.cloneRequest(extra...), true)
			}, func() {
				var extra []string
				if strings.HasPrefix(c.name, "blobless") {
					extra = append(extra, "filter blob:none")
				}
				a.bare.spawn(b, "upload-pack", a.cloneRequest(extra...), true)
			})
		})
	}
	for name, spec := range map[string]string{"fresh-process": "", "fresh-process-blobless": "blob:none"} {
		// A store with empty caches, as after a start. What it sends goes nowhere.
		b.Run(name, func(b *testing.B) {
			var extra []string
			q := gitrepo.SelectRequest{Wants: []hub.OID{parseOID(b, a.tip)}}
			if spec != "" {
				f, err := gitrepo.ParseFilter(spec)
				if err != nil {
					b.Fatal(err)
				}
				q.Filter, extra = f, []string{"filter " + spec}
			}
			r, _, err := a.h.DB.RepoByName(b.Context(), hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "big"})
			if err != nil {
				b.Fatal(err)
			}
			versus(b, func() {
				cold := gitrepo.New(gitrepo.Config{CacheDir: b.TempDir()}, a.h.DB, a.h.Blobs)
				defer cold.Close()
				snap, err := cold.Open(b.Context(), r.ID)
				if err != nil {
					b.Fatal(err)
				}
				defer snap.Close()
				sel, err := snap.Select(b.Context(), q)
				if err != nil {
					b.Fatal(err)
				}
				defer sel.Close()
				if err := sel.WritePack(b.Context(), io.Discard, true); err != nil {
					b.Fatal(err)
				}
			}, func() { a.bare.spawn(b, "upload-pack", a.cloneRequest(extra...), true) })
		})
	}
	b.Run("after-push", func(b *testing.B) {
		var x, y cost
		for i := range 10 {
			tip := a.bare.git(b, "commit-tree", a.tip+"^{tree}", "-p", a.tip, "-m", fmt.Sprint("another ", i))
			a.postTo(b, "big", "git-receive-pack", append([]byte(line("%s %s refs/heads/main\x00report-status", a.tip, tip)+"0000"), a.packOf(b, tip, a.tip)...), false)
			a.bare.git(b, "update-ref", "refs/heads/main", tip)
			a.tip = tip
			x.of(func() { a.post(b, "git-upload-pack", a.cloneRequest(), true) })
			y.of(func() { a.bare.spawn(b, "upload-pack", a.cloneRequest(), true) })
		}
		report(b, x, y)
	})
	b.Run("eight-at-once", func(b *testing.B) {
		eight := func(f func()) func() {
			return func() {
				var wg sync.WaitGroup
				for range 8 {
					wg.Go(func() {
						for range 2 {
							f()
						}
					})
				}
				wg.Wait()
			}
		}
		body := a.cloneRequest()
		versus(b, eight(func() { a.post(b, "git-upload-pack", body, true) }), eight(func() { a.bare.spawn(b, "upload-pack", body, true) }))
	})
	b.Run("ls-refs", func(b *testing.B) {
		body := []byte(line("command=ls-refs") + "0001" + line("peel") + line("symrefs") + line("ref-prefix refs/heads/") + "0000")
		versus(b, func() { a.post(b, "git-upload-pack", body, true) }, func() { a.bare.spawn(b, "upload-pack", body, true) })
	})
	b.Run("client", func(b *testing.B) {
		theirs := backend(b, filepath.Dir(string(a.bare))) + "/" + filepath.Base(string(a.bare))
		c := func(url string) func() {
			return func() {
				to := filepath.Join(b.TempDir(), "c")
				a.bare.git(b, "clone", "-q", "--bare", url, to)
				os.RemoveAll(to)
			}
		}
		versus(b, c(a.url), c(theirs))
	})
}

func BenchmarkPush(b *testing.B) {
	a := newArena(b, 3000)
	for _, c := range []string{"transfer.fsckObjects=true", "receive.unpackLimit=1"} {
		k, v, _ := strings.Cut(c, "=")
		a.bare.git(b, "config", k, v)
	}
	b.Run("one-commit", func(b *testing.B) {
		// The commits are made before the clock runs, one for each side and turn; git gets them in a copy.
		copied := dir(b.TempDir())
		copied.git(b, "clone", "-q", "--bare", string(a.bare), ".")
		copied.git(b, "config", "transfer.fsckObjects", "true")
		n := 0
		next := func() []byte {
			n++
			tree := a.bare.git(b, "rev-parse", "main^{tree}")
			blob := a.bare.feed(b, fmt.Sprint("new text ", n), "hash-object", "-w", "--stdin")
			tree = a.bare.feed(b, a.bare.git(b, "ls-tree", tree)+"\n100644 blob "+blob+"\tnew.txt\n", "mktree")
			oid := a.bare.git(b, "commit-tree", tree, "-p", a.tip, "-m", fmt.Sprint("change ", n))
			return append([]byte(line("%s %s refs/heads/b%d\x00report-status", zero, oid, n)+"0000"), a.packOf(b, oid, a.tip)...)
		}
		var ours, theirs [][]byte
		for range 200 {
			body := next()
			ours, theirs = append(ours, body), append(theirs, body)
		}
		i, j := 0, 0
		var x, y cost
		for range 20 {
			x.of(func() { a.post(b, "git-receive-pack", ours[i], false) })
			y.of(func() { copied.spawn(b, "receive-pack", theirs[j], false) })
			i, j = i+1, j+1
		}
		report(b, x, y)
	})
	b.Run("everything", func(b *testing.B) {
		body := append([]byte(line("%s %s refs/heads/work\x00report-status", zero, a.tip)+"0000"), a.packOf(b, a.tip, "")...)
		var x, y cost
		for i := range 5 {
			name := fmt.Sprintf("all-%d-%d", b.N, i)
			repo(b, a.h, name)
			x.of(func() { a.postTo(b, name, "git-receive-pack", body, false) })
			to := dir(b.TempDir())
			to.git(b, "init", "-q", "--bare")
			to.git(b, "config", "transfer.fsckObjects", "true")
			y.of(func() { to.spawn(b, "receive-pack", body, false) })
		}
		report(b, x, y)
		b.ReportMetric(float64(len(body))/1e6, "MB")
	})
}

// packOf makes the pack that a client would push.
func (a *arena) packOf(b *testing.B, tip, not string) []byte {
	cmd := a.bare.cmd("pack-objects", "--stdout", "-q", "--revs", "--thin", "--delta-base-offset")
	revs := tip + "\n"
	if not != "" {
		revs += "^" + not + "\n"
	}
	cmd.Stdin = strings.NewReader(revs)
	pack, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	return pack
}
