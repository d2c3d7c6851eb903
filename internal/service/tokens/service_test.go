package tokens_test

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/tokens"
)

// A service account's token that somebody found is ended like a person's, and again without harm.
func TestInvalidateServiceToken(t *testing.T) {
	onEachEngine(t, tokens.Options{}, func(w *world) {
		alice := w.user("alice")
		org := hub.Organization{ID: hub.NewID(), Name: "acme", DefaultVisibility: hub.Public, CreatedAt: w.clock()}
		w.must(w.db.CreateOrg(w.ctx, org, alice.ID, hub.Event{}))
		a := hub.ServiceAccount{ID: hub.NewID(), OrgID: org.ID, Name: "robot"}
		w.must(w.db.CreateServiceAccount(w.ctx, a, hub.Event{}))
		value := secret.New(tokenfmt.ForInstance(instance).Generate())
		kid, digest := w.keys.TokenDigest(value)
		w.must(w.db.CreateServiceToken(w.ctx, hub.ServiceToken{ID: hub.NewID(), AccountID: a.ID, Name: "ci"}, kid, digest, hub.Event{}))
		w.alive(value)
		public, err := w.zone.Authorize(w.ctx, access.Anonymous(), access.Need{Action: access.PublicRoute, Target: access.Hub()})
		w.must(err)
		for range 2 {
			w.must(w.svc.Invalidate(w.ctx, public, []secret.String{value}, tokens.Origin{IP: "192.0.2.1"}))
			w.dead(value)
		}
	})
}
