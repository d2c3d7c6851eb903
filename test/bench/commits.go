package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"time"
)

// content makes a small text file that does not compress to nothing.
func content(rng *rand.Rand) []byte {
	var b bytes.Buffer
	for b.Len() < 700 {
		fmt.Fprintf(&b, "%08x line of some text\n", rng.Uint32())
	}
	return b.Bytes()[:700]
}

// change is one commit of n files below a folder of their own.
type change struct {
	paths []string
	files [][]byte
}

func newChange(rng *rand.Rand, folder string, n int) change {
	var c change
	for i := range n {
		c.paths = append(c.paths, fmt.Sprintf("%s/%02d/f%05d.txt", folder, i%100, i))
		c.files = append(c.files, content(rng))
	}
	return c
}

func (c change) ndjson(summary string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"key\":\"header\",\"value\":{\"summary\":%q}}\n", summary)
	for i, p := range c.paths {
		fmt.Fprintf(&b, "{\"key\":\"file\",\"value\":{\"path\":%q,\"encoding\":\"base64\",\"content\":%q}}\n", p, base64.StdEncoding.EncodeToString(c.files[i]))
	}
	return b.Bytes()
}

func (c change) fastImport(w io.Writer, first bool) {
	fmt.Fprintf(w, "commit refs/heads/main\ncommitter a <a@b.c> %d +0000\ndata 1\nx\n", time.Now().Unix())
	if !first {
		fmt.Fprint(w, "from refs/heads/main^0\n")
	}
	for i, p := range c.paths {
		fmt.Fprintf(w, "M 100644 inline %s\ndata %d\n", p, len(c.files[i]))
		w.Write(c.files[i])
		fmt.Fprint(w, "\n")
	}
}

// fastImport runs git fast-import with fsync, as durable as our own commit.
func fastImport(dir string, c change, first bool) error {
	var in bytes.Buffer
	c.fastImport(&in, first)
	cmd := exec.Command("git", "-c", "core.fsync=all", "-c", "core.fsyncMethod=fsync", "-C", dir, "fast-import", "--quiet")
	cmd.Stdin = &in
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git fast-import: %v: %s", err, out)
	}
	return nil
}

func (h *hub) commit(repo string, c change) error {
	_, err := h.do("POST", "/api/models/alice/"+repo+"/commit/main", bytes.NewReader(c.ndjson("bench")), "Content-Type", "application/x-ndjson")
	return err
}

// fill brings a repository of ours and one of git's to n files with the same content.
func (h *hub) fill(repo, gitDir string, rng *rand.Rand, n int) error {
	if err := h.createRepo(repo, true); err != nil {
		return err
	}
	if gitDir != "" {
		if out, err := exec.Command("git", "init", "-q", "--bare", "-b", "main", gitDir).CombinedOutput(); err != nil {
			return fmt.Errorf("git init: %s", out)
		}
	}
	const batch = 10000
	for i := 0; i < n; i += batch {
		c := newChange(rng, fmt.Sprintf("base/%d", i/batch), min(batch, n-i))
		if err := h.commit(repo, c); err != nil {
			return err
		}
		if gitDir != "" {
			if err := fastImport(gitDir, c, i == 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// benchCommits compares commits over HTTP, JSON included, with git fast-import of the same files on a
// repository of 50,000 files.
func benchCommits(h *hub, r *report, rounds int) error {
	rng := rand.New(rand.NewPCG(1, 2))
	gitDir := filepath.Join(h.dir, "anchor.git")
	if err := h.fill("commits", gitDir, rng, 50000); err != nil {
		return err
	}
	if out, err := exec.Command("git", "-C", gitDir, "repack", "-adq").CombinedOutput(); err != nil {
		return fmt.Errorf("git repack: %s", out)
	}
	for _, s := range []struct {
		files, rounds int
		bar           float64
	}{{1, 20 * rounds, 0.75}, {100, 4 * rounds, 0.75}, {10000, rounds, 0.25}} {
		var ours, theirs []time.Duration
		for i := range s.rounds {
			c := newChange(rng, fmt.Sprintf("new/%d-%d", s.files, i), s.files)
			d, err := timed(func() error { return h.commit("commits", c) })
			if err != nil {
				return err
			}
			ours = append(ours, d)
			if d, err = timed(func() error { return fastImport(gitDir, c, false) }); err != nil {
				return err
			}
			theirs = append(theirs, d)
		}
		o, t := median(ours), median(theirs)
		r.atMost(fmt.Sprintf("commit of %d files on 50,000", s.files), o.Round(10*time.Microsecond).String(), t.Round(10*time.Microsecond).String()+" git fast-import", o.Seconds()/t.Seconds(), s.bar)
		if s.files == 1 {
			p99 := percentile(ours, 0.99)
			r.figure("commit of 1 file, p50 and p99", fmt.Sprintf("%v, %v", o.Round(10*time.Microsecond), p99.Round(10*time.Microsecond)), "≤ 5ms, ≤ 20ms", o <= 5*time.Millisecond && p99 <= 20*time.Millisecond)
		}
	}
	return nil
}

// benchTree asks for pages of 1,000 entries and for 100 paths of a repository of 100,000 files, and compares
// a small commit on it with one on 2,000 files.
func benchTree(h *hub, r *report, rounds int) error {
	rng := rand.New(rand.NewPCG(3, 4))
	if err := h.fill("large", "", rng, 100000); err != nil {
		return err
	}
	if err := h.fill("small", "", rng, 2000); err != nil {
		return err
	}
	first, err := timed(func() error {
		_, err := h.do("GET", "/api/models/alice/large/tree/main?recursive=true&expand=false", nil)
		return err
	})
	if err != nil {
		return err
	}
	r.figure("tree: first page after the commits", first.Round(10*time.Microsecond).String(), "reported", true)
	var page, paths []time.Duration
	for range 20 * rounds {
		d, err := timed(func() error {
			_, err := h.do("GET", "/api/models/alice/large/tree/main?recursive=true&expand=false", nil)
			return err
		})
		if err != nil {
			return err
		}
		page = append(page, d)
		var ask struct {
			Paths  []string `json:"paths"`
			Expand bool     `json:"expand"`
		}
		for range 100 {
			n := rng.IntN(10000)
			ask.Paths = append(ask.Paths, fmt.Sprintf("base/%d/%02d/f%05d.txt", rng.IntN(10), n%100, n))
		}
		var got []any
		if d, err = timed(func() error { return h.json("POST", "/api/models/alice/large/paths-info/main", ask, &got) }); err != nil {
			return err
		}
		if len(got) != 100 {
			return fmt.Errorf("paths-info gave %d of 100 paths", len(got))
		}
		paths = append(paths, d)
	}
	p50, p99 := percentile(page, 0.5), percentile(page, 0.99)
	r.figure("tree page of 1,000 on 100,000 files, p50 and p99", fmt.Sprintf("%v, %v", p50.Round(10*time.Microsecond), p99.Round(10*time.Microsecond)), "≤ 3ms, ≤ 10ms", p50 <= 3*time.Millisecond && p99 <= 10*time.Millisecond)
	pp := percentile(paths, 0.5)
	r.figure("100 paths of 100,000, p50", pp.Round(10*time.Microsecond).String(), "≤ 3ms", pp <= 3*time.Millisecond)
	var onLarge, onSmall []time.Duration
	for i := range 20 * rounds {
		c := newChange(rng, fmt.Sprintf("one/%d", i), 1)
		d, err := timed(func() error { return h.commit("large", c) })
		if err != nil {
			return err
		}
		onLarge = append(onLarge, d)
		if d, err = timed(func() error { return h.commit("small", c) }); err != nil {
			return err
		}
		onSmall = append(onSmall, d)
	}
	l, s := median(onLarge), median(onSmall)
	r.atMost("commit of 1 file on 100,000", l.Round(10*time.Microsecond).String(), s.Round(10*time.Microsecond).String()+" on 2,000 files", l.Seconds()/s.Seconds(), 1.3)
	return nil
}
