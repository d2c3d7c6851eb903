package pack

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"hash"
	"io"

	"github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pace"
)

const (
	// handOverFrom is the number of bytes of a pack after which its bytes are summed up and spooled by a goroutine of their own:
	// one core has enough to do with inflating. A small push ends sooner than that pays off.
	handOverFrom = 256 << 10
	// handOverDepth is how many pieces wait for it; each is as long as one read, at most scanBuffer.
	handOverDepth = 4
)

// intake is the stream of a pack as it arrives: everything read from it lies in the spool and in the sums. Not for concurrent use.
// Its goroutine, to which spool and sums belong meanwhile, ends with close.
type intake struct {
	ctx   context.Context
	r     io.Reader
	limit int64 // in bytes
	n     int64 // bytes so far
	spool *spool
	sums  arrived
	pace  pace.Pacer

	full   chan []byte // to the goroutine; nil before there is one
	free   chan []byte // back from it
	failed chan struct{}
	done   chan struct{}
	err    error // of the spool; read after failed is closed or done is
}

// Read implements io.Reader.
func (t *intake) Read(p []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := t.r.Read(p)
	if n == 0 {
		return 0, err
	}
	if t.n += int64(n); t.n > t.limit {
		return 0, hub.Errorf(hub.TooLarge, "The pack is larger than %d bytes: push in several steps.", t.limit)
	}
	if terr := t.take(p[:n]); terr != nil {
		return 0, terr
	}
	return n, err
}

// take brings bytes to where they belong.
func (t *intake) take(p []byte) error {
	if t.full == nil {
		if t.n <= handOverFrom {
			return t.keep(p)
		}
		t.start()
	}
	var b []byte
	select {
	case <-t.failed:
		return t.err
	case b = <-t.free:
	}
	t.full <- append(b[:0], p...)
	return nil
}

// keep sums up and spools bytes.
func (t *intake) keep(p []byte) error {
	t.pace.Look()
	t.sums.write(p)
	_, err := t.spool.Write(p)
	return err
}

func (t *intake) start() {
	t.full, t.free = make(chan []byte, handOverDepth), make(chan []byte, handOverDepth)
	t.failed, t.done = make(chan struct{}), make(chan struct{})
	for range handOverDepth {
		t.free <- nil
	}
	go func() {
		defer close(t.done)
		for b := range t.full {
			if t.err == nil {
				if t.err = guard.Call(func() error { return t.keep(b) }); t.err != nil {
					close(t.failed)
				}
			}
			t.free <- b
		}
	}()
}

// close waits until everything is where it belongs. It may be called again.
func (t *intake) close() error {
	if t.full != nil {
		close(t.full)
		<-t.done
		t.full = nil
	}
	return t.err
}

// arrived are the sums of a pack whose end may be its own sum.
type arrived struct {
	pack  hash.Hash // SHA-1
	whole hash.Hash // SHA-256, which goes on over what is stored behind the pack
	held  []byte    // the last sumSize bytes at most, which are in neither
}

func newArrived() arrived { return arrived{pack: sha1.New(), whole: sha256.New()} }

// write adds bytes to the sums, but for the last ones.
func (a *arrived) write(p []byte) {
	if len(p) >= sumSize {
		a.add(a.held)
		a.add(p[:len(p)-sumSize])
		a.held = append(a.held[:0], p[len(p)-sumSize:]...)
		return
	}
	if over := len(a.held) + len(p) - sumSize; over > 0 {
		a.add(a.held[:over])
		a.held = append(a.held[:0], a.held[over:]...)
	}
	a.held = append(a.held, p...)
}

func (a *arrived) add(p []byte) {
	a.pack.Write(p)
	a.whole.Write(p)
}
