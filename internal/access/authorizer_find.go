package access

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// object finds what a need is about.
func (a *Authorizer) object(ctx context.Context, s *Subject, gv *given, now time.Time) (o object, moved bool, err error) {
	n := &gv.need
	gv.repo = &noRepo
	switch n.Target.kind {
	case repoTarget, repoRowTarget:
		f, err := a.findRepo(ctx, n.Target)
		if err != nil {
			return o, false, err
		}
		// An old name of what this caller does not see is the name of nothing.
		if o = objectOf(f.Repo); f.Exists && (!f.Moved || RepoView.allowedBy(allowed(abstract(s, &o, now)))) {
			gv.repo = f.Repo
			return o, f.Moved, nil
		}
		return s.missingAt(n.Target.repo.Namespace), false, nil
	case namespaceTarget, newRepoTarget, groupTarget:
		ns, err := a.findNamespace(ctx, s, n)
		if err != nil {
			return o, false, err
		}
		creates := n.Action == RepoCreate || n.Action == RepoCreatePublic
		if ns.ID == "" && !creates {
			return o, false, noNamespace(ns.Name)
		}
		gv.namespace, o = ns, objectOfNamespace(ns.ID)
		if n.Target.id != "" || n.Target.kind == groupTarget {
			g, err := a.findGroup(ctx, ns.ID, n.Target.id)
			if err != nil {
				return o, false, err
			}
			if o = objectInGroup(ns.ID, g.ID); n.Target.kind == groupTarget {
				o = objectOfGroup(ns.ID, g.ID)
			}
			if gv.group = &g; g.ID == "" {
				gv.group = nil
				o.flags |= low(stateGrouped | stateAbsent)
			}
		}
		return o, false, nil
	}
	return missing, false, nil
}

// look finds what a need is about, and the state that decides. It is object, except that the name of a repository which is
// not in sight is the name of nothing: what is missing is read and decided about like what is hidden, and from there on
// nothing depends on whether there is anything. Who knows the id of a row was told it.
func (a *Authorizer) look(ctx context.Context, s *Subject, gv *given, now time.Time) (o object, st State, moved bool, err error) {
	if gv.need.Target.kind != repoTarget {
		o, moved, err = a.object(ctx, s, gv, now)
		return o, abstract(s, &o, now), moved, err
	}
	f, err := a.findRepo(ctx, gv.need.Target)
	if err != nil {
		return o, st, false, err
	}
	o = objectOf(f.Repo)
	st = abstract(s, &o, now)
	if RepoView.allowedBy(allowed(st)) && f.Exists {
		gv.repo = f.Repo
		return o, st, f.Moved, nil
	}
	gv.repo, o = &noRepo, s.missingAt(gv.need.Target.repo.Namespace)
	return o, abstract(s, &o, now), false, nil
}

// noRepo is the repository of a target that has none.
var noRepo hub.Repo

// missingAt is what decides about a name in a namespace under which there is nothing: in an organization that does not
// take the caller's credential the answer says so, whatever is there.
func (s *Subject) missingAt(namespace string) object {
	if namespace != "" {
		if org := s.orgNamed(namespace); org != 0 {
			return missingIn(org)
		}
	}
	return missing
}

// findGroup returns a group without an id when the organization has none of that id.
func (a *Authorizer) findGroup(ctx context.Context, org, id hub.ID) (hub.ResourceGroup, error) {
	if a.groups == nil {
		return hub.ResourceGroup{}, nil
	}
	g, err := a.groups.GroupByID(ctx, id)
	if hub.Is(err, hub.NotFound) || err == nil && g.OrgID != org {
		return hub.ResourceGroup{}, nil
	}
	return g, err
}

// findRepo finds what is asked for by name or by row.
func (a *Authorizer) findRepo(ctx context.Context, t Target) (hub.FoundRepo, error) {
	if t.kind == repoTarget {
		return a.src.FindRepo(ctx, t.repo)
	}
	row, err := a.src.RepoByID(ctx, t.id)
	if hub.Is(err, hub.RepoNotFound) {
		return hub.FoundRepo{Repo: hub.NoRepo()}, nil
	}
	return hub.FoundRepo{Repo: &row, Exists: err == nil}, err
}

// findNamespace returns a Namespace without an id when there is none.
func (a *Authorizer) findNamespace(ctx context.Context, s *Subject, n *Need) (hub.Namespace, error) {
	name := n.Target.name
	if n.Target.kind == newRepoTarget {
		name = n.Target.repo.Namespace
	}
	if name == "" {
		return hub.Namespace{ID: s.UserID(), Name: s.UserName(), Kind: hub.UserNamespace}, nil
	}
	ns, err := a.src.Namespace(ctx, name)
	if hub.Is(err, hub.NotFound) {
		return hub.Namespace{Name: name}, nil
	}
	return ns, err
}
