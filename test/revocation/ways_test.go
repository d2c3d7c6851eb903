package revocation

import (
	"context"
	"fmt"
	"time"

	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// format is that of this hub's tokens.
var format = tokenfmt.ForInstance(testkit.Instance)

// closedRow is the row of the repository that all are after.
func (b *bench) closedRow() hub.Repo {
	r, _, err := b.DB.RepoByName(context.Background(), hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "closed"})
	b.check(err)
	return r
}

func (b *bench) check(err error) {
	if err != nil {
		b.t.Helper()
		b.t.Error(err)
	}
}

// moreRevocations take away one part of what a request needs each: a scope, a membership, a role in a group, the way
// through a gate, a value, an identity.
var moreRevocations = []revocation{
	{name: "the token loses its scope", set: func(b *bench, round int) (string, func()) {
		name := fmt.Sprint("narrowed-", round)
		value := b.Token(name, "bob", hub.Token{Kind: hub.TokenFineGrained, Scopes: []hub.Scope{b.Scope(hub.EntityModel, "acme/closed", hub.PermRepoContentRead)}})
		id := b.Subject(name).TokenID()
		return value, func() {
			t, err := b.DB.TokenByID(context.Background(), id)
			b.check(err)
			t.Scopes = nil
			b.check(b.DB.UpdateToken(context.Background(), t, hub.Event{}))
		}
	}},
	{name: "the value is rotated away", set: func(b *bench, round int) (string, func()) {
		id, value := b.token(round)
		return value, func() {
			kid, digest := b.Keys.TokenDigest(secret.New(format.Generate()))
			b.check(b.DB.RotateToken(context.Background(), id, "abcd", kid, digest, time.Now(), hub.Event{}))
		}
	}},
	{name: "the member is removed", set: func(b *bench, round int) (string, func()) {
		ctx := context.Background()
		bob, err := b.DB.UserByName(ctx, "bob")
		b.check(err)
		b.check(b.DB.SetMember(ctx, b.org().ID, bob.ID, hub.RoleRead, hub.Event{}))
		return b.TokenValue("bob.read"), func() { b.check(b.DB.RemoveMember(ctx, b.org().ID, bob.ID, hub.Event{})) }
	}},
	{name: "the role in the group is taken", set: func(b *bench, round int) (string, func()) {
		ctx := context.Background()
		bob, err := b.DB.UserByName(ctx, "bob")
		b.check(err)
		b.check(b.DB.SetMember(ctx, b.org().ID, bob.ID, hub.RoleNoAccess, hub.Event{}))
		g := hub.ResourceGroup{ID: hub.NewID(), OrgID: b.org().ID, Name: fmt.Sprint("group-", round)}
		b.check(b.DB.CreateGroup(ctx, g, []hub.GroupMember{{GroupID: g.ID, UserID: bob.ID, Role: hub.RoleRead}}, hub.Event{}))
		b.check(b.DB.SetRepoGroup(ctx, b.closedRow().ID, g.ID, hub.Event{}))
		return b.TokenValue("bob.read"), func() { b.check(b.DB.RemoveGroupMember(ctx, g.ID, bob.ID, hub.Event{})) }
	}},
	{name: "the gate is shut", paths: []string{closed + "/auth-check", "/acme/closed/resolve/main/.gitattributes"}, set: func(b *bench, round int) (string, func()) {
		ctx := context.Background()
		mallory, err := b.DB.UserByName(ctx, "mallory")
		b.check(err)
		repo := b.closedRow()
		open := func(r *hub.Repo) (string, error) {
			r.Visibility, r.Gated = hub.Public, hub.GateManual
			return "", nil
		}
		b.check(b.DB.ChangeRepo(ctx, repo.ID, hub.Event{}, open))
		if round == 0 {
			b.check(b.DB.GrantGate(ctx, repo.ID, hub.GateUser, mallory.ID, "", time.Time{}, hub.Event{}))
		} else {
			_, err = b.DB.DecideGate(ctx, repo.ID, hub.GateUser, mallory.ID, hub.GateAccepted, "", "", time.Time{}, hub.Event{})
			b.check(err)
		}
		return b.TokenValue("mallory.read"), func() {
			_, err := b.DB.DecideGate(ctx, repo.ID, hub.GateUser, mallory.ID, hub.GateRejected, "", "", time.Time{}, hub.Event{})
			b.check(err)
		}
	}},
	{name: "the service account's token is revoked", set: func(b *bench, round int) (string, func()) {
		ctx := context.Background()
		a := hub.ServiceAccount{ID: hub.NewID(), OrgID: b.org().ID, Name: fmt.Sprint("robot-", round)}
		b.check(b.DB.CreateServiceAccount(ctx, a, hub.Event{}))
		t := hub.ServiceToken{ID: hub.NewID(), AccountID: a.ID, Name: "t", Last4: "abcd", Permissions: []hub.Permission{hub.PermRepoContentRead}}
		value := format.Generate()
		kid, digest := b.Keys.TokenDigest(secret.New(value))
		b.check(b.DB.CreateServiceToken(ctx, t, kid, digest, hub.Event{}))
		return value, func() { b.check(b.DB.RevokeServiceToken(ctx, t.ID, "deleted", time.Now(), hub.Event{})) }
	}},
}
