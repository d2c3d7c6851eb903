package hubapi_test

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/access/explain"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// TestExplain plays the scripts about explanations, in the world with the token alice.org, which may change acme's
// settings and sees none of its repositories.
func TestExplain(t *testing.T) {
	testkit.Run(t, "testdata/explain/*.http", func(t *testing.T) *testkit.Hub {
		h := testkit.New(t, func(h *testkit.Hub) {
			hubapi.New(hubapi.Services{Explain: explain.New(h.DB, h.Zone)}).Register(h.Server)
		})
		h.World()
		h.Token("alice.org", "alice", hub.Token{Kind: hub.TokenFineGrained, Scopes: []hub.Scope{h.Scope(hub.EntityOrg, "acme", hub.PermOrgWrite)}})
		return h
	})
}
