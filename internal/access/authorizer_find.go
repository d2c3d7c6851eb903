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
		r, moved, err := a.findRepo(ctx, n.Target)
		if err != nil {
			return o, false, err
		}
		is := r != nil
		if !is {
			r = &nothing // what is missing is read like what is hidden, which takes as long
		}
		// An old name of what this caller does not see is the name of nothing.
		if o = objectOf(r); is && (!moved || RepoView.allowedBy(allowed(abstract(s, &o, now)))) {
			gv.repo = r
			return o, moved, nil
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
				o.flags |= stateGrouped | stateAbsent
			}
		}
		return o, false, nil
	}
	return missing, false, nil
}

// noRepo is the repository of a target that has none. nothing is what is read in place of one that is not there.
var (
	noRepo  hub.Repo
	nothing = hub.Repo{ID: zeroID, NamespaceID: zeroID, CreatorID: zeroID, Visibility: hub.Private}
)

const zeroID hub.ID = "000000000000000000000000"

// missingAt is what decides about a name in a namespace under which there is nothing: in an organization that does not
// take the caller's credential the answer says so, whatever is there.
func (s *Subject) missingAt(namespace string) object {
	if namespace != "" {
		if org := s.orgNamed(namespace); org != (key{}) {
			return missingIn(org)
		}
	}
	return missing
}

// lookNowhere takes, for what is hidden, the time that missingAt takes for what is not there.
//
//go:noinline
func lookNowhere(s *Subject, namespace string) object { return s.missingAt(namespace) }

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

// findRepo returns nil when there is no such repository.
func (a *Authorizer) findRepo(ctx context.Context, t Target) (r *hub.Repo, moved bool, err error) {
	if t.kind == repoTarget {
		return a.src.FindRepo(ctx, t.repo)
	}
	row, err := a.src.RepoByID(ctx, t.id)
	switch {
	case hub.Is(err, hub.RepoNotFound):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	return &row, false, nil
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
