package gitrepo

import (
	"context"

	"github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
)

// early is a pushed pack on its way into the store while the push is still being checked: what has to be read through anyway is
// durable by the time that it is found good. It is announced by a staged row like any other, so that a crash leaves nothing.
type early struct {
	cancel context.CancelFunc
	done   chan struct{}

	// Read after done is closed:
	row    *hub.Pack
	inline []byte
	err    error
}

// storeEarly begins to store the pack. It ends with stored or giveUpEarly.
func (in *Incoming) storeEarly(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	e := &early{cancel: cancel, done: make(chan struct{})}
	in.early = e
	go func() {
		defer close(e.done)
		e.err = guard.Call(func() (err error) {
			e.row, e.inline, err = in.store.storeFinished(ctx, in.repo, kindReceive, in.fin)
			return err
		})
	}()
}

// stored returns the row of the pack, whose bytes are durable; see Store.storeFinished.
func (in *Incoming) stored(ctx context.Context) (*hub.Pack, []byte, error) {
	e := in.early
	if e == nil { // it is small, or was stored for a try that failed
		return in.store.storeFinished(ctx, in.repo, kindReceive, in.fin)
	}
	in.early = nil
	<-e.done
	e.cancel()
	return e.row, e.inline, e.err
}

// giveUpEarly ends the storing of a pack that nobody has been asked to publish.
func (in *Incoming) giveUpEarly(ctx context.Context) {
	e := in.early
	if e == nil {
		return
	}
	in.early = nil
	e.cancel()
	<-e.done
	if e.err == nil {
		in.store.discard(ctx, *e.row)
	}
}
