package compat

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// root is the top of the work tree, scratch a folder that is deleted when all tests have run, and binary the
// program under test.
var root, scratch, binary string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	var err error
	if root, err = filepath.Abs("../.."); err != nil {
		log.Print(err)
		return 1
	}
	if scratch, err = os.MkdirTemp("", "ambit-compat-"); err != nil {
		log.Print(err)
		return 1
	}
	defer os.RemoveAll(scratch)
	binary = filepath.Join(scratch, "ambit")
	build := exec.Command("go", "build", "-o", binary, "./cmd/ambit")
	build.Dir, build.Stdout, build.Stderr = root, os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		log.Printf("building cmd/ambit: %v", err)
		return 1
	}
	defer func() {
		if shared != nil {
			shared.stop(syscall.SIGTERM)
		}
	}()
	return m.Run()
}

// hub is a running server and the folder with all its state.
type hub struct {
	data string
	url  string
	cmd  *exec.Cmd
	logs *tail
	done chan error
	// tokens holds the plain tokens of the people by "person kind", such as "bob write"; see populate.
	tokens map[string]token
}

var (
	shared     *hub
	sharedOnce sync.Once
	errShared  error
)

// theHub returns the server that most tests share. Tests keep out of each other's way by using repositories of their own.
func theHub(t *testing.T) *hub {
	t.Helper()
	sharedOnce.Do(func() {
		shared, errShared = startHub(filepath.Join(scratch, "shared"))
		if errShared == nil {
			errShared = shared.populate()
		}
	})
	if errShared != nil {
		t.Fatal(errShared)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("end of the server's log:\n%s", shared.logs.String())
		}
	})
	return shared
}

// startHub starts `ambit serve` over the given folder and waits until it says that it is ready. The caller stops it.
// under, if given, is a command that runs the server, such as a tracer.
func startHub(data string, under ...string) (*hub, error) { return startHubWith(data, nil, under...) }

// startHubWith is startHub with further flags of `ambit serve`.
func startHubWith(data string, flags []string, under ...string) (*hub, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	h := &hub{data: data, logs: &tail{max: 6 << 10}, done: make(chan error, 1), tokens: map[string]token{}}
	args := append(under, binary, "serve", "--data", data, "--listen", "127.0.0.1:0")
	args = append(args, flags...)
	h.cmd = exec.Command(args[0], args[1:]...)
	h.cmd.Env = cleanEnv()
	h.cmd.Stderr = h.logs
	// The server must not outlive the tests, whatever ends them.
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := h.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
				ready <- m[1]
			}
			fmt.Fprintln(h.logs, lines.Text())
		}
		h.done <- h.cmd.Wait()
	}()
	select {
	case h.url = <-ready:
		return h, nil
	case err := <-h.done:
		return nil, fmt.Errorf("the server ended before it was ready: %v\n%s", err, h.logs)
	case <-time.After(time.Minute):
		h.stop(syscall.SIGKILL)
		return nil, fmt.Errorf("the server did not say it was ready\n%s", h.logs)
	}
}

var readyLine = regexp.MustCompile(`is ready at (http://\S+)`)

// stop sends the signal and waits for the process to end.
func (h *hub) stop(sig syscall.Signal) error {
	if h.cmd == nil {
		return nil
	}
	h.cmd.Process.Signal(sig)
	select {
	case err := <-h.done:
		h.cmd = nil
		return err
	case <-time.After(time.Minute):
		h.cmd.Process.Kill()
		err := <-h.done
		h.cmd = nil
		return errors.Join(errors.New("the server did not stop within a minute"), err)
	}
}

// ambit runs the command line against this hub's folder and returns its standard output.
func (h *hub) ambit(stdin string, args ...string) ([]byte, error) {
	cmd := exec.Command(binary, append(args, "--data", h.data)...)
	cmd.Env = cleanEnv()
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("ambit %s: %v\n%s%s", strings.Join(args, " "), err, &out, &errs)
	}
	return out.Bytes(), nil
}

// token is what `ambit token create --json` prints, as far as tests need it.
type token struct {
	ID    string `json:"id"`
	Value string `json:"token"`
}

// newToken issues a token. Flags are those of `ambit token create` beside --user and --name.
func (h *hub) newToken(user string, flags ...string) (token, error) {
	args := append([]string{"token", "create", "--user", user, "--name", user + " test", "--json"}, flags...)
	out, err := h.ambit("", args...)
	if err != nil {
		return token{}, err
	}
	var tok token
	if err := json.Unmarshal(out, &tok); err != nil || tok.ID == "" || tok.Value == "" {
		return token{}, fmt.Errorf("ambit token create printed %q: %v", out, err)
	}
	return tok, nil
}

// token is newToken for a running test.
func (h *hub) token(t *testing.T, user string, flags ...string) token {
	t.Helper()
	tok, err := h.newToken(user, flags...)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// cleanEnv is the environment without anything that would tell a program of an endpoint, a token or a cache.
func cleanEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch {
		case strings.HasPrefix(name, "HF_"), strings.HasPrefix(name, "HUGGING"), strings.HasPrefix(name, "AMBIT_"),
			strings.HasPrefix(name, "XDG_"), strings.HasPrefix(name, "TRANSFORMERS"), strings.HasSuffix(strings.ToLower(name), "_proxy"):
		default:
			env = append(env, kv)
		}
	}
	return env
}

// tail keeps the last max bytes written to it. Safe for concurrent use.
type tail struct {
	mu  sync.Mutex
	buf []byte
	max int
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if extra := len(t.buf) - t.max; extra > 0 {
		t.buf = append(t.buf[:0], t.buf[extra:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}

var _ io.Writer = (*tail)(nil)
