package ssh

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// watched is a connection that is closed when nothing has moved on it for too long: soon while the client has to do
// something, late while a command works.
type watched struct {
	net.Conn
	idle, work time.Duration
	last       atomic.Int64 // of the last byte; Unix nanoseconds
	writing    atomic.Int32 // calls of Write that have not returned: the client does not read
	waiting    atomic.Int32 // commands that wait for bytes of the client
	commands   atomic.Int32 // at work
}

func newWatched(c net.Conn, idle, work time.Duration) *watched {
	w := &watched{Conn: c, idle: idle, work: work}
	w.touch()
	return w
}

func (w *watched) touch() { w.last.Store(time.Now().UnixNano()) }

// Read implements net.Conn.
func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if n > 0 {
		w.touch()
	}
	return n, err
}

// Write implements net.Conn.
func (w *watched) Write(b []byte) (int, error) {
	w.writing.Add(1)
	defer w.writing.Add(-1)
	n, err := w.Conn.Write(b)
	if n > 0 {
		w.touch()
	}
	return n, err
}

// watch closes the connection when its time is over, until ctx ends.
func (w *watched) watch(ctx context.Context) {
	t := time.NewTicker(max(w.idle/4, time.Millisecond))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			limit := w.idle
			if n := w.commands.Load(); n > 0 && w.writing.Load() == 0 && w.waiting.Load() < n {
				limit = w.work
			}
			if now.UnixNano()-w.last.Load() > int64(limit) {
				w.Conn.Close()
				return
			}
		}
	}
}

// drain closes the connection once no command is at work, and after a time in any case.
func (w *watched) drain(ctx context.Context, patience time.Duration) {
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	end := time.After(patience)
	for w.commands.Load() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-end:
			w.Conn.Close()
			return
		case <-t.C:
		}
	}
	w.Conn.Close()
}
