package policies_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/policies"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/testkit"
)

var ctx = context.Background()

type world struct {
	*testkit.Hub
	t     *testing.T
	svc   *policies.Service
	tok   *tokens.Service
	admin access.Grant // of alice, for everything here
}

func start(t *testing.T) *world {
	w := &world{t: t, Hub: testkit.New(t, func(*testkit.Hub) {})}
	w.World()
	w.svc = policies.New(w.DB, w.Keys, nil)
	w.tok = tokens.New(w.DB, w.Zone, w.Keys, testkit.Instance, tokens.Options{MaxPerUser: 50, MaxScopes: 20})
	w.Token("alice.org", "alice", hub.Token{Kind: hub.TokenFineGrained, Scopes: []hub.Scope{w.Scope(hub.EntityOrg, "acme", hub.PermOrgWrite)}})
	var err error
	w.admin, err = w.Zone.Authorize(ctx, w.Subject("alice.org"), access.Need{Action: access.OrgWrite, Target: access.Namespace("acme")},
		access.Need{Action: access.OrgTokens, Target: access.Namespace("acme")})
	w.check(err)
	w.news() // what making the world told
	return w
}

func (w *world) check(err error) {
	if err != nil {
		w.t.Helper()
		w.t.Fatal(err)
	}
}

// news returns kind and receiver of the messages that are new.
func (w *world) news() []string {
	w.t.Helper()
	rows, err := w.DB.ClaimOutbox(ctx, time.Now().Add(time.Hour), time.Now().Add(48*time.Hour), 100)
	w.check(err)
	out := []string{}
	for _, r := range rows {
		u, err := w.DB.UserByID(ctx, r.To)
		w.check(err)
		out = append(out, r.Kind+" to "+u.Name+" "+r.Data["decision"])
	}
	slices.Sort(out)
	return out
}

func (w *world) expectNews(want ...string) {
	w.t.Helper()
	if want == nil {
		want = []string{}
	}
	if d := cmp.Diff(want, w.news()); d != "" {
		w.t.Errorf("messages: %s", d)
	}
}

func (w *world) policy(p hub.TokenPolicy) {
	w.t.Helper()
	_, err := w.svc.Set(ctx, w.admin, "", policies.Change{Tokens: &p}, hub.Event{})
	w.check(err)
}

// state is what acme decided about a token.
func (w *world) state(id hub.ID) hub.TokenState {
	w.t.Helper()
	o, err := w.DB.OrgByName(ctx, "acme")
	w.check(err)
	g, err := w.DB.TokenGrant(ctx, id, o.ID)
	w.check(err)
	return g.State
}

func (w *world) expect(id hub.ID, want hub.TokenState) {
	w.t.Helper()
	if got := w.state(id); got != want {
		w.t.Errorf("the token is %s, want %s", got, want)
	}
}

// session manages the tokens of a person as the person's browser would.
func (w *world) session(name string) access.Grant {
	w.t.Helper()
	u, err := w.DB.UserByName(ctx, name)
	w.check(err)
	f, err := w.DB.UserFacts(ctx, u.ID)
	w.check(err)
	g, err := w.Zone.Authorize(ctx, access.NewSubject(f, access.Credential{Session: true}), access.Need{Action: access.TokenManage, Target: access.Self()})
	w.check(err)
	return g
}

func onOrg(ps ...hub.Permission) []tokens.NewScope {
	return []tokens.NewScope{{Entity: tokens.Entity{Type: hub.EntityOrg, Name: "acme"}, Permissions: ps}}
}

func (w *world) create(owner string, scopes []tokens.NewScope) tokens.Created {
	w.t.Helper()
	c, err := w.tok.Create(ctx, w.session(owner), tokens.NewToken{Name: "app", Kind: hub.TokenFineGrained, Scopes: scopes})
	w.check(err)
	return c
}

func (w *world) edit(owner string, id hub.ID, scopes []tokens.NewScope) {
	w.t.Helper()
	_, err := w.tok.Edit(ctx, w.session(owner), id, tokens.Change{Scopes: &scopes})
	w.check(err)
}

func (w *world) decide(id hub.ID, to hub.TokenState) {
	w.t.Helper()
	_, err := w.svc.Decide(ctx, w.admin, "", hub.TokenDecision{TokenID: id, To: to}, hub.Event{})
	w.check(err)
}

// TestLifeUnderApproval follows tokens through access-model 5.2 to 5.4, with who is told.
func TestLifeUnderApproval(t *testing.T) {
	w := start(t)
	old := w.create("carol", onOrg(hub.PermRepoContentRead))
	w.expect(old.ID, hub.TokenNone)
	w.policy(hub.RequireApproval)
	w.expect(old.ID, hub.TokenPending)
	// One message to the admins for the switch, however many tokens wait, and one to each owner.
	w.expectNews("org.tokens_to_review to alice ", "token.waiting to carol ")

	mine := w.create("alice", onOrg(hub.PermRepoWrite)) // made by an admin
	w.expect(mine.ID, hub.TokenApproved)
	w.expectNews()

	c := w.create("bob", onOrg(hub.PermRepoContentRead))
	w.expect(c.ID, hub.TokenPending)
	w.expectNews("token.pending to alice ", "token.waiting to bob ")
	w.decide(c.ID, hub.TokenApproved)
	w.expectNews("token.decided to bob approved")

	// Renaming, rotating and narrowing change nothing; widening asks again.
	name := "renamed"
	_, err := w.tok.Edit(ctx, w.session("bob"), c.ID, tokens.Change{Name: &name})
	w.check(err)
	w.expect(c.ID, hub.TokenApproved)
	w.expectNews()
	w.edit("bob", c.ID, onOrg(hub.PermRepoContentRead, hub.PermRepoWrite))
	w.expect(c.ID, hub.TokenPending)
	w.expectNews("token.pending to alice ", "token.waiting to bob ")
	w.decide(c.ID, hub.TokenApproved)
	w.edit("bob", c.ID, onOrg(hub.PermRepoContentRead))
	w.expect(c.ID, hub.TokenApproved)
	w.decide(c.ID, hub.TokenDenied)
	w.expectNews("token.decided to bob approved", "token.decided to bob denied")
	w.edit("bob", c.ID, onOrg(hub.PermRepoContentRead, hub.PermDiscussionWrite))
	w.expect(c.ID, hub.TokenDenied)
	w.news()

	// Kept under another policy, and still there when approval returns.
	w.policy(hub.AllowAllTokens)
	w.expect(c.ID, hub.TokenDenied)
	w.expect(old.ID, hub.TokenPending)
	w.policy(hub.RequireApproval)
	w.expect(c.ID, hub.TokenDenied)
	w.expect(mine.ID, hub.TokenApproved)
	w.news()

	// Revoked is for good: no decision, widening, rotation or policy changes it, and the value does not tell.
	if err := w.svc.RevokeValue(ctx, w.admin, "", c.Value, "found", hub.Event{}); err != nil {
		t.Fatal(err)
	}
	w.expectNews("token.decided to bob revoked")
	if err := w.svc.RevokeValue(ctx, w.admin, "", c.Value, "again", hub.Event{}); err != nil {
		t.Errorf("revoking twice: %v", err)
	}
	w.expectNews()
	for _, to := range []hub.TokenState{hub.TokenApproved, hub.TokenDenied} {
		if _, err := w.svc.Decide(ctx, w.admin, "", hub.TokenDecision{TokenID: c.ID, To: to}, hub.Event{}); !hub.Is(err, hub.Conflict) {
			t.Errorf("revoked → %s: %v", to, err)
		}
	}
	w.edit("bob", c.ID, onOrg(hub.PermRepoWrite))
	w.expect(c.ID, hub.TokenRevoked)
	w.check(w.DB.RemoveMember(ctx, w.Scope(hub.EntityOrg, "acme").EntityID, c.UserID, hub.Event{}))
	w.Member("acme", "bob", hub.RoleAdmin)
	w.expect(c.ID, hub.TokenRevoked)

	// An admin's own token is deleted, not revoked.
	if _, err := w.svc.Decide(ctx, w.admin, "", hub.TokenDecision{TokenID: mine.ID, To: hub.TokenRevoked}, hub.Event{}); !hub.Is(err, hub.InvalidInput) {
		t.Errorf("revoking one's own: %v", err)
	}
}

// A value that is no token and one without access to the organization get the same error.
func TestRevokingUnknownValues(t *testing.T) {
	w := start(t)
	stranger := w.TokenValue("mallory.write")
	scoped := w.create("bob", []tokens.NewScope{{Entity: tokens.Entity{Type: hub.EntityUser, Name: "bob"}, Permissions: []hub.Permission{hub.PermRepoWrite}}})
	var texts []string
	for _, v := range []string{"", "hf_nonsense", "x\x00y", stranger, scoped.Value.Reveal()} {
		err := w.svc.RevokeValue(ctx, w.admin, "", secret.New(v), "", hub.Event{})
		if !hub.Is(err, hub.NotFound) {
			t.Errorf("%q: %v", v, err)
			continue
		}
		texts = append(texts, err.Error())
	}
	if len(slices.Compact(texts)) != 1 {
		t.Errorf("the answers differ: %q", texts)
	}
	w.expectNews()
}

func TestSigns(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	org := func(ps ...hub.Permission) []hub.Scope {
		return []hub.Scope{{EntityType: hub.EntityOrg, EntityID: "o", Permissions: ps}}
	}
	fresh := hub.Token{Kind: hub.TokenFineGrained, CreatedAt: now.Add(-day), ExpiresAt: now.Add(100 * day)}
	for _, c := range []struct {
		name    string
		change  func(*hub.Token)
		want    []hub.Sign
		longest time.Duration
	}{
		{"fresh", func(*hub.Token) {}, []hub.Sign{}, 0},
		{"as long as may be", func(*hub.Token) {}, []hub.Sign{}, 101 * day},
		{"longer than may be", func(*hub.Token) {}, []hub.Sign{hub.SignTooLong}, 100 * day},
		{"cut by rotation", func(t *hub.Token) { t.RotatedAt = now }, []hub.Sign{}, 100 * day},
		{"for ever, where that may not be", func(t *hub.Token) { t.ExpiresAt = time.Time{} }, []hub.Sign{hub.SignNoExpiry, hub.SignTooLong}, 100 * day},
		{"rotated long ago", func(t *hub.Token) { t.CreatedAt, t.RotatedAt, t.LastUsedAt = now.Add(-900*day), now.Add(-180*day), now }, []hub.Sign{hub.SignNeverRotated}, 0},
		{"never used and old", func(t *hub.Token) { t.CreatedAt, t.RotatedAt = now.Add(-90*day), now }, []hub.Sign{hub.SignUnused}, 0},
		{"used lately", func(t *hub.Token) { t.CreatedAt, t.RotatedAt, t.LastUsedAt = now.Add(-900*day), now, now.Add(-89*day) }, []hub.Sign{}, 0},
		{"never rotated", func(t *hub.Token) { t.CreatedAt, t.LastUsedAt = now.Add(-180*day), now }, []hub.Sign{hub.SignNeverRotated}, 0},
		{"unscoped writing", func(t *hub.Token) { t.Kind = hub.TokenWrite }, []hub.Sign{hub.SignOverBroad}, 0},
		{"unscoped reading", func(t *hub.Token) { t.Kind = hub.TokenRead }, []hub.Sign{}, 0},
		{"writes all", func(t *hub.Token) { t.Scopes = org(hub.PermRepoContentRead, hub.PermRepoWrite) }, []hub.Sign{hub.SignOverBroad}, 0},
		{"reads all", func(t *hub.Token) { t.Scopes = org(hub.PermRepoContentRead) }, []hub.Sign{}, 0},
		{"writes all of another", func(t *hub.Token) { t.Scopes = org(hub.PermRepoWrite); t.Scopes[0].EntityID = "p" }, []hub.Sign{}, 0},
		{"expiring", func(t *hub.Token) { t.ExpiresAt = now.Add(7 * day) }, []hub.Sign{hub.SignExpiring}, 0},
		{"no expiry", func(t *hub.Token) { t.ExpiresAt = time.Time{} }, []hub.Sign{hub.SignNoExpiry}, 0},
	} {
		tok := fresh
		c.change(&tok)
		if d := cmp.Diff(c.want, policies.SignsOf(tok, hub.OrgRules{OrgID: "o", MaxLifetime: c.longest}, now)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

// TestChangesAreNamed holds the audit log to the Hub's names for switches, and to saying from what to what.
func TestChangesAreNamed(t *testing.T) {
	w := start(t)
	on, off := true, false
	deny, creation := hub.SSHDenied, hub.RoleWrite
	for _, c := range []struct {
		change policies.Change
		want   string
	}{
		{policies.Change{Tokens: to(hub.FineGrainedOnly)}, "org.token_policy.change token policy allow_all → fine_grained_only"},
		{policies.Change{Tokens: to(hub.RequireApproval)}, "org.token_approval.enabled token policy fine_grained_only → require_approval"},
		{policies.Change{Tokens: to(hub.AllowAllTokens)}, "org.token_approval.disabled token policy require_approval → allow_all"},
		{policies.Change{PrivateOnly: &on, SSH: &deny}, "org.settings.security.repo_visibility SSH by policy → deny; private only false → true"},
		{policies.Change{MembersPublic: &on}, "org.settings.security.members_privacy.disable members public false → true"},
		{policies.Change{MembersPublic: &off}, "org.settings.security.members_privacy.enable members public true → false"},
		{policies.Change{PrivateOnly: &off}, "org.settings.security.repo_visibility private only true → false"},
		{policies.Change{GroupCreation: &creation}, "org.settings.resource_groups groups are created from role admin → write"},
		{policies.Change{MaxLifetime: to(90 * 24 * time.Hour), Lifetime: to(24 * time.Hour)}, "org.settings.token_lifetime longest lifetime of tokens as the hub says → 2160h0m0s; usual lifetime of tokens as the hub says → 24h0m0s"},
		{policies.Change{Leaks: to(hub.LeakRefuse)}, "org.settings.leaks tokens in files as the hub does → refuse"},
		{policies.Change{Features: map[hub.Feature]hub.FeatureRule{hub.FeatureJobs: {Access: hub.FeatureAdmins}}}, "org.settings.features feature jobs everyone → admins"},
	} {
		if _, err := w.svc.Set(ctx, w.admin, "", c.change, hub.Event{}); err != nil {
			t.Fatal(err)
		}
		rows, err := w.DB.AuditEvents(ctx, hub.AuditQuery{Limit: 1})
		w.check(err)
		const prefix = "changed rules of acme: "
		if got := rows[0].Type + " " + rows[0].Message[min(len(prefix), len(rows[0].Message)):]; got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		if rows[0].ActorName != "alice" || rows[0].TokenID == "" {
			t.Errorf("%s was done by %q with token %q", rows[0].Type, rows[0].ActorName, rows[0].TokenID)
		}
	}
}

func to[T any](v T) *T { return &v }
