package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// gitEnv is the environment of every git here: none of the settings of the machine or of whoever runs this.
func gitEnv(home string) []string {
	return append(os.Environ(), "HOME="+home, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
}

// gitDir is a bare repository of git's own.
type gitDir string

func (d gitDir) cmd(args ...string) *exec.Cmd {
	cmd := exec.Command("git", append([]string{"-C", string(d)}, args...)...)
	cmd.Env = gitEnv(filepath.Dir(string(d)))
	return cmd
}

func runGit(cmd *exec.Cmd) (string, error) {
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %.500s", strings.Join(cmd.Args, " "), err, errs.String())
	}
	return strings.TrimSpace(string(out)), nil
}

func (d gitDir) git(args ...string) (string, error) { return runGit(d.cmd(args...)) }

// newBare makes a bare repository that checks what is pushed to it, as a hub must.
func newBare(path string) (gitDir, error) {
	d := gitDir(path)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return d, err
	}
	if _, err := d.git("init", "-q", "--bare", "-b", "main"); err != nil {
		return d, err
	}
	for _, kv := range []string{"transfer.fsckObjects=true", "uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true", "http.receivepack=true"} {
		k, v, _ := strings.Cut(kv, "=")
		if _, err := d.git("config", k, v); err != nil {
			return d, err
		}
	}
	return d, nil
}

// shape is a history to be made, the same each time: files in folders of folders, some of which each commit changes.
type shape struct {
	name    string
	commits int
	outer   int // folders at the top
	inner   int // folders in each
	files   int // files in each of those
	changes int // files that one commit after the first changes
}

// The repositories of the measurements: a small one with a long history and a large one with a short one.
var (
	shapeS = shape{name: "small", commits: 500, outer: 20, inner: 10, files: 10, changes: 5}
	shapeL = shape{name: "large", commits: 20, outer: 100, inner: 10, files: 50, changes: 850}
)

// text writes a file: lines of its own, of which version number v has one more that is new.
func (s shape) text(w io.Writer, file, version int) {
	rng := rand.New(rand.NewPCG(uint64(file), 7))
	lines := make([]uint32, 60+rng.IntN(130))
	for i := range lines {
		lines[i] = rng.Uint32()
	}
	for v := range version {
		lines[(v*17)%len(lines)] = rng.Uint32() + uint32(v)
	}
	var b bytes.Buffer
	for _, l := range lines {
		fmt.Fprintf(&b, "%08x line of some text\n", l)
	}
	fmt.Fprintf(w, "data %d\n%s\n", b.Len(), b.Bytes())
}

// feed writes the history for git fast-import.
func (s shape) feed(w io.Writer) {
	rng := rand.New(rand.NewPCG(uint64(s.commits), 9))
	total := s.outer * s.inner * s.files
	version := make([]int, total)
	for c := range s.commits {
		fmt.Fprintf(w, "commit refs/heads/main\ncommitter C <c@example.org> %d +0000\ndata 2\nm\n\n", 1_600_000_000+c*3600)
		change := func(f int) {
			fmt.Fprintf(w, "M 100644 inline d%02d/e%d/f%02d.txt\n", f/s.files/s.inner, f/s.files%s.inner, f%s.files)
			s.text(w, f, version[f])
			version[f]++
		}
		if c == 0 {
			for f := range total {
				change(f)
			}
			continue
		}
		for range s.changes {
			change(rng.IntN(total))
		}
	}
}

// build makes the history in a bare repository, packed as tightly and indexed as well as git can.
func (s shape) build(root string) (gitDir, error) {
	d, err := newBare(filepath.Join(root, s.name))
	if err != nil {
		return d, err
	}
	cmd := d.cmd("fast-import", "--quiet")
	in, err := cmd.StdinPipe()
	if err != nil {
		return d, err
	}
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		return d, err
	}
	w := bufio.NewWriterSize(in, 1<<20)
	s.feed(w)
	ferr := errors.Join(w.Flush(), in.Close())
	if err := errors.Join(cmd.Wait(), ferr); err != nil {
		return d, fmt.Errorf("git fast-import: %w: %.500s", err, errs.String())
	}
	_, err = d.git("repack", "-adfbq")
	return d, err
}

// authorized are arguments of git that make it use the hub's token from the first request on.
func (h *hub) authorized() []string {
	return []string{"-c", "http.extraHeader=Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("alice:"+h.token))}
}

// push pushes refs to a server, with the token if it is the hub.
func (d gitDir) push(auth []string, url string, refs ...string) error {
	_, err := d.git(append(append(auth[:len(auth):len(auth)], "push", "-q", url), refs...)...)
	return err
}
