package explain

import (
	"context"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Token makes a token that is supposed, of a kind and of scopes written as ENTITY=atom,atom where ENTITY is user:NAME,
// org:NAME, resource-group:ORG/NAME, model:NS/NAME, dataset:NS/NAME or space:NS/NAME. RepoNotFound and NotFound for what the asker does not see,
// InvalidInput for what cannot be read.
func (s *Service) Token(ctx context.Context, asker *access.Subject, kind string, scopes []string, gated bool) (*hub.Token, error) {
	k, err := hub.ParseTokenKind(kind)
	if err != nil {
		return nil, err
	}
	t := &hub.Token{Kind: k, CanReadGated: gated}
	for _, text := range scopes {
		entity, atoms, ok := strings.Cut(text, "=")
		typ, name, ok2 := strings.Cut(entity, ":")
		if !ok || !ok2 {
			return nil, hub.Errorf(hub.InvalidInput, "A scope has the form ENTITY:NAME=permission,permission.")
		}
		sc := hub.Scope{EntityType: hub.EntityType(typ), EntityName: name}
		for _, p := range strings.Split(atoms, ",") {
			if p != "" {
				sc.Permissions = append(sc.Permissions, hub.Permission(p))
			}
		}
		if err := hub.CheckPermissions(sc.EntityType, sc.Permissions); err != nil {
			return nil, err
		}
		if err := s.resolve(ctx, asker, &sc, name); err != nil {
			return nil, err
		}
		t.Scopes = append(t.Scopes, sc)
	}
	return t, nil
}

// resolve finds the entity of a scope as far as the asker sees it.
func (s *Service) resolve(ctx context.Context, asker *access.Subject, sc *hub.Scope, name string) error {
	switch sc.EntityType {
	case hub.EntityUser, hub.EntityOrg:
		ns, err := s.store.Namespace(ctx, name)
		sc.EntityID, sc.NamespaceID = ns.ID, ns.ID
		return err
	case hub.EntityGroup:
		org, group, ok := strings.Cut(name, "/")
		if !ok || group == "" {
			return hub.Errorf(hub.InvalidInput, "A resource group is named resource-group:ORGANIZATION/NAME, not %q.", name)
		}
		g, err := s.seenGroup(ctx, asker, org, group, s.auditor(ctx, asker))
		sc.EntityID, sc.GroupID, sc.NamespaceID = g.ID, g.ID, g.OrgID
		return err
	case hub.EntityModel, hub.EntityDataset, hub.EntitySpace:
	default:
		return hub.Errorf(hub.InvalidInput, "A supposed scope names a user, an organization, a resource group or a repository.")
	}
	id, err := hub.ParseRepoID(hub.RepoType(sc.EntityType), name)
	if err != nil {
		return err
	}
	if !s.auditor(ctx, asker) {
		if _, err := s.zone.Authorize(ctx, asker, access.Need{Action: access.RepoView, Target: access.Repo(id)}); err != nil {
			return err
		}
	}
	r, _, err := s.store.RepoByName(ctx, id)
	sc.EntityID, sc.NamespaceID, sc.GroupID = r.ID, r.NamespaceID, r.GroupID
	return err
}
