// Package script runs the whole program by scripts that a person who knows a shell can read: testdata/*.txtar. Each
// script has an empty data folder in $AMBIT_DATA and runs the program as processes of its own. Besides the commands of
// testscript (exec, stdin, stdout, stderr, cmp, grep, cp, …) they know:
//
//	exits N COMMAND …     the command ends with exit code N
//	hub start [FLAG …] [<FILE]  run "ambit serve" on a free port, with a file as standard input, and wait until it is
//	                      ready; sets $HF_ENDPOINT; what it printed after its first line is in the file serve.out
//	hub stop              stop it with SIGTERM; it must end with exit code 0
//	hub kill              kill it with SIGKILL
//	keep NAME             set $NAME to the last line of the last standard output
//	json FIELD NAME       set $NAME to a field of the JSON object on the last standard output
//	log-has TEXT          the log of the running or stopped hub contains the text
//
// and the program http, which prints the status, some headers and the body of an answer; see http.go.
package script

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ambit-hub/ambit/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"ambit": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
		"http":  httpMain,
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("AMBIT_UPDATE_GOLDEN") != "",
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, "AMBIT_DATA="+filepath.Join(e.WorkDir, "data"), "HF_ENDPOINT=", "HF_TOKEN=", "AMBIT_HTTP_SHUTDOWN_TIMEOUT=5s")
			e.Values[hubKey{}] = &hubProcess{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "hub": hubCommand, "keep": keep, "json": jsonField, "log-has": logHas,
		},
	})
}

// exits checks an exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N COMMAND …")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func keep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keep NAME")
	}
	out := strings.TrimSpace(ts.ReadFile("stdout"))
	ts.Setenv(args[0], out[strings.LastIndex(out, "\n")+1:])
}

func jsonField(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: json FIELD NAME")
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &m); err != nil {
		ts.Fatalf("standard output is no JSON object: %v", err)
	}
	v, ok := m[args[0]]
	if !ok {
		ts.Fatalf("the JSON object has no field %q", args[0])
	}
	ts.Setenv(args[1], fmt.Sprint(v))
}

type hubKey struct{}

// hubProcess is the script's hub.
type hubProcess struct {
	cmd *exec.Cmd
	out *os.File // the read end of its standard output
	log bytes.Buffer
}

func hubCommand(ts *testscript.TestScript, neg bool, args []string) {
	h := ts.Value(hubKey{}).(*hubProcess)
	if neg || len(args) == 0 {
		ts.Fatalf("usage: hub start|stop|kill")
	}
	switch args[0] {
	case "start":
		h.start(ts, args[1:])
	case "stop":
		if err := h.end(syscall.SIGTERM); err != nil {
			ts.Fatalf("the hub did not stop cleanly: %v\n%s", err, h.log.String())
		}
	case "kill":
		h.end(syscall.SIGKILL)
	default:
		ts.Fatalf("unknown: hub %s", args[0])
	}
}

func (h *hubProcess) start(ts *testscript.TestScript, flags []string) {
	if h.cmd != nil {
		ts.Fatalf("the hub runs already")
	}
	h.cmd = exec.Command(lookPath(ts, "ambit"), "serve", "--listen", "127.0.0.1:0")
	for _, f := range flags {
		if name, ok := strings.CutPrefix(f, "<"); ok {
			h.cmd.Stdin = strings.NewReader(ts.ReadFile(name))
			continue
		}
		h.cmd.Args = append(h.cmd.Args, f)
	}
	h.cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "AMBIT_DATA", "AMBIT_ADMIN_NAME", "AMBIT_ADMIN_PASSWORD", "AMBIT_ADMIN_PASSWORD_FILE", "AMBIT_HTTP_SHUTDOWN_TIMEOUT", "AMBIT_TOKENS_MAX_LIFETIME", "AMBIT_TOKENS_LAST_USED_INTERVAL"} {
		if v := ts.Getenv(name); v != "" {
			h.cmd.Env = append(h.cmd.Env, name+"="+v)
		}
	}
	h.cmd.Stderr = &h.log
	out, in, err := os.Pipe()
	ts.Check(err)
	h.out, h.cmd.Stdout = out, in
	ts.Check(h.cmd.Start())
	in.Close()
	ts.Defer(func() { h.end(syscall.SIGKILL) })
	r := bufio.NewReader(out)
	line, err := r.ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "Ambit is ready at ")
	if err != nil || !ok {
		h.end(syscall.SIGKILL)
		ts.Fatalf("the hub did not start: %q\n%s", line, h.log.String())
	}
	ts.Setenv("HF_ENDPOINT", url)
	// The text after the line, if any, was written right after it.
	out.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	rest, _ := io.ReadAll(r)
	ts.Check(os.WriteFile(ts.MkAbs("serve.out"), rest, 0o600))
}

// end sends a signal and waits for the process.
func (h *hubProcess) end(sig syscall.Signal) error {
	if h.cmd == nil {
		return nil
	}
	err := h.cmd.Process.Signal(sig)
	err = errors.Join(err, h.cmd.Wait())
	h.out.Close()
	h.cmd = nil
	return err
}

func logHas(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: log-has TEXT")
	}
	h := ts.Value(hubKey{}).(*hubProcess)
	if h.cmd != nil {
		ts.Fatalf("stop the hub before looking into its log")
	}
	if strings.Contains(h.log.String(), args[0]) == neg {
		ts.Fatalf("the log does (not) contain %q:\n%s", args[0], h.log.String())
	}
}

// lookPath finds a program in the script's PATH.
func lookPath(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		p := filepath.Join(dir, name)
		if info, err := os.Stat(p); err == nil && info.Mode()&0o111 != 0 {
			return p
		}
	}
	ts.Fatalf("%s is not in PATH", name)
	return ""
}
