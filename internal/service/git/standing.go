package git

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// standEvery is how long a fetch goes on by what was decided before.
const standEvery = 10 * time.Second

// standing is the way to the client of a fetch, as long as the grant that it began with stands: a clone may take hours, and
// a connection over SSH several commands.
type standing struct {
	io.Writer
	ctx   context.Context
	s     *Service
	grant access.Grant
	every time.Duration
	next  time.Time // of the next decision
}

func (s *Service) standing(ctx context.Context, g access.Grant, w io.Writer) *standing {
	return &standing{w, ctx, s, g, standEvery, time.Now().Add(standEvery)}
}

// Write fails with the refusal once the grant no longer stands.
func (w *standing) Write(b []byte) (int, error) {
	if now := time.Now(); now.After(w.next) {
		_, err := w.s.authz.Recheck(w.ctx, w.grant)
		var e *hub.Error
		if errors.As(err, &e) && e.Code != hub.Unavailable && e.Code != hub.Internal {
			return 0, err
		}
		w.next = now.Add(w.every)
	}
	return w.Writer.Write(b)
}
