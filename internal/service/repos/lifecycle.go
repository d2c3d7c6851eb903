package repos

import (
	"context"
	"net/mail"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Delete removes the repository that g allows to delete. It is out of sight at once; its bytes go later.
func (s *Service) Delete(ctx context.Context, g access.Grant, ev hub.Event) error {
	repo, err := g.Repo(access.RepoDelete)
	if err != nil {
		return err
	}
	ev.RepoID, ev.NamespaceID = repo.ID, repo.NamespaceID
	ev.Message = "Deleted the " + string(repo.Type) + " " + repo.FullName() + "."
	return s.meta.DeleteRepo(ctx, repo.ID, ev)
}

// Move gives the repository a new name. Within its namespace g must hold RepoMove; into another one
// RepoTransfer, and RepoCreate on the new id. The old name keeps leading to it. A move counts as creating: what is public
// does not come into an organization where the caller may not create anything public.
// Conflict when the new name is taken, InvalidInput when it is no name, Forbidden.
func (s *Service) Move(ctx context.Context, g access.Grant, to hub.RepoID, ev hub.Event) (hub.RepoID, error) {
	repo, err := g.Repo(access.RepoMove)
	target := hub.RepoID{Type: repo.Type, Namespace: repo.Namespace, Name: to.Name}
	owner := repo.NamespaceID
	if err != nil || hub.NameKey(to.Namespace) != hub.NameKey(repo.Namespace) {
		if repo, err = g.Repo(access.RepoTransfer); err != nil {
			return hub.RepoID{}, err
		}
		id, ns, err := g.NewRepo()
		if err != nil {
			return hub.RepoID{}, err
		}
		target, owner = id, ns.ID
		if repo.Visibility == hub.Public && !g.AllowsNew(access.RepoCreatePublic) {
			return hub.RepoID{}, privateOnly(ns.Name, "bring a public one in: make it private before it moves")
		}
	}
	if err := hub.CheckRepoName(target.Name); err != nil {
		return hub.RepoID{}, err
	}
	if target == repo.RepoID {
		return target, nil
	}
	ev.RepoID, ev.NamespaceID = repo.ID, owner
	ev.Message = "Moved the " + string(repo.Type) + " " + repo.FullName() + " to " + target.FullName() + "."
	return target, s.meta.MoveRepo(ctx, repo.ID, target, owner, ev)
}

// Settings are the changes of a repository's settings; nil leaves one as it is.
type Settings struct {
	Visibility          *hub.Visibility
	Gated               *hub.GateMode
	MembersGated        *bool           // members of the organization have to be let in too
	GateEmail           *string         // whom requests for access are told to; "" for the owner
	GateNotify          *hub.GateNotify // how
	DiscussionsDisabled *bool
}

// CheckSettings tells whether settings fit repositories of type t; the error is InvalidInput.
func CheckSettings(t hub.RepoType, c Settings) error {
	if c.Visibility != nil {
		switch *c.Visibility {
		case hub.Public, hub.Private:
		case hub.Protected:
			if t != hub.Space {
				return hub.Errorf(hub.InvalidInput, "Only a Space can be protected.")
			}
		default:
			return hub.Errorf(hub.InvalidInput, "Unknown visibility %q: use public, private or, for Spaces, protected.", string(*c.Visibility))
		}
	}
	if c.Gated != nil && *c.Gated != hub.Ungated && t == hub.Space {
		return hub.Errorf(hub.InvalidInput, "A Space cannot be gated; models and datasets can.")
	}
	return checkNotifications(c)
}

// maxEmail is the length in bytes that an e-mail address may have. Source: RFC 5321, 4.5.3.1.
const maxEmail = 254

func checkNotifications(c Settings) error {
	if c.GateNotify != nil && *c.GateNotify != hub.GateNotifyBulk && *c.GateNotify != hub.GateNotifyRealTime {
		return hub.Errorf(hub.InvalidInput, "Unknown mode %q of notifications: use bulk or real-time.", string(*c.GateNotify))
	}
	if c.GateEmail == nil || *c.GateEmail == "" {
		return nil
	}
	if a, err := mail.ParseAddress(*c.GateEmail); err != nil || a.Address != *c.GateEmail || len(*c.GateEmail) > maxEmail {
		return hub.Errorf(hub.InvalidInput, "The address for notifications is not a plain e-mail address.")
	}
	return nil
}

// privateOnly is the refusal of an organization that keeps its repositories private.
func privateOnly(org, what string) error {
	return &hub.Error{Code: hub.Forbidden, Reason: "policy.private_only", Message: org + " keeps its repositories private: only its admins may " + what + "."}
}

// checkHiding tells whether g may take a repository out of everybody's sight: in an organization that keeps its repositories
// private, visibility is its admins' to change, in either direction.
func (s *Service) checkHiding(ctx context.Context, g access.Grant, repo hub.Repo, c Settings) error {
	if c.Visibility == nil || c.Publishes() || *c.Visibility == repo.Visibility || !repo.OwnerIsOrg || g.Allows(access.RepoPublish) {
		return nil
	}
	rules, err := s.meta.OrgRules(ctx, repo.NamespaceID)
	if err != nil || !rules.PrivateOnly {
		return err
	}
	return privateOnly(repo.Namespace, "change who sees one")
}

// Publishes tells whether the change would show the repository to everybody, which needs RepoPublish.
func (c Settings) Publishes() bool { return c.Visibility != nil && *c.Visibility == hub.Public }

// Configure changes settings. g must hold RepoSettings, and RepoPublish if the change publishes. Forbidden, InvalidInput.
func (s *Service) Configure(ctx context.Context, g access.Grant, c Settings, ev hub.Event) error {
	granted, err := g.Repo(access.RepoSettings)
	if err != nil {
		return err
	}
	if c.Publishes() {
		if _, err := g.Repo(access.RepoPublish); err != nil {
			return err
		}
	}
	if err := CheckSettings(granted.Type, c); err != nil {
		return err
	}
	if err := s.checkHiding(ctx, g, granted, c); err != nil {
		return err
	}
	ev.RepoID, ev.NamespaceID = granted.ID, granted.NamespaceID
	return s.meta.ChangeRepo(ctx, granted.ID, ev, func(repo *hub.Repo) (string, error) {
		before := *repo
		if c.Visibility != nil {
			repo.Visibility = *c.Visibility
		}
		if c.Gated != nil {
			repo.Gated = *c.Gated
		}
		if c.MembersGated != nil {
			repo.MembersGated = *c.MembersGated
		}
		if c.GateEmail != nil {
			repo.GateEmail = *c.GateEmail
		}
		if c.GateNotify != nil {
			repo.GateNotify = *c.GateNotify
		}
		if c.DiscussionsDisabled != nil {
			repo.DiscussionsDisabled = *c.DiscussionsDisabled
		}
		return describe(before, *repo), nil
	})
}

func describe(before, after hub.Repo) string {
	m := "Changed settings of the " + string(after.Type) + " " + after.FullName() + ":"
	if before.Visibility != after.Visibility {
		m += " visibility " + string(before.Visibility) + " → " + string(after.Visibility) + "."
	}
	if before.Gated != after.Gated {
		m += " gate " + gateWord(before.Gated) + " → " + gateWord(after.Gated) + "."
	}
	if before.MembersGated != after.MembersGated {
		m += map[bool]string{true: " the gate holds for members too.", false: " members pass the gate."}[after.MembersGated]
	}
	if before.GateEmail != after.GateEmail || before.GateNotify != after.GateNotify {
		m += " how requests for access are told."
	}
	if before.DiscussionsDisabled != after.DiscussionsDisabled {
		m += map[bool]string{true: " discussions off.", false: " discussions on."}[after.DiscussionsDisabled]
	}
	return m
}

func gateWord(m hub.GateMode) string {
	if m == hub.Ungated {
		return "none"
	}
	return string(m)
}
