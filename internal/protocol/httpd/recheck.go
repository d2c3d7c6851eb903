package httpd

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Rechecker decides a grant again. An Authorizer that is one too has the grants of requests that take long checked while
// they run.
type Rechecker interface {
	Recheck(ctx context.Context, g access.Grant) (access.Grant, error)
}

const (
	// watchAfter is how many bytes have gone one way before a request is watched. Most never get there.
	watchAfter = 1 << 20
	// doubtful is how long a request goes on when nobody can tell whether it still may.
	doubtful = time.Minute
	// recheckTime is how long one decision may take.
	recheckTime = 5 * time.Second
)

// watch holds a request that takes long to what its caller may do: the grants it began with are decided again every
// few seconds, and when one no longer stands, the connection gives no more bytes and takes none.
type watch struct {
	s *Server
	w *responseWriter

	mu     sync.Mutex // guards the fields below, and deadlines against those of the handler
	grants []access.Grant
	timer  *time.Timer // nil: not watched yet
	sure   time.Time   // of the last decision
	cut    error       // why the request was stopped
	over   bool        // the handler has returned
}

// granted adds a grant of this request.
func (k *watch) granted(g access.Grant) {
	if _, ok := k.s.authorizer.(Rechecker); !ok || k.s.cfg.RecheckEvery < 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.grants = append(k.grants, g)
}

// start begins to watch, if that has not begun.
func (k *watch) start() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.timer == nil && !k.over && len(k.grants) > 0 {
		k.sure = time.Now()
		k.timer = time.AfterFunc(k.s.cfg.RecheckEvery, k.tick)
	}
}

// stop ends watching, and returns why the request was stopped, nil if it was not.
func (k *watch) stop() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.over = true
	if k.timer != nil {
		k.timer.Stop()
	}
	return k.cut
}

// stopped returns why the request was stopped.
func (k *watch) stopped() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.cut
}

func (k *watch) tick() {
	k.mu.Lock()
	grants := k.grants
	k.mu.Unlock()
	err := k.recheck(grants)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over {
		return // the connection may serve another request by now
	}
	var refusal *hub.Error
	var moved *access.Moved
	switch {
	case err == nil, errors.As(err, &moved):
		k.sure = time.Now()
	case errors.As(err, &refusal) && refusal.Code != hub.Unavailable && refusal.Code != hub.Internal, time.Since(k.sure) > doubtful:
		k.cut = err
		past := time.Unix(1, 0)
		_ = k.w.rc.SetReadDeadline(past)
		if k.w.begun.Load() {
			_ = k.w.rc.SetWriteDeadline(past)
		}
		return
	}
	k.timer.Reset(k.s.cfg.RecheckEvery)
}

func (k *watch) recheck(grants []access.Grant) error {
	ctx, cancel := context.WithTimeout(context.Background(), recheckTime)
	defer cancel()
	for _, g := range grants {
		if _, err := k.s.authorizer.(Rechecker).Recheck(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// deadline sets a deadline for the handler, unless the request was stopped.
func (k *watch) deadline(set func(time.Time) error, t time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cut == nil {
		_ = set(t) // servers in tests have no deadlines
	}
}
