package testkit

import (
	"context"

	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/transfer"
)

// Transfer makes the service that moves files, over the hub's parts. Failures of its background work fail the test.
func (h *Hub) Transfer(cfg transfer.Config) *transfer.Service {
	if cfg.TempDir == "" {
		cfg.TempDir = h.T.TempDir()
	}
	return transfer.New(cfg, transfer.Deps{
		Meta: h.DB, Git: h.Git, Blobs: h.Blobs, Authz: h.Zone, Sign: repos.SignatureOf,
		LogError: func(_ context.Context, msg string, err error) { h.T.Errorf("%s: %v", msg, err) },
	})
}

// Sign names the author of commits as the hub does.
var Sign = repos.SignatureOf
