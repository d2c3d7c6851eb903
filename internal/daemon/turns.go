package daemon

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/lease"
)

// turnLength is how long a job's turn lasts without a sign of life.
const turnLength = 2 * time.Minute

// turns returns what lets one node at a time do a job. It is no error when another one does it.
func turns(m lease.Meta, logError func(context.Context, string, error)) func(context.Context, string, func(context.Context) error) error {
	return func(ctx context.Context, name string, f func(context.Context) error) error {
		_, err := lease.Hold(ctx, m, name, turnLength, logError, func(ctx context.Context, _ hub.Lease) error { return f(ctx) })
		return err
	}
}
