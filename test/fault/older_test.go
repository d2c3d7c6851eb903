package fault

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The database is put back to an older state, beside bytes that have gone on since: clients are sent to an address under
// which they remember nothing, what is gone is not said to be there and can be sent again, and what came since is not left lying.
func TestOlderDatabase(t *testing.T) {
	h := newHome(t)
	xet := deed{name: "by-xet", size: 300_000, large: true, xet: true}
	s := h.serve()
	first := xet.try(s, 0)
	_, then := s.connect()
	s.stop(syscall.SIGTERM)
	older := h.database()

	s = h.serve()
	later := xet.try(s, 1)
	if _, now := s.connect(); !first.committed || !later.committed || now.path() != then.path() {
		t.Fatalf("before: %v %v, %s and %s", first.refused, later.refused, then.CasURL, now.CasURL)
	}
	s.stop(syscall.SIGTERM)
	h.putBack(older)
	p := first.packed(t)
	name := p.Xorb.String()
	if err := os.Remove(filepath.Join(h.data, "blobs", "xorb", name[:2], name[2:4], name)); err != nil {
		t.Fatal(err) // as if it had been swept since
	}

	s = h.serve()
	_, to := s.connect()
	if to.path() == then.path() || !strings.Contains(s.log.String(), "not as old as the stored bytes") {
		t.Errorf("the older database was not noticed: %s\n%s", to.CasURL, &s.log)
	}
	for _, path := range []string{"/v1/chunks/default/" + p.Table[0].Hash.String(), "/v1/xorbs/default/" + name} {
		method := "GET"
		if strings.Contains(path, "xorbs") {
			method = "HEAD"
		}
		if a := to.do(t, method, path, nil); a.code != 404 {
			t.Errorf("%s is said to be there: %d", path, a.code)
		}
	}
	for i, d := range []*done{first, later} {
		if d.committed = false; i == 1 {
			d.uploaded = false
		}
		again := xet.try(s, i)
		if !again.uploaded {
			t.Errorf("%s cannot be uploaded again: %d\n%s", d.path, again.refused, &s.log)
		}
		d.uploaded, d.committed = again.uploaded, again.committed || i == 0
	}
	s.stop(syscall.SIGTERM)
	h.check([]*done{first, later})
	// Put back a second time, and nothing sent since: the address is a new one again.
	h.putBack(older)
	s = h.serve()
	if _, now := s.connect(); now.path() == to.path() || now.path() == then.path() {
		t.Errorf("the second time it was not noticed: %s", now.CasURL)
	}
}

// database reads the files of the database; no server runs.
func (h *home) database() map[string][]byte {
	h.t.Helper()
	names, err := filepath.Glob(filepath.Join(h.data, "ambit.db*"))
	if err != nil || len(names) == 0 {
		h.t.Fatalf("no database: %v", err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		if files[name], err = os.ReadFile(name); err != nil {
			h.t.Fatal(err)
		}
	}
	return files
}

func (h *home) putBack(files map[string][]byte) {
	h.t.Helper()
	for name := range h.database() {
		if err := os.Remove(name); err != nil {
			h.t.Fatal(err)
		}
	}
	for name, text := range files {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
}
