package fault

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// job is work on a repository that the operator asks for.
type job struct {
	name string
	args []string
}

var jobs = []job{
	{"gc", []string{"repo", "gc", repoName, "--now"}},
	{"repack", []string{"repo", "repack", repoName}},
}

// litter leaves garbage behind: a branch with a file of its own that is deleted again.
func (s *server) litter(n int) {
	s.h.t.Helper()
	branch := fmt.Sprintf("/api/models/%s/branch/litter-%d", repoName, n)
	if a := s.do("POST", branch, "application/json", []byte(`{}`)); a.code/100 != 2 {
		s.h.t.Fatalf("making a branch: %d %s", a.code, a.body)
	}
	text := strings.Repeat(fmt.Sprintf("garbage %d ", n), 500)
	body := fmt.Sprintf(`{"key":"header","value":{"summary":"litter"}}`+"\n"+`{"key":"file","value":{"path":"litter.txt","content":%q}}`+"\n", text)
	if a := s.do("POST", fmt.Sprintf("/api/models/%s/commit/litter-%d", repoName, n), "application/x-ndjson", []byte(body)); a.code/100 != 2 {
		s.h.t.Fatalf("committing garbage: %d %s", a.code, a.body)
	}
	if a := s.do("DELETE", branch, "", nil); a.code/100 != 2 {
		s.h.t.Fatalf("deleting a branch: %d %s", a.code, a.body)
	}
}

// do runs a job, and tells whether it was acknowledged.
func (j job) do(h *home) (bool, string) {
	cmd := exec.Command(binary, append(j.args, "--data", h.data)...)
	cmd.Env = env()
	out, err := cmd.CombinedOutput()
	return err == nil, string(out)
}

// The server is killed after each step of each job on a repository. Nothing that was acknowledged before is lost, and
// the next job does its work.
func TestKilledWhileRepositoriesAreKept(t *testing.T) {
	for _, j := range jobs {
		t.Run(j.name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t)
			var all []*done
			round := 0
			kill := func(step int64) int64 {
				t.Helper()
				round++
				s := h.serve()
				for _, d := range deeds[:2] { // a pack in the database and one in a file
					all = append(all, d.try(s, round))
				}
				s.litter(round)
				s.stop(syscall.SIGTERM)
				tr := h.serveTraced()
				before := tr.seen.Load()
				if step > 0 {
					tr.at.Store(before + step)
				}
				ok, out := j.do(h)
				if step == 0 && !ok {
					t.Errorf("not acknowledged by a server that nobody killed: %s\n%s", out, &tr.log)
				}
				taken := tr.seen.Load() - before
				tr.stop(syscall.SIGKILL)
				h.check(all)
				return taken
			}
			atEachPlace(t, kill)
			s := h.serve()
			for _, j := range jobs {
				if ok, out := j.do(h); !ok {
					t.Errorf("%s afterwards: %s\n%s", j.name, out, &s.log)
				}
			}
			if out := h.ambit("", "repo", "verify", repoName); !strings.Contains(string(out), "0 problems") {
				t.Errorf("%s", out)
			}
			s.stop(syscall.SIGTERM)
			h.check(all)
		})
	}
}

// Jobs on a disk that is full or dying change nothing, and work once it is well again.
func TestDiskFailsWhileRepositoriesAreKept(t *testing.T) {
	for _, c := range []struct{ name, calls, errno string }{
		{"full, sync", "fsync,fdatasync", "ENOSPC"},
		{"dying, rename", "renameat2,rename,renameat,linkat,link", "EIO"},
		{"dying, sync", "fsync,fdatasync", "EIO"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHome(t)
			s := h.serve()
			var all []*done
			for _, d := range deeds[:2] {
				all = append(all, d.try(s, 0))
			}
			s.litter(0)
			s.whileFailing(c.calls, c.errno, func() {
				for _, j := range jobs {
					j.do(h)
				}
			})
			for _, j := range jobs {
				if ok, out := j.do(h); !ok {
					t.Errorf("%s when the disk is well: %s\n%s", j.name, out, &s.log)
				}
			}
			s.stop(syscall.SIGTERM)
			h.check(all)
		})
	}
}
