package client

import (
	"context"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// ReviewedTokens returns all tokens that q selects.
func (o *Operator) ReviewedTokens(ctx context.Context, q operatorapi.ReviewQuery) ([]operatorapi.ReviewedToken, error) {
	return all(func(after hub.ID) ([]operatorapi.ReviewedToken, hub.ID, error) {
		var p operatorapi.ReviewedTokens
		q.After = after
		err := o.Do(ctx, operatorapi.ReviewList, q, &p)
		return p.Items, p.Next, err
	})
}

// GateRequests returns all requests of persons that g selects.
func (o *Operator) GateRequests(ctx context.Context, g operatorapi.GateCall) ([]operatorapi.GateEntry, error) {
	return all(func(after hub.ID) ([]operatorapi.GateEntry, hub.ID, error) {
		var p operatorapi.GateEntries
		g.After = after
		err := o.Do(ctx, operatorapi.GateList, g, &p)
		return p.Items, p.Next, err
	})
}
