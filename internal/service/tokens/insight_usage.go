package tokens

import (
	"context"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

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
		if !s.sees(ctx, g, repo.ID) {
			return on, "", nil
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
