package testkit

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// Machine makes a service account of an organization, with a token of the same name that carries the given permissions on
// the organization.
func (h *Hub) Machine(name, org string, ps ...hub.Permission) hub.ServiceAccount {
	h.T.Helper()
	ctx, now := context.Background(), time.Now().UTC()
	a := hub.ServiceAccount{OrgID: h.namespace(org).ID, OrgName: org, Name: name, CreatedAt: now}
	h.must(hub.GiveID(now, func(id hub.ID) error {
		a.ID = id
		return h.DB.CreateServiceAccount(ctx, a, hub.Event{})
	}))
	value := tokenfmt.ForInstance(Instance).Generate()
	t := hub.ServiceToken{ID: hub.NewID(), AccountID: a.ID, Name: name, Last4: tokenfmt.Last4(value), Permissions: ps, Gen: 1, CreatedAt: now}
	kid, digest := h.Keys.TokenDigest(secret.New(value))
	h.must(h.DB.CreateServiceToken(ctx, t, kid, digest, hub.Event{}))
	h.tokens[name] = value
	return a
}
