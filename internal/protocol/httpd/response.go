package httpd

import (
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// responseWriter remembers what was answered, for the access log, and moves the write deadline on while a
// body makes progress. It keeps io.ReaderFrom, without which a download would be copied through memory
// instead of going out by sendfile.
type responseWriter struct {
	http.ResponseWriter
	rc      http.ResponseController
	idle    time.Duration
	status  int
	bytes   int64
	errCode hub.Code
	reason  string
	cause   error

	begun atomic.Bool // the answer has begun: for watch, beside the handler
	watch watch
}

func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *responseWriter) WriteHeader(code int) {
	if w.status == 0 && code >= 200 {
		w.status = code
		w.begun.Store(true)
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *responseWriter) begin() {
	if w.status == 0 {
		w.status = http.StatusOK
		w.begun.Store(true)
	}
}

func (w *responseWriter) Write(b []byte) (int, error) {
	w.begin()
	w.extend()
	n, err := w.ResponseWriter.Write(b)
	w.sent(int64(n))
	return n, err
}

// sent counts bytes that went out.
func (w *responseWriter) sent(n int64) {
	if w.bytes += n; w.bytes >= watchAfter && w.bytes-n < watchAfter {
		w.watch.start()
	}
}

// deadlineStep is how many bytes go out between two moves of the write deadline. A client that takes so many in one
// idle timeout is slow enough.
const deadlineStep = 1 << 20

// ReadFrom copies src to the client. A file is handed to the connection, which sends it without copying, in steps,
// so that a client that stands still is let go after the idle timeout, while a slow one that reads may take as long as
// it wants. Anything else is written through a buffer: then a small body leaves together with its headers.
func (w *responseWriter) ReadFrom(src io.Reader) (total int64, err error) {
	// The connection recognises a file only under a single LimitedReader, so a given one is taken apart.
	inner, left := src, int64(-1)
	limited, _ := src.(*io.LimitedReader)
	if limited != nil {
		inner, left = limited.R, limited.N
	}
	rf, ok := w.ResponseWriter.(io.ReaderFrom)
	if _, file := inner.(*os.File); !ok || !file {
		buf := copyBuffers.Get().(*[]byte)
		defer copyBuffers.Put(buf)
		return io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{src}, *buf)
	}
	w.begin()
	for left != 0 {
		step := int64(deadlineStep)
		if left > 0 {
			step = min(step, left)
		}
		w.extend()
		n, err := rf.ReadFrom(&io.LimitedReader{R: inner, N: step})
		total += n
		w.sent(n)
		if left > 0 {
			left -= n
			limited.N = left
		}
		if err != nil || n < step {
			return total, err
		}
	}
	return total, nil
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// Flush sends what is buffered. What is sent bit by bit may take long, however little it is.
func (w *responseWriter) Flush() {
	w.watch.start()
	w.rc.Flush()
}

// extend gives the client another idle timeout for the bytes to come.
func (w *responseWriter) extend() { w.watch.deadline(w.rc.SetWriteDeadline, time.Now().Add(w.idle)) }

// idleBody moves the read deadline on while a request body makes progress, so that a client that vanished in
// the middle of an upload is noticed and a slow one is not cut.
type idleBody struct {
	io.ReadCloser
	w    *responseWriter
	next time.Time
	read int64
}

func (b *idleBody) Read(p []byte) (int, error) {
	if now := time.Now(); now.After(b.next) {
		b.w.watch.deadline(b.w.rc.SetReadDeadline, now.Add(b.w.idle))
		b.next = now.Add(b.w.idle / 8)
	}
	n, err := b.ReadCloser.Read(p)
	if b.read += int64(n); b.read >= watchAfter && b.read-int64(n) < watchAfter {
		b.w.watch.start()
	}
	if err != nil && err != io.EOF {
		if cut := b.w.watch.stopped(); cut != nil {
			return n, cut
		}
	}
	return n, err
}
