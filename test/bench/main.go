// Command bench measures a running hub beside anchors that run in the same minute on the same machine, and
// prints ratios. It starts everything itself: the hub from ./ambit, nginx, git.
//
//	go run ./test/bench [-size 1024] [-rounds 5] [-run git,download,…]
//
// Absolute figures depend on the machine; the ratios are what the bars are about.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
)

// line is one row of the report.
type line struct {
	what   string // the thing measured
	ours   string // our figure
	anchor string // the anchor's figure and what it is
	ratio  float64
	bar    string // what the ratio must be, for people
	met    bool
}

type report struct{ lines []line }

// atMost adds a ratio that should be at most bar.
func (r *report) atMost(what, ours, anchor string, ratio, bar float64) {
	r.lines = append(r.lines, line{what, ours, anchor, ratio, fmt.Sprintf("≤ %.2f", bar), ratio <= bar})
}

// atLeast adds a ratio that should be at least bar.
func (r *report) atLeast(what, ours, anchor string, ratio, bar float64) {
	r.lines = append(r.lines, line{what, ours, anchor, ratio, fmt.Sprintf("≥ %.2f", bar), ratio >= bar})
}

// figure adds a figure without an anchor.
func (r *report) figure(what, ours, bar string, met bool) {
	r.lines = append(r.lines, line{what: what, ours: ours, bar: bar, met: met})
}

func (r *report) print() {
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "what\tours\tanchor\tratio\tbar\t")
	for _, l := range r.lines {
		ratio, verdict := "", "met"
		if l.anchor != "" {
			ratio = fmt.Sprintf("%.3f", l.ratio)
		}
		if !l.met {
			verdict = "MISSED"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", l.what, l.ours, l.anchor, ratio, l.bar, verdict)
	}
	w.Flush()
}

func main() {
	size := flag.Int64("size", 1024, "size of the large file in MiB")
	rounds := flag.Int("rounds", 5, "interleaved rounds of each measurement")
	only := flag.String("run", "", "comma-separated sections to run: requests, download, upload, commits, tree, git, xet, audit, field, nodes, hostile (default: all); git/clones and the like for parts of it")
	goals := flag.Bool("goals", false, "gather the goals in the output of Go benchmarks, read from standard input, into a table")
	if len(os.Args) == 3 && os.Args[1] == spawnServer {
		fmt.Fprintln(os.Stderr, "bench:", serveSpawning(os.Args[2]))
		os.Exit(1)
	}
	flag.Parse()
	if *goals {
		if err := goalsOf(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(*size<<20, *rounds, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(size int64, rounds int, only string) error {
	dir, err := os.MkdirTemp("", "ambit-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	h, err := startHub(dir)
	if err != nil {
		return err
	}
	defer h.stop()
	rep := &report{}
	idle := h.rss()
	rep.figure("resident memory, idle", fmt.Sprintf("%.0f MB", float64(idle)/1e6), "≤ 60 MB", idle <= 60e6)
	for _, s := range []struct {
		name string
		run  func(*hub, *report) error
	}{
		{"requests", func(h *hub, r *report) error { return benchRequests(h, r, rounds) }},
		{"commits", func(h *hub, r *report) error { return benchCommits(h, r, rounds) }},
		{"tree", func(h *hub, r *report) error { return benchTree(h, r, rounds) }},
		{"git", func(h *hub, r *report) error { return benchGit(h, r, rounds, only) }},
		{"upload", func(h *hub, r *report) error { return benchUpload(h, r, size, rounds) }},
		{"download", func(h *hub, r *report) error { return benchDownload(h, r, size, rounds) }},
		{"xet", func(h *hub, r *report) error { return benchXet(h, r, size, rounds) }},
		{"audit", func(h *hub, r *report) error { return benchAudit(h, r, rounds) }},
		{"field", func(h *hub, r *report) error { return benchField(h, r, rounds) }},
		{"nodes", func(h *hub, r *report) error { return benchNodes(h, r) }},
		{"hostile", func(h *hub, r *report) error { return benchHostile(h, r, rounds) }},
	} {
		if !chosen(only, s.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring", s.name)
		if err := s.run(h, rep); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	rep.figure("resident memory, most", fmt.Sprintf("%.0f MB", float64(h.peakRSS())/1e6), "reported", true)
	rep.print()
	return nil
}

// chosen tells whether a section is to run, or a part of one: section/part.
func chosen(only, name string) bool {
	section, part, _ := strings.Cut(name, "/")
	for _, o := range strings.Split(only, ",") {
		s, p, _ := strings.Cut(o, "/")
		if only == "" || s == section && (p == "" || part == "" || p == part) {
			return true
		}
	}
	return false
}
