package access

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// object finds what a need is about.
func (a *Authorizer) object(ctx context.Context, s *Subject, gv *given, now time.Time) (o object, moved bool, err error) {
	n := &gv.need
	switch n.Target.kind {
	case repoTarget, repoRowTarget:
		if moved, err = a.findRepo(ctx, n.Target, &gv.repo); err != nil {
			return o, false, err
		}
		if gv.repo.ID != "" {
			if o = objectOf(&gv.repo); !moved || RepoView.allowedBy(allowed(abstract(s, &o, now))) {
				return o, moved, nil
			}
			gv.repo = hub.Repo{} // an old name of what this caller does not see is the name of nothing
		} else {
			readNothing(&nothing)
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
			if gv.group, err = a.findGroup(ctx, ns.ID, n.Target.id); err != nil {
				return o, false, err
			}
			if o = objectInGroup(ns.ID, gv.group.ID); n.Target.kind == groupTarget {
				o = objectOfGroup(ns.ID, gv.group.ID)
			}
			if gv.group.ID == "" {
				o.flags |= stateGrouped | stateAbsent
			}
		}
		return o, false, nil
	}
	return missing, false, nil
}

// nothing stands in for a repository that is not there. It has no creator, because the error that says that there is
// nothing takes about as long to recognize as one id takes to read.
var nothing = hub.Repo{ID: zeroID, NamespaceID: zeroID, Visibility: hub.Private}

const zeroID hub.ID = "000000000000000000000000"

// readNothing takes the time that reading a hidden repository takes, some tens of nanoseconds, as test/timing shows.
//
//go:noinline
func readNothing(r *hub.Repo) object { return objectOf(r) }

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

// findRepo fills in r, and leaves it zero when there is no such repository.
func (a *Authorizer) findRepo(ctx context.Context, t Target, r *hub.Repo) (moved bool, err error) {
	if t.kind == repoRowTarget {
		*r, err = a.src.RepoByID(ctx, t.id)
	} else {
		*r, moved, err = a.src.RepoByName(ctx, t.repo)
	}
	if err != nil && r.ID != "" {
		*r = hub.Repo{}
	}
	if hub.Is(err, hub.RepoNotFound) {
		return false, nil
	}
	return moved, err
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
