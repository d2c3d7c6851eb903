package compat

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// A step is a system call after which the state on disk has changed for good, or after which it has become durable.
const steps = "fsync,fdatasync,sync_file_range,rename,renameat,renameat2,link,linkat,unlink,unlinkat"

// traced is a server under strace, which holds the server still for a moment after each step: long enough to kill it
// there, before it can begin the next one.
type traced struct {
	*hub
	server int          // its process id; the hub's command is the tracer
	seen   atomic.Int64 // steps since the server said that it was ready
	kill   atomic.Int64 // the step after which it is killed; 0 for never
}

func startTraced(t *testing.T, data string) *traced {
	t.Helper()
	fifo := filepath.Join(t.TempDir(), "steps")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	// Opened for reading and writing, so that neither side waits for the other.
	lines, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lines.Close() })
	h, err := startHub(data, "strace", "-f", "-qq", "--seccomp-bpf", "-e", "signal=none",
		"-e", "trace="+steps, "-e", "inject="+steps+":delay_exit=15000", "-o", fifo,
		"setpriv", "--pdeathsig", "KILL") // so that the server does not outlive its tracer
	if err != nil {
		t.Fatal(err)
	}
	server, err := childOf(h.cmd.Process.Pid)
	if err != nil {
		h.stop(syscall.SIGKILL)
		t.Fatal(err)
	}
	tr := &traced{hub: h, server: server}
	go func() {
		for in := bufio.NewScanner(lines); in.Scan(); {
			if strings.Contains(in.Text(), "unfinished ...") {
				continue // its end comes on a line of its own
			}
			if n := tr.seen.Add(1); n == tr.kill.Load() {
				syscall.Kill(server, syscall.SIGKILL)
			}
		}
	}()
	return tr
}

// childOf returns the only child of a process.
func childOf(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// deed is something a client does that must survive a crash whole or not at all.
type deed struct {
	name string
	// do performs it and tells whether the server acknowledged it.
	do func(c *client) (bool, error)
	// check looks at a server that was started again. acknowledged tells whether do returned true.
	check func(t *testing.T, c *client, acknowledged bool)
}

const crashRepo = "bob/crash"

// commitDeed commits one file of the given size. Small packs lie in a row, larger ones in a file of their own.
func commitDeed(name string, size int) deed {
	var text strings.Builder
	for i := 0; text.Len() < size; i++ { // digests do not compress well, so that a big file makes a big pack
		fmt.Fprintln(&text, digest(name+strconv.Itoa(i)))
	}
	content := text.String()
	return deed{
		name: name,
		do: func(c *client) (bool, error) {
			got, err := c.try(http.MethodPost, api("model", crashRepo)+"/commit/main",
				strings.NewReader(ndjson(header(name), file("crash/"+name, content))), ndjsonHeader)
			return err == nil && got.status == http.StatusOK, unlessRefused(got, err)
		},
		check: func(t *testing.T, c *client, acknowledged bool) {
			got := c.get(t, "/"+crashRepo+"/resolve/main/crash/"+name)
			switch {
			case got.status == http.StatusOK && string(got.body) == content:
			case got.status == http.StatusNotFound && got.header.Get("X-Error-Code") == "EntryNotFound" && !acknowledged:
			default:
				t.Errorf("acknowledged %v, and the file has status %d and %d of %d bytes", acknowledged, got.status, len(got.body), len(content))
			}
		},
	}
}

// uploadDeed uploads one large file by the basic transfer, without committing it.
func uploadDeed() deed {
	content := strings.Repeat("large ", 100_000)
	oid := digest(content)
	return deed{
		name: "upload",
		do: func(c *client) (bool, error) {
			got, err := c.try(http.MethodPost, "/"+crashRepo+".git/info/lfs/objects/batch", strings.NewReader(fmt.Sprintf(
				`{"operation":"upload","transfers":["basic"],"objects":[{"oid":%q,"size":%d}]}`, oid, len(content))), lfsHeader)
			if err != nil || got.status != http.StatusOK {
				return false, unlessRefused(got, err)
			}
			_, after, ok := strings.Cut(string(got.body), `"href":"`)
			if !ok {
				return true, nil // the object is there already
			}
			href, _, _ := strings.Cut(after, `"`)
			href = strings.ReplaceAll(href, `\u0026`, "&")
			got, err = c.h.as("").try(http.MethodPut, strings.TrimPrefix(href, c.h.url), strings.NewReader(content), nil)
			return err == nil && got.status < 300, unlessRefused(got, err)
		},
		check: func(t *testing.T, c *client, acknowledged bool) {
			object := c.batch(t, "upload", "model", crashRepo, oid, len(content))
			upload, missing := object.Actions["upload"]
			if missing && acknowledged {
				t.Error("an acknowledged upload is gone")
			}
			if missing {
				c.postCommit(t, "model", crashRepo, ndjson(header("too early"), lfsFile("large.bin", oid, len(content)))).
					refused(t, "committing an object that is not there", http.StatusUnprocessableEntity, http.StatusBadRequest)
				c.put(t, upload, strings.NewReader(content)).want(t, "uploading again", http.StatusOK, http.StatusCreated, http.StatusNoContent)
			}
			c.commit(t, "model", crashRepo, lfsFile("large.bin", oid, len(content)))
			if got := c.get(t, "/"+crashRepo+"/resolve/main/large.bin"); string(got.body) != content {
				t.Errorf("the file has status %d and %d of %d bytes", got.status, len(got.body), len(content))
			}
		},
	}
}

// unlessRefused passes a refusal on; a connection that broke is what a killed server looks like.
func unlessRefused(got answer, err error) error {
	if err == nil && got.status >= 400 {
		return fmt.Errorf("status %d: %s", got.status, got.body)
	}
	return nil
}

// The server is killed with SIGKILL after each fsync, rename and the like of a commit and of an upload, and started again: what it
// had acknowledged is there, what it had not is there whole or not at all, and the same can be done again.
func TestKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	template := filepath.Join(t.TempDir(), "template")
	h, err := startHub(template)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.ambit("correct horse battery staple\n", "admin", "user", "create", "bob", "--password-stdin"); err != nil {
		t.Fatal(err)
	}
	bob := h.token(t, "bob", "--kind", "write").Value
	h.as(bob).createRepo(t, crashRepo, true)
	if err := h.stop(syscall.SIGTERM); err != nil {
		t.Fatalf("stopping in peace: %v\n%s", err, h.logs)
	}

	for _, d := range []deed{commitDeed("small", 1000), commitDeed("big", 300_000), uploadDeed()} {
		t.Run(d.name, func(t *testing.T) {
			total := killedRun(t, template, bob, d, 0)
			if total == 0 {
				t.Fatal("no step was seen: is strace allowed to trace here?")
			}
			t.Logf("%d steps", total)
			for n := int64(1); n <= total; n++ {
				t.Run(fmt.Sprintf("step %d of %d", n, total), func(t *testing.T) { killedRun(t, template, bob, d, n) })
			}
		})
	}
}

// killedRun does the deed on a fresh copy of the folder, kills the server after step n (0: in peace), starts it again and checks.
// It returns the number of steps that the deed took.
func killedRun(t *testing.T, template, token string, d deed, n int64) int64 {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	if out, err := exec.Command("cp", "-a", template, data).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v: %s", err, out)
	}
	tr := startTraced(t, data)
	before := tr.seen.Load()
	if n > 0 {
		tr.kill.Store(before + n)
	}
	acknowledged, err := d.do(tr.as(token))
	if err != nil {
		t.Errorf("refused: %v", err)
	}
	taken := tr.seen.Load() - before
	if n == 0 {
		if !acknowledged {
			t.Errorf("not acknowledged by a server that nobody killed\n%s", tr.logs)
		}
	}
	syscall.Kill(tr.server, syscall.SIGKILL) // if it has not died at its step
	tr.stop(0)                               // the tracer ends by itself

	again, err := startHub(data)
	if err != nil {
		t.Fatalf("starting again: %v", err)
	}
	defer func() {
		if err := again.stop(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("stopping: %v\n%s", err, again.logs)
		}
	}()
	c := again.as(token)
	d.check(t, c, acknowledged)
	if ok, err := d.do(c); err != nil || !ok {
		t.Errorf("doing it again: acknowledged %v, %v", ok, err)
	}
	d.check(t, c, true)
	return taken
}
