package hubapi_test

import (
	"context"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/accounts"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// sessionCookie is the value of alice's browser session.
const sessionCookie = "a-cookie-that-stands-for-alice"

// startAccounts makes the world with account routes and one token of each kind that whoami has to show.
func startAccounts(t *testing.T) *testkit.Hub {
	ctx := context.Background()
	h := testkit.New(t, func(h *testkit.Hub) {
		hubapi.New(hubapi.Services{
			Accounts: accounts.New(h.DB, h.Keys, accounts.Options{PasswordMinLength: 10, SessionLifetime: time.Hour}),
			Tokens:   tokens.New(h.DB, h.Zone, h.Keys, testkit.Instance, tokens.Options{MaxPerUser: 10, MaxScopes: 10}),
			Repos:    h.Repos,
		}).Register(h.Server)
	})
	h.World()
	h.Org("beta", "bob")
	h.Member("beta", "carol", hub.RoleRead)
	h.User("plain")
	h.Token("plain.read", "plain", hub.Token{Kind: hub.TokenRead, ExpiresAt: time.Now().Add(time.Hour)})
	h.Token("carol.fg", "carol", hub.Token{Kind: hub.TokenFineGrained, CanReadGated: true, Global: []hub.Permission{hub.PermDiscussionWrite}, Scopes: []hub.Scope{
		h.Scope(hub.EntityOrg, "acme", hub.PermRepoContentRead, hub.PermOrgRead),
		h.Scope(hub.EntityUser, "carol", hub.PermInferenceWrite),
		h.Scope(hub.EntityModel, "acme/closed", hub.PermRepoWrite),
	}})
	h.Token("erin.lost", "erin", hub.Token{Kind: hub.TokenFineGrained, Scopes: []hub.Scope{h.Scope(hub.EntityModel, "acme/closed", hub.PermRepoContentRead), h.Scope(hub.EntityModel, "acme/open", hub.PermRepoWrite)}})
	h.Token("carol.nothing", "carol", hub.Token{Kind: hub.TokenFineGrained})
	now := time.Now().UTC()
	alice, err := h.DB.UserByName(ctx, "alice")
	if err != nil {
		t.Fatal(err)
	}
	s := hub.Session{ID: hub.NewID(), UserID: alice.ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	if err := h.DB.CreateSession(ctx, s, h.Keys.SessionDigest(secret.New(sessionCookie)), hub.Event{Type: "user.sign_in"}); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAccountScripts(t *testing.T) { testkit.Run(t, "testdata/account/*.http", startAccounts) }

// BenchmarkWhoAmI measures the call that login and scanners make, beside the health of an open route.
func BenchmarkWhoAmI(b *testing.B) {
	h := testkit.New(b, func(h *testkit.Hub) {
		hubapi.New(hubapi.Services{Accounts: accounts.New(h.DB, h.Keys, accounts.Options{}), Tokens: tokens.New(h.DB, h.Zone, h.Keys, testkit.Instance, tokens.Options{})}).Register(h.Server)
	})
	h.User("alice")
	for _, o := range []string{"one", "two", "three", "four"} {
		h.Org(o, "alice")
	}
	h.Token("t", "alice", hub.Token{Kind: hub.TokenWrite})
	for _, c := range []struct{ name, token, path string }{{"open", "", "/api/avatars/x.svg"}, {"whoami", "t", "/api/whoami-v2"}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if code, _, _ := get(b, h, c.token, h.URL+c.path); code != 200 {
					b.Fatalf("status %d", code)
				}
			}
		})
	}
}
