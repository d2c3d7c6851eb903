package explain

import (
	"context"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// suppose edits facts. A role or a policy may be supposed only where the asker may change it.
func (s *Service) suppose(ctx context.Context, f hub.SubjectFacts, x Suppose, group hub.ResourceGroup, who standing) (hub.SubjectFacts, error) {
	if x.Token != nil {
		t := *x.Token
		t.ID, t.UserID, t.CreatedAt = hub.NewID(), f.User.ID, time.Now()
		f.Token, f.Grants = &t, nil
	}
	if x.Role != hub.RoleNone || x.Policy != "" || x.GroupRole != hub.RoleNone {
		if who < admin {
			return f, hub.Errorf(hub.Forbidden, "Roles and policies can be supposed by the admins of the organization.")
		}
		var err error
		if f, err = s.supposeOrg(ctx, f, x, group); err != nil {
			return f, err
		}
	}
	if x.empty() {
		return f, nil
	}
	return s.review(ctx, f, x.Token != nil)
}

// supposeOrg edits the facts about an organization.
func (s *Service) supposeOrg(ctx context.Context, f hub.SubjectFacts, x Suppose, group hub.ResourceGroup) (hub.SubjectFacts, error) {
	if x.GroupRole != hub.RoleNone {
		f.Groups = append(slices.DeleteFunc(slices.Clone(f.Groups), func(m hub.GroupMember) bool { return m.GroupID == group.ID }),
			hub.GroupMember{GroupID: group.ID, OrgID: group.OrgID, UserID: f.User.ID, Role: x.GroupRole})
	}
	if x.Org == "" {
		return f, nil
	}
	ns, err := s.store.Namespace(ctx, x.Org)
	if err != nil {
		return f, err
	}
	if x.Role != hub.RoleNone {
		if f, err = s.joins(ctx, f, ns, x.Role); err != nil {
			return f, err
		}
	}
	if x.Policy != "" {
		r, err := s.store.OrgRules(ctx, ns.ID)
		if err != nil {
			return f, err
		}
		r.Tokens = x.Policy
		f.Rules = append(slices.DeleteFunc(slices.Clone(f.Rules), func(o hub.OrgRules) bool { return o.OrgID == r.OrgID }), r)
	}
	return f, nil
}

func withRole(f hub.SubjectFacts, ns hub.Namespace, role hub.Role) (out []hub.Member) {
	for _, m := range f.Memberships {
		if m.OrgID != ns.ID {
			out = append(out, m)
		}
	}
	return append(out, hub.Member{OrgID: ns.ID, OrgName: ns.Name, UserID: f.User.ID, UserName: f.User.Name, Role: role})
}

// group finds the resource group that the target is supposed to be in, as far as the asker sees it, and puts it into a
// target that is a place for a repository. It is zero for none.
func (s *Service) group(ctx context.Context, asker *access.Subject, q *Question, who standing) (hub.ResourceGroup, error) {
	x := q.Suppose
	if !x.place() {
		return hub.ResourceGroup{}, nil
	}
	if !q.Target.IsRepo() && !q.Target.IsNew() {
		return hub.ResourceGroup{}, hub.Errorf(hub.InvalidInput, "A resource group and a visibility are supposed of repositories.")
	}
	if x.Group == "" || x.Group == NoGroup {
		return hub.ResourceGroup{}, nil
	}
	name := q.Target.NamespaceName()
	if name == "" {
		name = asker.UserName()
	}
	g, err := s.seenGroup(ctx, asker, name, x.Group, who == admin || who == auditor)
	if err == nil && q.Target.IsNew() {
		q.Target = access.NewRepoIn(q.Target.RepoID(), g.ID)
	}
	return g, err
}

// seenGroup finds a resource group by name or id: any if all, else one that the asker sees. NotFound is the same for
// those that are not there and those that the asker is not in.
func (s *Service) seenGroup(ctx context.Context, asker *access.Subject, org, name string, all bool) (hub.ResourceGroup, error) {
	none := hub.Errorf(hub.NotFound, "%s has no resource group called %s.", org, name)
	ns, err := s.store.Namespace(ctx, org)
	if hub.Is(err, hub.NotFound) {
		return hub.ResourceGroup{}, none
	}
	if err != nil {
		return hub.ResourceGroup{}, err
	}
	g, err := s.store.GroupByName(ctx, ns.ID, name)
	if hub.Is(err, hub.NotFound) {
		g, err = s.store.GroupByID(ctx, hub.ID(name))
	}
	if hub.Is(err, hub.NotFound) || err == nil && g.OrgID != ns.ID {
		return hub.ResourceGroup{}, none
	}
	if err != nil || all {
		return g, err
	}
	if _, err := s.zone.Authorize(ctx, asker, access.Need{Action: access.GroupRead, Target: access.Group(ns.Name, g.ID)}); err != nil {
		return hub.ResourceGroup{}, none
	}
	return g, nil
}

// traceSupposed decides about a repository that is not there, or is not like that. It starts from the one that there is
// only if the asker may know of it; else from one that nobody made, private and in no group, so that what is hidden and
// what is missing are supposed to the same end.
func (s *Service) traceSupposed(ctx context.Context, asker, sub *access.Subject, q Question, group hub.ResourceGroup, who standing) (access.Trace, error) {
	id := q.Target.RepoID()
	ns, err := s.store.Namespace(ctx, id.Namespace)
	if err != nil {
		return access.Trace{}, err
	}
	r := hub.Repo{ID: hub.NewID(), RepoID: id, NamespaceID: ns.ID, OwnerIsOrg: ns.Kind == hub.OrgNamespace, Visibility: hub.Private}
	if who >= admin || s.known(ctx, asker, q.Target) || s.known(ctx, sub, q.Target) && asker.UserID() == sub.UserID() {
		is, moved, err := s.store.RepoByName(ctx, id)
		if err != nil && !hub.Is(err, hub.RepoNotFound) {
			return access.Trace{}, err
		}
		if err == nil && !moved {
			r = is
		}
	}
	if q.Suppose.Visibility != "" {
		r.Visibility = q.Suppose.Visibility
	}
	if q.Suppose.Group != "" {
		r.GroupID = group.ID
	}
	return s.zone.TraceRepo(sub, access.Need{Action: q.Action, Target: q.Target}, r)
}

func (s *Service) known(ctx context.Context, sub *access.Subject, t access.Target) bool {
	_, err := s.zone.Authorize(ctx, sub, access.Need{Action: access.RepoView, Target: t})
	return err == nil
}

// words says what is supposed about a target; empty if nothing is.
func (s Suppose) words(group hub.ResourceGroup) string {
	text := ""
	switch {
	case s.Group == NoGroup:
		text = "in no resource group"
	case s.Group != "":
		text = "in the resource group " + group.Name
	}
	if s.Visibility != "" {
		if text != "" {
			text = ", " + text
		}
		text = string(s.Visibility) + text
	}
	return text
}
