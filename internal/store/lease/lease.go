// Package lease gives work to one process at a time, by rows that run out: whoever is killed or cut off loses its turn.
package lease

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Meta keeps the rows; store/meta does.
type Meta interface {
	AcquireLease(ctx context.Context, name string, holder hub.ID, ttl time.Duration) (l hub.Lease, ok bool, err error)
	RenewLease(ctx context.Context, l hub.Lease, ttl time.Duration) error
	ReleaseLease(ctx context.Context, l hub.Lease) error
}

// Hold runs f while it holds the lease of that name, and tells whether it could: held is false, and f has not run, while
// somebody else has it. ctx of f ends when the lease is lost, at the latest when it has run out without having been
// renewed; f must look at it before each step that another holder must not see. logError hears of a lease that could
// not be given back, which runs out by itself after ttl.
func Hold(ctx context.Context, m Meta, name string, ttl time.Duration, logError func(context.Context, string, error), f func(context.Context, hub.Lease) error) (held bool, err error) {
	holder := hub.NewID()
	l, ok, err := m.AcquireLease(ctx, name, holder, ttl)
	if err != nil && ctx.Err() == nil { // it may have been taken, and only the answer be lost: then it must not lie idle
		l, ok, err = m.AcquireLease(ctx, name, holder, ttl)
	}
	if err != nil || !ok {
		return false, err
	}
	work, stop := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		renew(work, stop, m, l, ttl)
	}()
	defer func() { // also when f panics: a lease that is renewed for ever is nobody's turn any more
		stop(nil)
		<-done
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if err := m.ReleaseLease(end, l); err != nil {
			logError(end, "giving a lease back", err)
		}
	}()
	err = f(work, l)
	if err != nil && ctx.Err() == nil && work.Err() != nil {
		err = context.Cause(work)
	}
	return true, err
}

// renew keeps a lease until ctx ends, and calls stop when it is lost.
func renew(ctx context.Context, stop context.CancelCauseFunc, m Meta, l hub.Lease, ttl time.Duration) {
	t := time.NewTicker(ttl / 4)
	defer t.Stop()
	last := time.Now() // by this process's own clock, and before the database's answer
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		now := time.Now()
		// A database that does not answer must not keep the work going beyond the lease.
		ask, cancel := context.WithDeadline(ctx, last.Add(ttl*3/4))
		err := m.RenewLease(ask, l, ttl)
		cancel()
		switch {
		case err == nil:
			last = now
		case hub.Is(err, hub.PreconditionFailed), time.Since(last) >= ttl*3/4:
			stop(err)
			return
		}
	}
}
