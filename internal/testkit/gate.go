package testkit

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Gate sets how a repository is gated.
func (h *Hub) Gate(id hub.RepoID, m hub.GateMode) {
	h.T.Helper()
	ctx := context.Background()
	r, _, err := h.DB.RepoByName(ctx, id)
	h.must(err)
	r.Gated = m
	h.must(h.DB.UpdateRepo(ctx, r, hub.Event{Type: "repo.settings"}))
}
