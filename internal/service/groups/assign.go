package groups

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// Of returns the group that a repository is in, nil for none. Needs RepoView on it; who cannot see the group is told
// none.
func (s *Service) Of(ctx context.Context, g access.Grant) (*hub.ResourceGroup, error) {
	r, err := g.Repo(access.RepoView)
	if err != nil || r.GroupID == "" || !sees(g, r.NamespaceID, r.GroupID) {
		return nil, err
	}
	x, err := s.store.GroupByID(ctx, r.GroupID)
	if hub.Is(err, hub.NotFound) {
		return nil, nil
	}
	return &x, err
}

// Assign puts a repository into a group of its organization, or with an empty group into none. Needs RepoAssignGroup on it,
// or InstanceAdmin with the repository's name. NotFound for a group that the organization does not have; InvalidInput for
// a personal repository.
func (s *Service) Assign(ctx context.Context, g access.Grant, id hub.RepoID, group hub.ID, from hub.Event) (*hub.ResourceGroup, error) {
	var r hub.Repo
	var err error
	if orgs.IsOperator(g) {
		r, _, err = s.store.RepoByName(ctx, id)
	} else {
		r, err = g.Repo(access.RepoAssignGroup)
	}
	if err != nil {
		return nil, err
	}
	if !r.OwnerIsOrg {
		return nil, hub.Errorf(hub.InvalidInput, "Only an organization has resource groups; %s belongs to a person.", r.FullName())
	}
	var x hub.ResourceGroup
	if group != "" {
		if _, err := hub.ParseID(string(group)); err != nil {
			return nil, err
		}
		if x, err = s.store.GroupByID(ctx, group); err != nil {
			return nil, err
		}
		if x.OrgID != r.NamespaceID {
			return nil, noGroup()
		}
	}
	if err := s.store.SetRepoGroup(ctx, r.ID, x.ID, assignEvent(g, from, r, x)); err != nil || group == "" {
		return nil, err
	}
	return &x, nil
}

// assignEvent tells that a repository was put into x, or into no group when x is zero.
func assignEvent(g access.Grant, from hub.Event, r hub.Repo, x hub.ResourceGroup) hub.Event {
	message := "took " + r.String() + " out of its resource group"
	if x.ID != "" {
		message = "put " + r.String() + " into resource group " + x.Name
	}
	ev := orgs.Event(g, from, "repo.update_resource_group", message, r.NamespaceID, x.ID)
	ev.RepoID = r.ID
	return ev
}
