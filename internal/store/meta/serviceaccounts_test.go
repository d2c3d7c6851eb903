package meta

import (
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestServiceAccounts: accounts, tokens, what snapshots read of them, and their end.
func TestServiceAccounts(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		a := hub.ServiceAccount{ID: hub.NewID(), OrgID: w.acme.ID, Name: "robot", Description: "builds"}
		must(t, db.CreateServiceAccount(ctx, a, hub.Event{}))
		digest := newDigest()
		tok := hub.ServiceToken{
			ID: hub.NewID(), AccountID: a.ID, Name: "ci", Last4: "abcd", Permissions: []hub.Permission{hub.PermRepoContentRead},
			Repos: []hub.ID{w.private.ID, w.public.ID}, RepoPermissions: []hub.Permission{hub.PermRepoWrite}, SkipNetwork: true,
		}
		must(t, db.CreateServiceToken(ctx, tok, "k1", digest, hub.Event{}))
		f, err := db.TokenFacts(ctx, digest)
		must(t, err)
		if f.Service == nil || f.Service.OrgName != "Acme" || f.User.ID != "" || !f.SkipNetwork || len(f.Memberships) != 1 || len(f.Token.Scopes) != 3 {
			t.Fatalf("facts: %+v", f)
		}
		used := testTime()
		must(t, db.TouchTokens(ctx, map[hub.ID]time.Time{tok.ID: used}))
		list, err := db.ServiceTokens(ctx, a.ID)
		must(t, err)
		if len(list) != 1 || !list[0].LastUsedAt.Equal(used) || len(list[0].Repos) != 2 {
			t.Errorf("tokens: %+v", list)
		}
		must(t, db.DeleteRepo(ctx, w.public.ID, hub.Event{}))
		fresh := newDigest()
		must(t, db.RotateServiceToken(ctx, tok.ID, hub.Rotation{Last4: "wxyz", KID: "k1", Digest: fresh}, hub.Event{}))
		_, err = db.TokenFacts(ctx, digest)
		wantCode(t, err, hub.Unauthorized)
		if f, err = db.TokenFacts(ctx, fresh); err != nil || len(f.Token.Scopes) != 2 {
			t.Errorf("rotated: %+v %v", f, err)
		}
		tok.Permissions, tok.Repos = nil, nil
		must(t, db.UpdateServiceToken(ctx, tok, hub.Event{}))
		must(t, db.RevokeServiceToken(ctx, tok.ID, "leaked", time.Time{}, hub.Event{}))
		wantCode(t, db.RevokeServiceToken(ctx, tok.ID, "leaked", time.Time{}, hub.Event{}), hub.NotFound)
		if f, err = db.TokenFacts(ctx, fresh); err != nil || f.Token.RevokedAt.IsZero() {
			t.Errorf("revoked: %+v %v", f, err)
		}
		var told []hub.Change
		db.OnChange(func(cs []hub.Change) { told = append(told, cs...) })
		must(t, db.DeleteServiceAccount(ctx, a.ID, hub.Event{}))
		_, err = db.TokenFacts(ctx, fresh)
		wantCode(t, err, hub.Unauthorized)
		if len(told) == 0 || told[0] != (hub.Change{Kind: hub.ChangeUser, ID: a.ID}) {
			t.Errorf("told %v", told)
		}
	})
}

// TestDenialsAreKept finds refusals by request.
func TestDenialsAreKept(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		must(t, db.RecordDenials(ctx, []hub.Denial{
			{RequestID: "r1", At: testTime(), Kind: "ssh", Action: "repo.write", Target: "model:a/b", Code: hub.Forbidden, Reason: "role.lacks_write"},
			{RequestID: "r2", At: testTime(), Action: "repo.view"},
		}))
		ds, err := db.Denials(ctx, "r1")
		must(t, err)
		if len(ds) != 1 || ds[0].Reason != "role.lacks_write" || ds[0].Code != hub.Forbidden || ds[0].Kind != "ssh" {
			t.Errorf("%+v", ds)
		}
	})
}
