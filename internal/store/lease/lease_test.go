package lease_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/lease"
)

// rows keeps one lease in memory.
type rows struct {
	mu    sync.Mutex // guards l and until
	l     hub.Lease
	until time.Time
	down  atomic.Bool // the database is not there
	mute  atomic.Bool // the database does not answer
}

// end returns when the lease runs out.
func (r *rows) end() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.until
}

// steal gives the lease to somebody else.
func (r *rows) steal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.l.Fence++
}

func (r *rows) AcquireLease(_ context.Context, name string, holder hub.ID, ttl time.Duration) (hub.Lease, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().Before(r.until) {
		return hub.Lease{}, false, nil
	}
	r.l = hub.Lease{Name: name, Holder: holder, Fence: r.l.Fence + 1}
	r.until = time.Now().Add(ttl)
	return r.l, true, nil
}

func (r *rows) RenewLease(ctx context.Context, l hub.Lease, ttl time.Duration) error {
	if r.mute.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if r.down.Load() {
		return errors.New("no connection")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if l != r.l {
		return hub.Errorf(hub.PreconditionFailed, "taken over")
	}
	r.until = time.Now().Add(ttl)
	return nil
}

func (r *rows) ReleaseLease(_ context.Context, l hub.Lease) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l == r.l {
		r.until = time.Time{}
	}
	return nil
}

func quiet(context.Context, string, error) {}

func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ctx := &rows{}, t.Context()
		wrong := errors.New("wrong")
		held, err := lease.Hold(ctx, r, "job", time.Minute, quiet, func(ctx context.Context, l hub.Lease) error {
			time.Sleep(time.Hour) // it is renewed all the time
			if held, err := lease.Hold(ctx, r, "job", time.Minute, quiet, nil); held || err != nil {
				t.Errorf("held twice: %v, %v", held, err)
			}
			return errors.Join(ctx.Err(), wrong)
		})
		if !held || !errors.Is(err, wrong) || errors.Is(err, context.Canceled) {
			t.Errorf("%v, %v", held, err)
		}
		if held, err := lease.Hold(ctx, r, "job", time.Minute, quiet, func(context.Context, hub.Lease) error { return nil }); !held || err != nil {
			t.Errorf("after it was given back: %v, %v", held, err)
		}
	})
}

// What panics gives its lease back, and does not leave it to be renewed for ever.
func TestHoldPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ctx := &rows{}, t.Context()
		func() {
			defer func() {
				if p := recover(); p != "x" {
					t.Errorf("recovered %v", p)
				}
			}()
			lease.Hold(ctx, r, "job", time.Minute, quiet, func(context.Context, hub.Lease) error { panic("x") })
		}()
		if held, err := lease.Hold(ctx, r, "job", time.Minute, quiet, func(context.Context, hub.Lease) error { return nil }); !held || err != nil {
			t.Errorf("after a panic: %v, %v", held, err)
		}
	})
}

// lostAnswer takes a lease and says that it did not.
type lostAnswer struct {
	*rows
	lost bool
}

func (r *lostAnswer) AcquireLease(ctx context.Context, name string, holder hub.ID, ttl time.Duration) (hub.Lease, bool, error) {
	if r.l.Holder == holder {
		return r.l, true, nil
	}
	l, ok, err := r.rows.AcquireLease(ctx, name, holder, ttl)
	if !r.lost {
		r.lost = true
		return hub.Lease{}, false, errors.New("the connection broke")
	}
	return l, ok, err
}

// A lease that was taken without the holder having heard of it does not lie idle until it runs out.
func TestLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := false
		held, err := lease.Hold(t.Context(), &lostAnswer{rows: &rows{}}, "job", time.Minute, quiet, func(context.Context, hub.Lease) error {
			ran = true
			return nil
		})
		if !held || err != nil || !ran {
			t.Errorf("%v, %v", held, err)
		}
	})
}

// A holder that others may take for dead stops before they do.
func TestHolderStopsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rows{}
		_, err := lease.Hold(t.Context(), r, "job", time.Minute, quiet, func(ctx context.Context, l hub.Lease) error {
			r.down.Store(true)
			<-ctx.Done()
			if !time.Now().Before(r.end()) {
				t.Error("somebody else may have it already")
			}
			return ctx.Err()
		})
		if err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		r := &rows{}
		_, err := lease.Hold(t.Context(), r, "job", time.Minute, quiet, func(ctx context.Context, l hub.Lease) error {
			r.steal()
			<-ctx.Done()
			return ctx.Err()
		})
		if !hub.Is(err, hub.PreconditionFailed) {
			t.Errorf("taken over: %v", err)
		}
	})
}

// A database that does not answer ends the work as one does that says no: before somebody else can have the lease.
func TestHoldWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rows{}
		began := time.Now()
		held, err := lease.Hold(t.Context(), r, "job", time.Minute, quiet, func(ctx context.Context, _ hub.Lease) error {
			r.mute.Store(true)
			select {
			case <-ctx.Done():
			case <-time.After(time.Hour):
			}
			return ctx.Err()
		})
		if took := time.Since(began); !held || err == nil || took > time.Minute {
			t.Errorf("held %v, %v, after %v", held, err, took)
		}
	})
}
