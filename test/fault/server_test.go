package fault

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// binary is the program under test.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "ambit-fault-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "ambit")
		build := exec.Command("go", "build", "-o", binary, "./cmd/ambit")
		build.Dir, build.Stdout, build.Stderr = "../..", os.Stderr, os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "building cmd/ambit:", err)
			return 1
		}
		return m.Run()
	}())
}

// full tells whether every place is to be tried.
var full = os.Getenv("AMBIT_FULL") != ""

// home is a data folder that is used by one server after another.
type home struct {
	t     *testing.T
	data  string
	token string
	more  []string // settings of the servers that follow
}

const repoName = "bob/fault"

// newHome makes a folder with a user, a token and a repository.
func newHome(t *testing.T) *home {
	t.Helper()
	h := &home{t: t, data: filepath.Join(t.TempDir(), "data")}
	s := h.serve()
	h.ambit("correct horse battery staple\n", "admin", "user", "create", "bob", "--password-stdin")
	var made struct{ Token string }
	if err := json.Unmarshal(h.ambit("", "token", "create", "--user", "bob", "--name", "t", "--kind", "write", "--json"), &made); err != nil {
		t.Fatal(err)
	}
	h.token = made.Token
	if a := s.do("POST", "/api/repos/create", "application/json", []byte(`{"name":"fault"}`)); a.code != 200 {
		t.Fatalf("creating the repository: %+v", a)
	}
	s.stop(syscall.SIGTERM)
	return h
}

// ambit runs a command of the operator.
func (h *home) ambit(stdin string, args ...string) []byte {
	h.t.Helper()
	cmd := exec.Command(binary, append(args, "--data", h.data)...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = env()
	var errb bytes.Buffer
	cmd.Stderr = &errb
	out, err := cmd.Output()
	if err != nil {
		h.t.Fatalf("ambit %v: %v\n%s", args, err, errb.String())
	}
	return out
}

func env() []string {
	var out []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "AMBIT_") {
			out = append(out, v)
		}
	}
	return append(out, "AMBIT_UPLOAD_PART_BYTES=5MiB")
}

// server is one running process.
type server struct {
	h    *home
	url  string
	cmd  *exec.Cmd
	pid  int // of the server itself, below a tracer
	log  logTail
	done chan error
}

// logTail keeps the end of what the server wrote.
type logTail struct {
	mu sync.Mutex // guards b
	b  []byte
}

func (l *logTail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p...)
	if n := len(l.b) - 8<<10; n > 0 {
		l.b = l.b[n:]
	}
	return len(p), nil
}

func (l *logTail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.b)
}

var readyLine = regexp.MustCompile(`is ready at (http://\S+)`)

// serve starts the server, under a tracer if one is given.
func (h *home) serve(under ...string) *server {
	h.t.Helper()
	s, err := h.launch(func(int) {}, under...)
	if err != nil {
		h.t.Fatalf("the server ended before it was ready: %v\n%s", err, &s.log)
	}
	return s
}

// launch is serve, but tells when the server ends before it is ready. started hears the id of its process, or its tracer's.
func (h *home) launch(started func(pid int), under ...string) (*server, error) {
	h.t.Helper()
	args := append(under, binary, "serve", "--data", h.data, "--listen", "127.0.0.1:0")
	s := &server{h: h, cmd: exec.Command(args[0], args[1:]...), done: make(chan error, 1)}
	s.cmd.Env = append(env(), h.more...)
	s.cmd.Stderr = &s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	started(s.cmd.Process.Pid)
	ready := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
				ready <- m[1]
			}
		}
		s.done <- s.cmd.Wait()
	}()
	select {
	case s.url = <-ready:
	case err := <-s.done:
		s.cmd = nil
		return s, err
	}
	s.pid = s.cmd.Process.Pid
	if len(under) > 0 {
		if s.pid = childOf(s.pid); s.pid == 0 {
			h.t.Fatal("the tracer has no child")
		}
	}
	h.t.Cleanup(func() { s.stop(syscall.SIGKILL) })
	return s, nil
}

// childOf returns the id of the one child of a process, 0 if it has none.
func childOf(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	child, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return child
}

// stop ends the server and waits. Stopping twice does nothing.
func (s *server) stop(sig syscall.Signal) {
	if s.cmd == nil {
		return
	}
	syscall.Kill(s.pid, sig)
	<-s.done
	s.cmd = nil
}

type answer struct {
	code   int // 0 when the connection broke
	header http.Header
	body   []byte
}

// do sends a request; a path is sent with the token, a whole URL without.
func (s *server) do(method, url, contentType string, body []byte) answer {
	path := strings.HasPrefix(url, "/")
	if path {
		url = s.url + url
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		s.h.t.Fatal(err)
	}
	if path {
		req.Header.Set("Authorization", "Bearer "+s.h.token)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}
	}
	return answer{res.StatusCode, res.Header, b}
}

// steps are the system calls after which the state on disk has changed for good or has become durable.
const steps = "fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat"

// traced is a server that strace holds still for a moment after each step: long enough to kill it there, before the
// next one begins.
type traced struct {
	*server
	seen atomic.Int64 // steps since the start
	at   atomic.Int64 // the step after which it is killed; 0 for never
}

func (h *home) serveTraced() *traced {
	h.t.Helper()
	tr, err := h.launchTraced(0)
	if err != nil {
		h.t.Fatalf("the server ended before it was ready: %v\n%s", err, &tr.log)
	}
	return tr
}

// launchTraced starts a traced server that is killed after a step, counted from its start, perhaps before it is ready.
func (h *home) launchTraced(at int64) (*traced, error) {
	h.t.Helper()
	fifo := filepath.Join(h.t.TempDir(), "steps")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		h.t.Fatal(err)
	}
	lines, err := os.OpenFile(fifo, os.O_RDWR, 0) // both ways, so that neither side waits for the other
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { lines.Close() })
	tr := &traced{}
	tr.at.Store(at)
	tracer := make(chan int, 1)
	go func() {
		pid := <-tracer
		for in := bufio.NewScanner(lines); in.Scan(); {
			if strings.Contains(in.Text(), "unfinished ...") {
				continue // its end comes on a line of its own
			}
			if tr.seen.Add(1) == tr.at.Load() {
				if child := childOf(pid); child != 0 {
					syscall.Kill(child, syscall.SIGKILL)
				}
			}
		}
	}()
	tr.server, err = h.launch(func(pid int) { tracer <- pid }, "strace", "-f", "-qq", "--seccomp-bpf", "-e", "signal=none", "-e", "trace="+steps,
		"-e", "inject="+steps+":delay_exit=20000", "-o", fifo)
	return tr, err
}

// whileFailing runs f while every one of the calls fails in the server.
func (s *server) whileFailing(calls, errno string, f func()) {
	s.h.t.Helper()
	tracer := exec.Command("strace", "-f", "-qq", "-p", strconv.Itoa(s.pid), "-e", "signal=none", "-e", "trace="+calls,
		"-e", "inject="+calls+":error="+errno, "-o", "/dev/null")
	var out bytes.Buffer
	tracer.Stderr = &out
	tracer.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := tracer.Start(); err != nil {
		s.h.t.Fatal(err)
	}
	for !s.isTraced() {
		time.Sleep(5 * time.Millisecond)
	}
	f()
	tracer.Process.Signal(syscall.SIGTERM) // it lets go of the server
	if err := tracer.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		s.h.t.Fatalf("strace: %v\n%s", err, out.String())
	}
}

// isTraced tells whether every thread of the server has a tracer.
func (s *server) isTraced() bool {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", s.pid))
	if err != nil || len(tasks) == 0 {
		s.h.t.Fatalf("the server is gone: %v\n%s", err, &s.log)
	}
	for _, f := range tasks {
		text, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(text), "TracerPid:\t0\n") {
			return false
		}
	}
	return true
}
