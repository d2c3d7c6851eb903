package fault

import (
	"syscall"
	"testing"
	"time"
)

// The server is killed after each step of its life while it turns a file that came by LFS into chunks, from its start on.
// The file is there all the time, in one form or the other, and in the end it is chunks and its piece is gone.
func TestKilledWhileFilesAreChunked(t *testing.T) {
	h := newHome(t)
	var all []*done
	kill := func(step int64) int64 {
		t.Helper()
		h.more = nil
		s := h.serve()
		d := deeds[2].try(s, len(all))
		if all = append(all, d); !d.committed {
			t.Fatalf("the file was refused with %d\n%s", d.refused, &s.log)
		}
		s.stop(syscall.SIGTERM)
		h.more = []string{"AMBIT_CHUNKS_AFTER=1ms", "AMBIT_SWEEP_EVERY=1s"}
		tr, err := h.launchTraced(step)
		if err == nil {
			if chunked := tr.chunked(d); !chunked && step == 0 {
				t.Errorf("the file was not chunked\n%s", &tr.log)
			}
		}
		taken := tr.seen.Load()
		tr.stop(syscall.SIGKILL)
		h.check(all)
		return taken
	}
	atEachPlace(t, kill)
	s := h.serve() // goes on with what was left
	for _, d := range all {
		if !s.chunked(d) {
			t.Errorf("%s was never chunked\n%s", d.path, &s.log)
		}
	}
	s.stop(syscall.SIGTERM)
	h.check(all)
}

// chunked waits until a file is offered as chunks, and tells whether that came to be; not if the server is killed.
func (s *server) chunked(d *done) bool {
	for range 300 {
		a := s.do("HEAD", "/"+repoName+"/resolve/main/"+d.path, "", nil)
		if a.code == 0 {
			return false
		}
		if a.header.Get("X-Xet-Hash") != "" {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}
