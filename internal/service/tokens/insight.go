package tokens

import (
	"context"
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
	return s.insight(ctx, g, store, t, f, nil)
}

// insight looks at one token; with org, at what it has to do with that organization alone.
func (s *Service) insight(ctx context.Context, g access.Grant, store InsightStore, t Owned, f hub.SubjectFacts, org *hub.Namespace) (in Insight, err error) {
	now := s.opts.Now().UTC()
	in = Insight{Token: t, Since: now.Add(-unusedAfter)}
	if t.CreatedAt.After(in.Since) {
		in.Since = t.CreatedAt
	}
	in.Can = grants(within(f, org))
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
		err = s.private(ctx, store, f, &in)
	}
	return in, err
}

// grants lists what the token carries on each entity, cut to what the owner's membership lets through.
func grants(f hub.SubjectFacts) (out []EntityAtoms) {
	roles := map[hub.ID]hub.Role{f.User.ID: hub.RoleAdmin}
	for _, m := range f.Memberships {
		roles[m.OrgID] = m.Role
	}
	if f.Token.Kind == hub.TokenFineGrained {
		for _, sc := range f.Token.Scopes {
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

// usage sorts uses by namespace.
type usage struct {
	own    map[string]hub.EntityType // namespaces of the owner and of the memberships, by name
	spaces map[string]*spaceUse      // by name
}

type spaceUse struct {
	whole map[hub.Permission]bool            // on the namespace itself
	repos map[Entity]map[hub.Permission]bool // on single repositories
}

// did lists what the token did and sorts what counts for the rest.
func (s *Service) did(ctx context.Context, g access.Grant, store InsightStore, in *Insight, org *hub.Namespace) (*usage, error) {
	u := &usage{own: map[string]hub.EntityType{}, spaces: map[string]*spaceUse{}}
	for _, e := range in.Can {
		if e.Entity.Type == hub.EntityUser || e.Entity.Type == hub.EntityOrg {
			u.own[e.Entity.Name] = e.Entity.Type
		}
	}
	list, err := store.ReachOf(ctx, in.Token.ID, maxUses)
	if err != nil {
		return nil, err
	}
	in.More = len(list) == maxUses
	for _, r := range list {
		on, space, err := s.nameOf(ctx, g, store, r)
		if err != nil {
			return nil, err
		}
		if org != nil && space != org.Name {
			continue
		}
		in.Did = append(in.Did, Use{r.Permission, on, r.First, r.Last, r.Uses})
		if space == "" || r.Permission == access.PublicUse || r.Last.Before(in.Since) {
			continue
		}
		sp := u.spaces[space]
		if sp == nil {
			sp = &spaceUse{map[hub.Permission]bool{}, map[Entity]map[hub.Permission]bool{}}
			u.spaces[space] = sp
		}
		if on.Type == hub.EntityUser || on.Type == hub.EntityOrg {
			sp.whole[r.Permission] = true
			continue
		}
		if sp.repos[on] == nil {
			sp.repos[on] = map[hub.Permission]bool{}
		}
		sp.repos[on][r.Permission] = true
	}
	return u, nil
}

// nameOf finds what a use was about, and the name of its namespace; empty when that is gone, or out of sight of who asks.
func (s *Service) nameOf(ctx context.Context, g access.Grant, store InsightStore, r hub.Reach) (on Entity, space string, err error) {
	gone := func(err error) bool { return hub.Is(err, hub.NotFound) || hub.Is(err, hub.RepoNotFound) }
	repo, err := store.RepoByID(ctx, r.RepoID)
	if err == nil {
		if g.Has(access.InstanceAdmin) != nil {
			if _, hidden := s.authorizer.Authorize(ctx, g.Subject(), access.Need{Action: access.RepoView, Target: access.RepoRow(repo.ID)}); hidden != nil {
				return on, "", nil
			}
		}
		return Entity{hub.EntityType(repo.Type), repo.FullName()}, repo.Namespace, nil
	}
	if !gone(err) {
		return on, "", err
	}
	org, err := store.OrgByID(ctx, r.RepoID)
	if err == nil {
		return Entity{hub.EntityOrg, org.Name}, org.Name, nil
	}
	if !gone(err) {
		return on, "", err
	}
	user, err := store.UserByID(ctx, r.RepoID)
	if err == nil {
		return Entity{hub.EntityUser, user.Name}, user.Name, nil
	}
	if !gone(err) {
		return on, "", err
	}
	return on, "", nil
}

// has tells whether p was used on e, or, of a namespace, on anything in it.
func (u *usage) has(e Entity, p hub.Permission) bool {
	switch e.Type {
	case hub.EntityUser, hub.EntityOrg:
		sp := u.spaces[e.Name]
		if sp == nil {
			return false
		}
		for _, ps := range sp.repos {
			if ps[p] {
				return true
			}
		}
		return sp.whole[p]
	case hub.EntityGroup: // anything in its organization: which group a repository was in is not noted
		space, _, _ := strings.Cut(e.Name, "/")
		return u.has(Entity{hub.EntityOrg, space}, p)
	case "": // anywhere outside the own namespaces
		for name, sp := range u.spaces {
			for _, ps := range sp.repos {
				if _, own := u.own[name]; ps[p] && !own {
					return true
				}
			}
		}
		return false
	}
	space, _, _ := strings.Cut(e.Name, "/")
	sp := u.spaces[space]
	return sp != nil && sp.repos[e][p]
}

// proposal is the narrowest fine-grained token that covers the uses: entries for single repositories where few were
// used and nothing was done to their namespace.
func (u *usage) proposal() (out []EntityAtoms) {
	for name, sp := range u.spaces {
		kind, own := u.own[name]
		if len(sp.whole) == 0 && len(sp.repos) <= fewRepos || !own {
			for e, ps := range sp.repos {
				out = append(out, EntityAtoms{e, sorted(ps)})
			}
			continue
		}
		all := map[hub.Permission]bool{}
		for p := range sp.whole {
			all[p] = true
		}
		for _, ps := range sp.repos {
			for p := range ps {
				all[p] = true
			}
		}
		out = append(out, EntityAtoms{Entity{kind, name}, sorted(all)})
	}
	slices.SortFunc(out, func(a, b EntityAtoms) int { return strings.Compare(a.Entity.String(), b.Entity.String()) })
	return out
}

// sorted lists permissions; writing includes reading.
func sorted(set map[hub.Permission]bool) (out []hub.Permission) {
	for p := range set {
		if p == hub.PermRepoContentRead && set[hub.PermRepoWrite] {
			continue
		}
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// private lists the repositories that not everybody may read and that the token reaches now, as the engine decides.
func (s *Service) private(ctx context.Context, store InsightStore, f hub.SubjectFacts, in *Insight) error {
	sub := access.NewSubject(f, access.Credential{})
	spaces := map[string]bool{}
	for _, e := range in.Can {
		if e.Entity.Name != "" {
			space, _, _ := strings.Cut(e.Entity.Name, "/")
			spaces[space] = true
		}
	}
	looked := 0
	for space := range spaces {
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
					if r.Visibility == hub.Public && r.Gated == "" {
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
