package main

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
	"strconv"
	"strings"
	"syscall"
	"time"
)

// hub is a server process of ours with one user and one write token.
type hub struct {
	cmd   *exec.Cmd
	url   string
	token string
	dir   string   // its data is in dir/hub
	env   []string // more of its environment
}

func ambit(args ...string) (string, error) {
	out, err := exec.Command("./ambit", args...).Output()
	if err != nil {
		var ee *exec.ExitError
		if errors.As(err, &ee) {
			return "", fmt.Errorf("ambit %s: %s", strings.Join(args, " "), ee.Stderr)
		}
		return "", err
	}
	return strings.TrimSpace(string(out)), nil
}

func startHub(dir string) (*hub, error) {
	h := &hub{dir: dir}
	if err := h.start(); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "hub")
	if _, err := ambit("admin", "user", "create", "alice", "--data", data); err != nil {
		return nil, err
	}
	token, err := ambit("token", "create", "--data", data, "--user", "alice", "--name", "bench", "--kind", "write")
	if err != nil {
		return nil, err
	}
	h.token = token[strings.LastIndexByte(token, '\n')+1:]
	return h, nil
}

// start runs the server until stop.
func (h *hub) start() error {
	log, err := os.OpenFile(filepath.Join(h.dir, "hub.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	h.url = ""
	h.cmd = exec.Command("./ambit", "serve", "--data", filepath.Join(h.dir, "hub"), "--listen", "127.0.0.1:0")
	h.cmd.Stderr = log
	h.cmd.Env = append(append(os.Environ(), unlimited...), h.env...)
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := h.cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if i := strings.Index(lines.Text(), "http://"); i >= 0 && strings.Contains(lines.Text(), "ready at") {
			h.url = strings.Fields(lines.Text()[i:])[0]
			break
		}
	}
	if h.url == "" {
		return errors.New("the hub did not start; see its log")
	}
	go io.Copy(io.Discard, out)
	return nil
}

func (h *hub) stop() {
	h.cmd.Process.Signal(syscall.SIGTERM)
	h.cmd.Wait()
}

// do sends one request with the token and fails on anything but a 2xx answer.
func (h *hub) do(method, path string, body io.Reader, header ...string) ([]byte, error) {
	req, err := http.NewRequest(method, h.url+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+h.token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %.300s", method, path, resp.Status, b)
	}
	return b, nil
}

func (h *hub) json(method, path string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	b, err = h.do(method, path, bytes.NewReader(b), "Content-Type", "application/json")
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(b, out)
}

func (h *hub) createRepo(name string, private bool) error {
	return h.json("POST", "/api/repos/create", map[string]any{"name": name, "type": "model", "private": private}, nil)
}

func (h *hub) status(field string) int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.cmd.Process.Pid))
	for _, l := range strings.Split(string(b), "\n") {
		if v, ok := strings.CutPrefix(l, field+":"); ok {
			n, _ := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

func (h *hub) rss() int64     { return h.status("VmRSS") }
func (h *hub) peakRSS() int64 { return h.status("VmHWM") }

// cpu returns the CPU time that a process has used so far.
func cpu(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+2:]))
	u, _ := strconv.ParseInt(f[11], 10, 64)
	s, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(u+s) * 10 * time.Millisecond // 100 ticks a second on Linux
}

// unlimited are the settings of a hub that answers as many requests as it can.
var unlimited = []string{
	"AMBIT_LIMITS_TOKEN_API=0", "AMBIT_LIMITS_TOKEN_RESOLVERS=0", "AMBIT_LIMITS_TOKEN_PAGES=0",
	"AMBIT_LIMITS_USER_API=0", "AMBIT_LIMITS_USER_RESOLVERS=0", "AMBIT_LIMITS_USER_PAGES=0",
	"AMBIT_LIMITS_ADDRESS_API=0", "AMBIT_LIMITS_ADDRESS_RESOLVERS=0", "AMBIT_LIMITS_ADDRESS_PAGES=0",
}
