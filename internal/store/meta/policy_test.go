package meta

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ambit-hub/ambit/internal/hub"
)

// setPolicy switches the token policy of an organization.
func setPolicy(t testing.TB, db *DB, org hub.ID, p hub.TokenPolicy) {
	t.Helper()
	must(t, db.ChangeOrgRules(ctx, org, hub.Event{}, func(r *hub.OrgRules) (string, error) { r.Tokens = p; return "switched", nil }))
}

func stateOf(t testing.TB, db *DB, token, org hub.ID) hub.TokenState {
	t.Helper()
	g, err := db.TokenGrant(ctx, token, org)
	must(t, err)
	return g.State
}

func onOrg(org hub.ID, ps ...hub.Permission) hub.Scope {
	return hub.Scope{EntityType: hub.EntityOrg, EntityID: org, NamespaceID: org, Permissions: ps}
}

func onRepo(r hub.Repo, ps ...hub.Permission) hub.Scope {
	return hub.Scope{EntityType: hub.EntityModel, EntityID: r.ID, NamespaceID: r.NamespaceID, GroupID: r.GroupID, Permissions: ps}
}

// TestReviewFollowsTheLaw goes through the transitions of the review: what enters, what an admin decides, what a
// change of permissions or of the policy does, and what is for good.
func TestReviewFollowsTheLaw(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		alice, bob := addUser(t, db, "alice"), addUser(t, db, "bob")
		acme := addOrg(t, db, "acme", alice.ID)
		must(t, db.SetMember(ctx, acme.ID, bob.ID, hub.RoleWrite, hub.Event{}))
		r := addRepo(t, db, acme.ID, "m")

		before, _ := addToken(t, db, bob.ID, onRepo(r, hub.PermRepoContentRead))
		admins, _ := addToken(t, db, alice.ID, onOrg(acme.ID, hub.PermRepoWrite))
		elsewhere, _ := addToken(t, db, bob.ID)
		for _, tok := range []hub.ID{before.ID, admins.ID, elsewhere.ID} {
			if s := stateOf(t, db, tok, acme.ID); s != hub.TokenNone {
				t.Errorf("without a policy: %s", s)
			}
		}

		// The switch: admins' tokens are approved, the others wait, those without scopes there are not concerned.
		setPolicy(t, db, acme.ID, hub.RequireApproval)
		want := func(tok hub.ID, s hub.TokenState, when string) {
			t.Helper()
			if got := stateOf(t, db, tok, acme.ID); got != s {
				t.Errorf("%s: %s, want %s", when, got, s)
			}
		}
		want(before.ID, hub.TokenPending, "switched on")
		want(admins.ID, hub.TokenApproved, "an admin's, switched on")
		want(elsewhere.ID, hub.TokenNone, "no scopes there")
		created, _ := addToken(t, db, bob.ID, onOrg(acme.ID, hub.PermRepoContentRead))
		want(created.ID, hub.TokenPending, "created")
		asked := hub.Token{ID: hub.NewID(), UserID: bob.ID, Kind: hub.TokenFineGrained, Name: "asked", Last4: "Wxyz", Scopes: []hub.Scope{onOrg(acme.ID, hub.PermRepoContentRead)}}
		must(t, db.CreateToken(ctx, asked, "k1", newDigest(), hub.Event{ActorID: bob.ID, ActorName: "bob", IP: "192.0.2.1"}))
		events, err := db.ListEvents(ctx, "", 1000)
		must(t, err)
		request := events[len(events)-2] // before that of the creation
		if request.Type != "org.token_approval.authorization_request" || request.ActorName != "bob" || request.IP != "192.0.2.1" ||
			request.NamespaceID != acme.ID || request.TargetID != asked.ID || request.Message != "token …Wxyz of bob waits for approval" {
			t.Errorf("the request is recorded as %+v", request)
		}
		createdByAdmin, _ := addToken(t, db, alice.ID, onOrg(acme.ID, hub.PermRepoContentRead))
		want(createdByAdmin.ID, hub.TokenApproved, "created by an admin")

		decide := func(tok hub.ID, to hub.TokenState, code hub.Code) {
			t.Helper()
			_, err := db.DecideToken(ctx, hub.TokenDecision{TokenID: tok, OrgID: acme.ID, To: to, ReviewerID: alice.ID, Reason: "because"}, hub.Event{})
			wantCode(t, err, code)
		}
		decide(elsewhere.ID, hub.TokenApproved, hub.NotFound)
		seen := func(gen int64, code hub.Code) {
			t.Helper()
			_, err := db.DecideToken(ctx, hub.TokenDecision{TokenID: asked.ID, OrgID: acme.ID, To: hub.TokenApproved, ReviewerID: alice.ID, Seen: gen}, hub.Event{})
			wantCode(t, err, code)
		}
		looked, err := db.TokenByID(ctx, asked.ID)
		must(t, err)
		wider := looked
		wider.Scopes = []hub.Scope{onOrg(acme.ID, hub.PermRepoWrite)}
		must(t, db.UpdateToken(ctx, wider, hub.Event{}))
		seen(looked.Gen, hub.Conflict)
		want(asked.ID, hub.TokenPending, "widened after it was looked at")
		looked, err = db.TokenByID(ctx, asked.ID)
		must(t, err)
		seen(looked.Gen, "")
		decide(created.ID, hub.TokenApproved, "")
		decide(created.ID, hub.TokenApproved, hub.Conflict)
		g, err := db.TokenGrant(ctx, created.ID, acme.ID)
		must(t, err)
		if g.ReviewerName != "alice" || g.Reason != "because" || g.ReviewedAt.IsZero() {
			t.Errorf("review: %+v", g)
		}

		// Renaming and narrowing change nothing; widening asks again.
		edit := func(name string, scopes ...hub.Scope) {
			t.Helper()
			must(t, db.UpdateToken(ctx, hub.Token{ID: created.ID, Name: name, Scopes: scopes}, hub.Event{}))
		}
		edit("renamed", onOrg(acme.ID, hub.PermRepoContentRead))
		want(created.ID, hub.TokenApproved, "renamed")
		must(t, db.RotateToken(ctx, created.ID, "wxyz", "k1", newDigest(), time.Time{}, hub.Event{}))
		want(created.ID, hub.TokenApproved, "rotated")
		edit("narrowed", onOrg(acme.ID))
		want(created.ID, hub.TokenApproved, "narrowed")
		edit("widened", onOrg(acme.ID, hub.PermRepoContentRead))
		want(created.ID, hub.TokenPending, "an atom more")
		decide(created.ID, hub.TokenApproved, "")
		edit("a repository more", onOrg(acme.ID, hub.PermRepoContentRead), onRepo(r, hub.PermRepoWrite))
		want(created.ID, hub.TokenPending, "a repository more")
		decide(created.ID, hub.TokenApproved, "")
		edit("override", onOrg(acme.ID, hub.PermRepoWrite), onRepo(r))
		want(created.ID, hub.TokenPending, "more on everything else")
		decide(created.ID, hub.TokenApproved, "")
		edit("override gone", onOrg(acme.ID, hub.PermRepoWrite))
		want(created.ID, hub.TokenPending, "the entry that took something away is gone")

		// A denial holds through changes of permissions; it can be taken back. A revocation cannot.
		decide(created.ID, hub.TokenDenied, "")
		edit("widened again", onOrg(acme.ID, hub.PermRepoWrite, hub.PermOrgRead))
		want(created.ID, hub.TokenDenied, "widened after a denial")
		decide(created.ID, hub.TokenApproved, "")
		decide(created.ID, hub.TokenRevoked, "")
		for _, to := range []hub.TokenState{hub.TokenApproved, hub.TokenDenied, hub.TokenRevoked} {
			decide(created.ID, to, hub.Conflict)
		}

		// Off and on again: what was decided still holds.
		decide(before.ID, hub.TokenDenied, "")
		setPolicy(t, db, acme.ID, hub.AllowAllTokens)
		meanwhile, _ := addToken(t, db, bob.ID, onOrg(acme.ID, hub.PermRepoContentRead))
		want(meanwhile.ID, hub.TokenNone, "created meanwhile")
		setPolicy(t, db, acme.ID, hub.RequireApproval)
		want(before.ID, hub.TokenDenied, "off and on")
		want(created.ID, hub.TokenRevoked, "off and on")
		want(meanwhile.ID, hub.TokenPending, "off and on")

		// An admin's no longer being one changes nothing until the permissions change.
		must(t, db.SetMember(ctx, acme.ID, bob.ID, hub.RoleAdmin, hub.Event{}))
		want(meanwhile.ID, hub.TokenPending, "promoted")
		must(t, db.SetMember(ctx, acme.ID, alice.ID, hub.RoleWrite, hub.Event{}))
		want(admins.ID, hub.TokenApproved, "demoted")
		must(t, db.UpdateToken(ctx, hub.Token{ID: admins.ID, Name: "x", Scopes: []hub.Scope{onOrg(acme.ID, hub.PermRepoWrite, hub.PermOrgRead)}}, hub.Event{}))
		want(admins.ID, hub.TokenPending, "widened by somebody demoted")

		// Leaving forgets everything but a revocation; coming back is reviewed anew.
		must(t, db.RemoveMember(ctx, acme.ID, alice.ID, hub.Event{}))
		want(admins.ID, hub.TokenNone, "left")
		must(t, db.SetMember(ctx, acme.ID, alice.ID, hub.RoleRead, hub.Event{}))
		want(admins.ID, hub.TokenPending, "came back")
		must(t, db.SetMember(ctx, acme.ID, alice.ID, hub.RoleAdmin, hub.Event{}))
		must(t, db.RemoveMember(ctx, acme.ID, bob.ID, hub.Event{}))
		want(created.ID, hub.TokenRevoked, "a revocation is remembered")
		must(t, db.DeleteUser(ctx, bob.ID, hub.Event{}))
	})
}

// TestRulesInFacts: what an organization says reaches the snapshots of its members, and only what is not the default.
func TestRulesInFacts(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		f, err := db.UserFacts(ctx, w.bob.ID)
		must(t, err)
		if f.Rules != nil {
			t.Errorf("default rules in the facts: %+v", f.Rules)
		}
		want := hub.OrgRules{
			OrgID: w.acme.ID, Tokens: hub.FineGrainedOnly, SSH: hub.SSHDenied, PrivateOnly: true, MembersPublic: true, GroupCreation: hub.RoleWrite,
			IPRanges:    []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")},
			Features:    map[hub.Feature]hub.FeatureRule{hub.FeatureJobs: {Access: hub.FeatureGroups, Groups: []hub.ID{w.acme.ID}}},
			MaxLifetime: 90 * 24 * time.Hour, Lifetime: time.Hour, MaxTokens: 7, Leaks: hub.LeakRefuse,
		}
		changes := 0
		db.OnChange(func(cs []hub.Change) { changes += len(cs) })
		must(t, db.ChangeOrgRules(ctx, w.acme.ID, hub.Event{}, func(r *hub.OrgRules) (string, error) { *r = want; return "", nil }))
		f, err = db.UserFacts(ctx, w.bob.ID)
		must(t, err)
		if d := cmp.Diff([]hub.OrgRules{want}, f.Rules, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); d != "" {
			t.Error(d)
		}
		if changes != 1 {
			t.Errorf("%d changes told", changes)
		}
		_, err = db.OrgRules(ctx, hub.NewID())
		wantCode(t, err, hub.NotFound)
	})
}

// TestOrgTokens: the listing of an organization's administrators, filter by filter.
func TestOrgTokens(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		classic := hub.Token{ID: hub.NewID(), UserID: w.bob.ID, Kind: hub.TokenRead, Name: "classic", Last4: "abcd", CreatedAt: testTime()}
		must(t, db.CreateToken(ctx, classic, "k1", newDigest(), hub.Event{}))
		outside, _ := addToken(t, db, w.bob.ID)
		foreign, _ := addToken(t, db, w.carol.ID, onOrg(w.acme.ID, hub.PermRepoWrite))
		onPrivate, _ := addToken(t, db, w.bob.ID, onRepo(w.private, hub.PermRepoContentRead))
		must(t, db.TouchTokens(ctx, map[hub.ID]time.Time{classic.ID: testTime()}))
		ask := func(q hub.OrgTokenQuery) map[hub.ID]bool {
			t.Helper()
			q.OrgID, q.Limit = w.acme.ID, max(q.Limit, 100)
			list, err := db.OrgTokens(ctx, q)
			must(t, err)
			got := map[hub.ID]bool{}
			for _, x := range list {
				got[x.ID] = true
			}
			return got
		}
		check := func(what string, got map[hub.ID]bool, want ...hub.ID) {
			t.Helper()
			ok := len(got) == len(want)
			for _, id := range want {
				ok = ok && got[id]
			}
			if !ok {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		check("all", ask(hub.OrgTokenQuery{}), w.token.ID, classic.ID, onPrivate.ID)
		check("owner", ask(hub.OrgTokenQuery{OwnerID: w.alice.ID}), w.token.ID)
		check("kind", ask(hub.OrgTokenQuery{Kind: hub.TokenRead}), classic.ID)
		check("unused", ask(hub.OrgTokenQuery{UnusedSince: testTime().Add(-time.Hour)}), w.token.ID, onPrivate.ID)
		check("atom", ask(hub.OrgTokenQuery{Carries: hub.PermRepoWrite}), w.token.ID)
		check("reading", ask(hub.OrgTokenQuery{Carries: hub.PermRepoContentRead}), classic.ID, onPrivate.ID)
		check("after", ask(hub.OrgTokenQuery{After: classic.ID}), onPrivate.ID)
		_, err := db.DecideToken(ctx, hub.TokenDecision{TokenID: classic.ID, OrgID: w.acme.ID, To: hub.TokenRevoked, ReviewerID: w.alice.ID}, hub.Event{})
		must(t, err)
		check("revoked are hidden", ask(hub.OrgTokenQuery{}), w.token.ID, onPrivate.ID)
		check("until asked for", ask(hub.OrgTokenQuery{WithRevoked: true}), w.token.ID, classic.ID, onPrivate.ID)
		check("by state", ask(hub.OrgTokenQuery{State: hub.TokenRevoked}), classic.ID)
		_, _ = outside, foreign
		_, err = db.OrgTokens(ctx, hub.OrgTokenQuery{OrgID: w.acme.ID})
		wantCode(t, err, hub.InvalidInput)
		_, err = db.DecideToken(ctx, hub.TokenDecision{TokenID: foreign.ID, OrgID: w.acme.ID, To: hub.TokenRevoked, ReviewerID: w.alice.ID}, hub.Event{})
		wantCode(t, err, hub.NotFound)
	})
}
