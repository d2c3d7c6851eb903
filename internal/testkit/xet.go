package testkit

import (
	"context"

	"github.com/ambit-hub/ambit/internal/service/xet"
)

// Xet makes the service that keeps files as chunks, over the hub's parts. Failures of its background work fail the test.
func (h *Hub) Xet(cfg xet.Config) *xet.Service {
	return xet.New(cfg, xet.Deps{
		Meta: h.DB, Git: h.Git, Blobs: h.Blobs, Authz: h.Zone, Key: h.Keys.Derive("xet deduplication"),
		LogError: func(_ context.Context, msg string, err error) { h.T.Errorf("%s: %v", msg, err) },
	})
}
