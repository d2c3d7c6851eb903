package fs

import (
	"os"
	"sync"
	"sync/atomic"
)

// handles keeps files open for a while after their readers have closed them: many small ranges of one file are many opens,
// which cost more than the reading. It is safe for concurrent use.
type handles struct {
	removed atomic.Int64 // grows with each removal, after the file is removed

	mu   sync.Mutex // guards what follows
	idle map[string][]*os.File
	n    int
}

// maxIdle is how many files nobody reads are kept open. When there are more, all are closed.
const maxIdle = 64

// take returns an idle file that is still what lies at p, from its first byte on; nil if there is none.
func (h *handles) take(p string) (*os.File, os.FileInfo) {
	for {
		h.mu.Lock()
		files := h.idle[p]
		if len(files) == 0 {
			h.mu.Unlock()
			return nil, nil
		}
		f := files[len(files)-1]
		if h.idle[p] = files[:len(files)-1]; len(files) == 1 {
			delete(h.idle, p) // or the names of all that was ever read would stay
		}
		h.n--
		h.mu.Unlock()
		st, err := f.Stat()
		if err == nil && linked(st) {
			if _, err = f.Seek(0, 0); err == nil {
				return f, st
			}
		}
		f.Close()
	}
}

// keep closes a file later, or now if something was removed since the reader opened it.
func (h *handles) keep(p string, f *os.File, removed int64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.removed.Load() != removed {
		return f.Close()
	}
	if h.n >= maxIdle {
		h.closeAll()
	}
	if h.idle == nil {
		h.idle = map[string][]*os.File{}
	}
	h.idle[p] = append(h.idle[p], f)
	h.n++
	return nil
}

func (h *handles) closeAll() {
	for _, files := range h.idle {
		for _, f := range files {
			f.Close()
		}
	}
	clear(h.idle)
	h.n = 0
}

// forget closes what is kept of a file that was removed, so that its bytes are free when its readers have gone.
func (h *handles) forget(p string) {
	h.removed.Add(1)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.idle[p] {
		f.Close()
		h.n--
	}
	delete(h.idle, p)
}
