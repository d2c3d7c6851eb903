package testkit_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/accounts"
	"github.com/ambit-hub/ambit/internal/service/groups"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/serviceaccounts"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/store/meta"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// unlucky is a store in which somebody has just got the tail of the first ids that are asked for.
type unlucky struct {
	*meta.DB
	left    int
	refused []hub.ID
}

// note passes on what the store says about an id.
func (u *unlucky) note(ctx context.Context, id hub.ID, create func() error) error {
	if u.left > 0 {
		u.left--
		other := hub.NewID()
		if err := u.DB.CreateUser(ctx, hub.User{ID: other[:16] + id[16:], Name: "u" + string(other)}, "", hub.Event{}); err != nil {
			return err
		}
	}
	err := create()
	if errors.Is(err, hub.ErrTailTaken) {
		u.refused = append(u.refused, id)
	}
	return err
}

func (u *unlucky) CreateUser(ctx context.Context, x hub.User, hash string, ev hub.Event) error {
	return u.note(ctx, x.ID, func() error { return u.DB.CreateUser(ctx, x, hash, ev) })
}

func (u *unlucky) CreateOrg(ctx context.Context, x hub.Organization, admin hub.ID, ev hub.Event) error {
	return u.note(ctx, x.ID, func() error { return u.DB.CreateOrg(ctx, x, admin, ev) })
}

func (u *unlucky) CreateGroup(ctx context.Context, x hub.ResourceGroup, ms []hub.GroupMember, ev hub.Event, moves ...hub.Event) error {
	return u.note(ctx, x.ID, func() error { return u.DB.CreateGroup(ctx, x, ms, ev, moves...) })
}

func (u *unlucky) CreateServiceAccount(ctx context.Context, x hub.ServiceAccount, ev hub.Event) error {
	return u.note(ctx, x.ID, func() error { return u.DB.CreateServiceAccount(ctx, x, ev) })
}

func (u *unlucky) CreateRepo(ctx context.Context, x hub.Repo, p hub.Publication, ev hub.Event) error {
	return u.note(ctx, x.ID, func() error { return u.DB.CreateRepo(ctx, x, p, ev) })
}

// TestTakenTailsAreNotSeen holds that whoever makes something gets it also when the first ids for it have tails that are taken:
// under one id, which the row, its members, its events and its files agree on, and nothing is there under the others.
func TestTakenTailsAreNotSeen(t *testing.T) {
	ctx := context.Background()
	h := testkit.New(t, func(*testkit.Hub) {})
	h.World()
	acme, err := h.DB.OrgByName(ctx, "acme")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(err)
	grant := func(s *access.Subject, a access.Action, target access.Target) access.Grant {
		t.Helper()
		g, err := h.Zone.Authorize(ctx, s, access.Need{Action: a, Target: target})
		check(err)
		return g
	}
	alice := h.Subject("alice.write")
	operator := grant(access.Operator(), access.InstanceAdmin, access.Hub())
	packs := func(id hub.ID) (keys []string) {
		t.Helper()
		check(h.Blobs.Keys(ctx, "pack/"+string(id)+"/", func(key string, _ int64) error { keys = append(keys, key); return nil }))
		return keys
	}
	big := make([]byte, 2*hub.MaxInlinePack) // so that the pack does not lie in its row
	rand.Read(big)
	named := hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "named"}
	h.Repo("alice.write", named, repos.NewRepo{})

	for _, c := range []struct {
		kind, event string
		make        func(u *unlucky) (hub.ID, error)
		subject     func(ev hub.Event) hub.ID // what the event is about
		after       func(id hub.ID, refused []hub.ID)
	}{
		{"user", "user.create", func(u *unlucky) (hub.ID, error) {
			x, err := accounts.New(u, h.Keys, accounts.Options{}).CreateUser(ctx, operator, accounts.NewUser{Name: "fred"})
			return x.ID, err
		}, func(ev hub.Event) hub.ID { return ev.NamespaceID }, func(id hub.ID, _ []hub.ID) {
			u, err := h.DB.UserByName(ctx, "fred")
			if err != nil || u.ID != id {
				t.Errorf("user %+v, %v", u, err)
			}
		}},
		{"organization", "org.create", func(u *unlucky) (hub.ID, error) {
			x, err := accounts.New(u, h.Keys, accounts.Options{}).CreateOrg(ctx, operator, accounts.NewOrg{Name: "fellows", Admin: "bob"})
			return x.ID, err
		}, func(ev hub.Event) hub.ID { return ev.NamespaceID }, func(id hub.ID, _ []hub.ID) {
			o, err := h.DB.OrgByName(ctx, "fellows")
			if err != nil || o.ID != id {
				t.Errorf("organization %+v, %v", o, err)
			}
		}},
		{"group", "resource_group.create", func(u *unlucky) (hub.ID, error) {
			x, err := groups.New(u, h.Zone, nil).Create(ctx, grant(alice, access.GroupCreate, access.Namespace("acme")), "", groups.NewGroup{Name: "lab",
				People: []groups.Person{{User: "bob", Role: hub.RoleAdmin}}, Repos: []hub.RepoID{named}}, hub.Event{})
			return x.ID, err
		}, func(ev hub.Event) hub.ID { return ev.TargetID }, func(id hub.ID, _ []hub.ID) {
			ms, err := h.DB.GroupMembers(ctx, id)
			check(err)
			r, _, err := h.DB.RepoByName(ctx, named)
			if err != nil || r.GroupID != id || len(ms) != 1 || ms[0].UserName != "bob" {
				t.Errorf("members %+v, repository in %s, %v", ms, r.GroupID, err)
			}
		}},
		{"service account", "org.service_account.create", func(u *unlucky) (hub.ID, error) {
			x, made, err := serviceaccounts.New(u, h.Keys, testkit.Instance, serviceaccounts.Options{}).Create(ctx,
				grant(alice, access.ServiceAccountsWrite, access.Namespace("acme")), "", serviceaccounts.NewAccount{Name: "robot",
					Token: &serviceaccounts.NewToken{Permissions: []hub.Permission{hub.PermRepoContentRead}}}, hub.Event{})
			if err == nil && made.AccountID != x.ID {
				t.Errorf("the first token is of %s", made.AccountID)
			}
			return x.ID, err
		}, func(ev hub.Event) hub.ID { return ev.TargetID }, func(id hub.ID, _ []hub.ID) {
			all, err := h.DB.ServiceAccounts(ctx, acme.ID)
			if err != nil || len(all) != 1 || all[0].ID != id {
				t.Errorf("accounts %+v, %v", all, err)
			}
		}},
		{"repository", "repo.create", func(u *unlucky) (hub.ID, error) {
			git := gitrepo.New(gitrepo.Config{CacheDir: t.TempDir()}, u, h.Blobs)
			defer git.Close()
			id := hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "big"}
			x, err := repos.New(u, git, h.Blobs, nil).Create(ctx, grant(alice, access.RepoCreate, access.NewRepo(id)),
				repos.NewRepo{Files: []repos.File{{Path: "big.bin", Content: big}}}, hub.Event{Type: "repo.create"})
			return x.ID, err
		}, func(ev hub.Event) hub.ID { return ev.RepoID }, func(id hub.ID, refused []hub.ID) {
			r, err := h.DB.RepoByID(ctx, id)
			if err != nil || r.Name != "big" || r.HeadOID.IsZero() || len(packs(id)) != 1 {
				t.Errorf("repository %+v, packs %v, %v", r, packs(id), err)
			}
			snap, err := h.Git.Open(ctx, id)
			check(err)
			defer snap.Close()
			if head, err := snap.Resolve(ctx, "HEAD"); err != nil || head != r.HeadOID {
				t.Errorf("head %v, %v", head, err)
			}
			for _, id := range refused {
				if left := packs(id); len(left) > 0 {
					t.Errorf("packs were left: %v", left)
				}
			}
		}},
	} {
		t.Run(c.kind, func(t *testing.T) {
			u := &unlucky{DB: h.DB, left: 2}
			id, err := c.make(u)
			check(err)
			if len(u.refused) != 2 || slices.Contains(u.refused, id) {
				t.Fatalf("%s got %s, refused were %v", c.kind, id, u.refused)
			}
			c.after(id, u.refused)
			events, err := h.DB.ListEvents(ctx, "", 1000)
			check(err)
			last := hub.Event{}
			for _, ev := range events {
				if ev.Type == c.event {
					last = ev
				}
				for _, x := range u.refused {
					if ev.NamespaceID == x || ev.RepoID == x || ev.TargetID == x {
						t.Errorf("an event tells of what is not there: %+v", ev)
					}
				}
			}
			if c.subject(last) != id {
				t.Errorf("the event is about another thing than %s: %+v", id, last)
			}
		})
	}
}
