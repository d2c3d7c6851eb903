package tokens

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Insight is what a token can do, what it did, and what it could do without.
type Insight struct {
	Token    Owned
	Since    time.Time // uses before are not looked at: 90 days ago, or the token's creation
	Can      []EntityAtoms
	Private  []ReachableRepo // repositories that not everybody may read and that it reaches now
	More     bool            // there are more of those, or more uses, than are listed
	Did      []Use
	Unused   []EntityAtoms // of Can, what was not used since then
	Proposal []EntityAtoms // a fine-grained token that could have done all it did; nil when it did nothing
}

// EntityAtoms are permissions on one entity; the entity without a name stands for everything.
type EntityAtoms struct {
	Entity      Entity
	Permissions []hub.Permission
}

// ReachableRepo is a repository that a token reaches.
type ReachableRepo struct {
	Repo  hub.RepoID
	Write bool
}

// Use is one thing that a token did.
type Use struct {
	Permission hub.Permission // access.PublicUse: reading what everybody may read
	On         Entity         // without a name when it is gone
	First      time.Time
	Last       time.Time
	Uses       int64
}

// InsightStore is what insight reads besides.
type InsightStore interface {
	TokenFactsByID(ctx context.Context, id hub.ID) (hub.SubjectFacts, error)
	ReachOf(ctx context.Context, token hub.ID, limit int) ([]hub.Reach, error)
	RepoByID(ctx context.Context, id hub.ID) (hub.Repo, error)
	ListRepos(ctx context.Context, q hub.RepoQuery) ([]hub.Repo, string, error)
	OrgByID(ctx context.Context, id hub.ID) (hub.Organization, error)
	UserByID(ctx context.Context, id hub.ID) (hub.User, error)
}

const (
	maxUses     = 2000 // of a token that are looked at
	maxPrivate  = 200  // repositories that are listed
	scanPrivate = 2000 // repositories that are looked at for it
	fewRepos    = 5    // up to here a proposal names repositories instead of their namespace
)

// Insight tells about one token. Needs TokenManage for one's own, InstanceAdmin for others'. NotFound.
func (s *Service) Insight(ctx context.Context, g access.Grant, store InsightStore, id hub.ID) (Insight, error) {
	t, err := s.find(ctx, g, id)
	if err != nil {
		return Insight{}, err
	}
	f, err := store.TokenFactsByID(ctx, t.ID)
	if err != nil {
		return Insight{}, err
	}
	shown, err := s.ShownTo(ctx, g, t)
	if err != nil {
		return Insight{}, err
	}
	return s.insight(ctx, g, store, shown, f, nil)
}

// insight looks at one token; with org, at what it has to do with that organization alone.
func (s *Service) insight(ctx context.Context, g access.Grant, store InsightStore, t Owned, f hub.SubjectFacts, org *hub.Namespace) (in Insight, err error) {
	now := s.opts.Now().UTC()
	in = Insight{Token: t, Since: now.Add(-hub.UnusedAfter)}
	if t.CreatedAt.After(in.Since) {
		in.Since = t.CreatedAt
	}
	in.Can = grants(within(f, org), t.Scopes)
	used, err := s.did(ctx, g, store, &in, org)
	if err != nil {
		return Insight{}, err
	}
	for _, e := range in.Can {
		var unused []hub.Permission
		for _, p := range e.Permissions {
			if !used.has(e.Entity, p) {
				unused = append(unused, p)
			}
		}
		if len(unused) > 0 {
			in.Unused = append(in.Unused, EntityAtoms{e.Entity, unused})
		}
	}
	in.Proposal = used.proposal()
	if Status(t.Token, now) == "live" {
		err = s.private(ctx, g, store, f, &in)
	}
	return in, err
}

// grants lists what the token carries on each entity, for a fine-grained one those of the scopes, cut to what the owner's membership lets through.
func grants(f hub.SubjectFacts, scopes []hub.Scope) (out []EntityAtoms) {
	roles := map[hub.ID]hub.Role{f.User.ID: hub.RoleAdmin}
	for _, m := range f.Memberships {
		roles[m.OrgID] = m.Role
	}
	if f.Token.Kind == hub.TokenFineGrained {
		for _, sc := range scopes {
			if r, own := roles[sc.EntityID]; sc.EntityType == hub.EntityOrg && (!own || r <= hub.RoleNoAccess) {
				continue
			}
			out = append(out, EntityAtoms{Entity{sc.EntityType, sc.EntityName}, sc.Permissions})
		}
		if len(f.Token.Global) > 0 {
			out = append(out, EntityAtoms{Entity{}, f.Token.Global})
		}
		return out
	}
	atoms := func(r hub.Role) []hub.Permission {
		var ps []hub.Permission
		if r >= hub.RoleRead {
			ps = append(ps, hub.PermRepoContentRead)
		}
		if f.Token.Kind == hub.TokenWrite && r >= hub.RoleRead {
			ps = append(ps, hub.PermDiscussionWrite)
		}
		if f.Token.Kind == hub.TokenWrite && r >= hub.RoleContributor {
			ps = append(ps, hub.PermRepoAccessRead, hub.PermRepoWrite)
		}
		return ps
	}
	if f.User.Name != "" {
		out = append(out, EntityAtoms{Entity{hub.EntityUser, f.User.Name}, atoms(hub.RoleAdmin)})
	}
	for _, m := range f.Memberships {
		ps := atoms(m.Role)
		if m.Role >= hub.RoleRead {
			ps = append(ps, hub.PermOrgRead)
		}
		if m.Role == hub.RoleAdmin && f.Token.Kind == hub.TokenWrite {
			ps = append(ps, hub.PermOrgWrite, hub.PermOrgSAWrite, hub.PermOrgNetworkWrite, hub.PermResourceGroupWrite)
		}
		if len(ps) > 0 {
			out = append(out, EntityAtoms{Entity{hub.EntityOrg, m.OrgName}, ps})
		}
	}
	return out
}

// sees tells whether who asks may see a repository.
func (s *Service) sees(ctx context.Context, g access.Grant, repo hub.ID) bool {
	if g.Has(access.InstanceAdmin) == nil {
		return true
	}
	_, hidden := s.authorizer.Authorize(ctx, g.Subject(), access.Need{Action: access.RepoView, Target: access.RepoRow(repo)})
	return hidden == nil
}

// private lists the repositories that not everybody may read and that the token reaches now, as the engine decides.
func (s *Service) private(ctx context.Context, g access.Grant, store InsightStore, f hub.SubjectFacts, in *Insight) error {
	sub := access.NewSubject(f, access.Credential{})
	spaces := map[string]bool{}
	for _, e := range in.Can {
		if e.Entity.Name != "" {
			space, _, _ := strings.Cut(e.Entity.Name, "/")
			spaces[space] = true
		}
	}
	looked := 0
	for _, space := range slices.Sorted(maps.Keys(spaces)) { // in one order, as the bounds may cut the list
		for _, typ := range []hub.RepoType{hub.Model, hub.Dataset, hub.Space} {
			for cursor := ""; ; {
				list, next, err := store.ListRepos(ctx, hub.RepoQuery{Type: typ, Author: space, Visible: sub.Visible(), Sort: hub.SortID, Limit: 500, Cursor: cursor})
				if err != nil {
					return err
				}
				for _, r := range list {
					if looked++; looked > scanPrivate || len(in.Private) == maxPrivate {
						in.More = true
						return nil
					}
					if r.Visibility == hub.Public && r.Gated == "" || !s.sees(ctx, g, r.ID) {
						continue
					}
					_, read := s.authorizer.Authorize(ctx, sub, access.Need{Action: access.RepoContentRead, Target: access.RepoRow(r.ID)})
					_, write := s.authorizer.Authorize(ctx, sub, access.Need{Action: access.RepoWrite, Target: access.RepoRow(r.ID)})
					if read == nil || write == nil {
						in.Private = append(in.Private, ReachableRepo{r.RepoID, write == nil})
					}
				}
				if cursor = next; next == "" {
					break
				}
			}
		}
	}
	slices.SortFunc(in.Private, func(a, b ReachableRepo) int { return strings.Compare(a.Repo.String(), b.Repo.String()) })
	return nil
}
