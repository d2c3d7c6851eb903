package meta

import (
	"sync"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// What an admin decides and what an owner changes at the same moment come one after the other: a revocation is for good,
// and no token slips past a policy that is being switched on.
func TestReviewsThatMeet(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		alice, bob := addUser(t, db, "alice"), addUser(t, db, "bob")
		acme := addOrg(t, db, "acme", alice.ID)
		must(t, db.SetMember(ctx, acme.ID, bob.ID, hub.RoleWrite, hub.Event{}))
		narrow, wide := onOrg(acme.ID, hub.PermRepoContentRead), onOrg(acme.ID, hub.PermRepoWrite, hub.PermOrgRead)
		together := func(fs ...func() error) {
			var wg sync.WaitGroup
			errs := make([]error, len(fs))
			for i, f := range fs {
				wg.Go(func() { errs[i] = f() })
			}
			wg.Wait()
			for _, err := range errs {
				must(t, err)
			}
		}
		for range 30 {
			setPolicy(t, db, acme.ID, hub.RequireApproval)
			tok, _ := addToken(t, db, bob.ID, narrow)
			together(func() error {
				_, err := db.DecideToken(ctx, hub.TokenDecision{TokenID: tok.ID, OrgID: acme.ID, To: hub.TokenRevoked, ReviewerID: alice.ID}, hub.Event{})
				return err
			}, func() error {
				tok.Scopes = []hub.Scope{wide}
				return db.UpdateToken(ctx, tok, hub.Event{})
			})
			if s := stateOf(t, db, tok.ID, acme.ID); s != hub.TokenRevoked {
				t.Fatalf("a token that was revoked while it was changed is %s", s)
			}

			setPolicy(t, db, acme.ID, hub.AllowAllTokens)
			fresh := hub.Token{ID: hub.NewID(), UserID: bob.ID, Kind: hub.TokenFineGrained, Name: "new", Last4: "abcd", Scopes: []hub.Scope{narrow}, CreatedAt: testTime()}
			together(func() error {
				return db.ChangeOrgRules(ctx, acme.ID, hub.Event{}, func(r *hub.OrgRules) (string, error) { r.Tokens = hub.RequireApproval; return "", nil })
			}, func() error {
				return db.CreateToken(ctx, fresh, "k1", newDigest(), hub.Event{})
			})
			if s := stateOf(t, db, fresh.ID, acme.ID); s != hub.TokenPending {
				t.Fatalf("a token that was made while the policy was switched on is %s", s)
			}
		}
	})
}
