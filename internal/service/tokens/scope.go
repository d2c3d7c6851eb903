package tokens

import (
	"context"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// NewScope is one entry of a fine-grained token, with the entity as people write it.
type NewScope struct {
	Entity      Entity
	Permissions []hub.Permission
}

// Entity names what a scope is about: a user, an organization, a resource group or a repository.
type Entity struct {
	Type hub.EntityType
	Name string // "alice", "acme", "acme/bert"; a resource group's is "acme/the group"
}

// ParseEntity reads "org:acme", "user:alice", "model:acme/bert", "dataset:acme/names", "space:acme/demo",
// "resource-group:acme/research". InvalidInput.
func ParseEntity(s string) (Entity, error) {
	kind, name, ok := strings.Cut(s, ":")
	e := Entity{hub.EntityType(kind), name}
	if !ok || name == "" || hub.PermissionsFor(e.Type) == nil {
		return Entity{}, hub.Errorf(hub.InvalidInput, "%q names no entity: write user:NAME, org:NAME, model:NAMESPACE/NAME, dataset:…, space:… or resource-group:ORGANIZATION/NAME.", s)
	}
	if e.isRepo() {
		if _, err := hub.ParseRepoID(hub.RepoType(kind), name); err != nil {
			return Entity{}, err
		}
	}
	return e, nil
}

// String is the inverse of ParseEntity.
func (e Entity) String() string { return string(e.Type) + ":" + e.Name }

func (e Entity) isRepo() bool {
	return e.Type == hub.EntityModel || e.Type == hub.EntityDataset || e.Type == hub.EntitySpace
}

// permissions checks what a token shall be able to do, finds the entities, and writes both into t. NotFound for an
// entity that is missing or hidden from the owner; everything else wrong is InvalidInput.
func (s *Service) permissions(ctx context.Context, g access.Grant, owner hub.User, t *hub.Token, scopes []NewScope, global []hub.Permission) error {
	switch t.Kind {
	case hub.TokenRead, hub.TokenWrite:
		if len(scopes) > 0 || len(global) > 0 || t.CanReadGated {
			return hub.Errorf(hub.InvalidInput, "A %s token has no permissions of its own: only a fine-grained one has.", t.Kind)
		}
		return nil
	case hub.TokenFineGrained:
	default:
		return hub.Errorf(hub.InvalidInput, "Unknown token kind %q: use read, write or fine-grained.", string(t.Kind))
	}
	scopes, global = legacyGlobal(owner, scopes, global)
	for _, p := range global {
		if !slices.Contains(hub.GlobalPermissions, p) {
			return hub.Errorf(hub.InvalidInput, "%q cannot stand without an entity; these can: %q.", string(p), hub.GlobalPermissions)
		}
	}
	if len(scopes) > s.opts.MaxScopes {
		return hub.Errorf(hub.InvalidInput, "A token can name at most %d entities.", s.opts.MaxScopes)
	}
	t.Global = ordered(global, hub.GlobalPermissions)
	t.Scopes = nil
	for _, n := range scopes {
		if err := hub.CheckPermissions(n.Entity.Type, n.Permissions); err != nil {
			return err
		}
		sc, err := s.resolve(ctx, g, owner, n.Entity)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(t.Scopes, func(o hub.Scope) bool { return o.EntityID == sc.EntityID }) {
			return hub.Errorf(hub.InvalidInput, "%s is named twice.", n.Entity)
		}
		sc.Permissions = ordered(n.Permissions, hub.PermissionsFor(n.Entity.Type))
		t.Scopes = append(t.Scopes, sc)
	}
	return nil
}

// resolve finds the row that e names.
func (s *Service) resolve(ctx context.Context, g access.Grant, owner hub.User, e Entity) (hub.Scope, error) {
	switch {
	case e.Type == hub.EntityUser:
		if hub.NameKey(e.Name) != hub.NameKey(owner.Name) {
			return hub.Scope{}, hub.Errorf(hub.InvalidInput, "A token of %s can have user permissions for %s alone, not for %s.", owner.Name, owner.Name, e.Name)
		}
		return hub.Scope{EntityType: e.Type, EntityID: owner.ID, EntityName: owner.Name, NamespaceID: owner.ID}, nil
	case e.Type == hub.EntityOrg:
		m, err := s.membership(ctx, owner, e.Name)
		return hub.Scope{EntityType: e.Type, EntityID: m.OrgID, EntityName: m.OrgName, NamespaceID: m.OrgID}, err
	case e.Type == hub.EntityGroup:
		return s.group(ctx, owner, e)
	}
	id, err := hub.ParseRepoID(hub.RepoType(e.Type), e.Name)
	if err != nil {
		return hub.Scope{}, err
	}
	r, err := s.repo(ctx, g, id)
	if err != nil {
		return hub.Scope{}, err
	}
	return hub.Scope{EntityType: e.Type, EntityID: r.ID, EntityName: r.FullName(), NamespaceID: r.NamespaceID}, nil
}

// membership finds the organization of the given name, of which owner is a member.
func (s *Service) membership(ctx context.Context, owner hub.User, org string) (hub.Member, error) {
	o, err := s.store.OrgByName(ctx, org)
	if err != nil {
		return hub.Member{}, err
	}
	ms, err := s.store.MembershipsOf(ctx, owner.ID)
	if err != nil {
		return hub.Member{}, err
	}
	i := slices.IndexFunc(ms, func(m hub.Member) bool { return m.OrgID == o.ID })
	if i < 0 {
		return hub.Member{}, hub.Errorf(hub.InvalidInput, "%s is not a member of %s, so permissions on it would open nothing.", owner.Name, o.Name)
	}
	return ms[i], nil
}

// group finds a resource group that owner is in, or may see as an admin of its organization. One that owner does not see
// is not there.
func (s *Service) group(ctx context.Context, owner hub.User, e Entity) (hub.Scope, error) {
	org, name, ok := strings.Cut(e.Name, "/")
	if !ok || name == "" {
		return hub.Scope{}, hub.Errorf(hub.InvalidInput, "A resource group is named resource-group:ORGANIZATION/NAME, not %q.", e.Name)
	}
	m, err := s.membership(ctx, owner, org)
	if err != nil {
		return hub.Scope{}, err
	}
	none := hub.Errorf(hub.NotFound, "%s has no resource group called %s.", m.OrgName, name)
	g, err := s.store.GroupByName(ctx, m.OrgID, name)
	if hub.Is(err, hub.NotFound) {
		return hub.Scope{}, none
	}
	if err != nil {
		return hub.Scope{}, err
	}
	if m.Role != hub.RoleAdmin {
		own, err := s.store.GroupsOf(ctx, m.OrgID, owner.ID)
		if err != nil {
			return hub.Scope{}, err
		}
		if !slices.ContainsFunc(own, func(x hub.GroupMember) bool { return x.GroupID == g.ID }) {
			return hub.Scope{}, none
		}
	}
	return hub.Scope{EntityType: e.Type, EntityID: g.ID, EntityName: m.OrgName + "/" + g.Name, NamespaceID: m.OrgID, GroupID: g.ID}, nil
}

// repo finds a repository: any for the operator, for others what they may see. RepoNotFound.
func (s *Service) repo(ctx context.Context, g access.Grant, id hub.RepoID) (hub.Repo, error) {
	if g.Subject().Kind() == access.KindOperator {
		r, _, err := s.store.RepoByName(ctx, id)
		if hub.Is(err, hub.RepoNotFound) {
			return r, hub.Errorf(hub.RepoNotFound, "There is no %s called %s.", id.Type, id.FullName())
		}
		return r, err
	}
	seen, err := s.authorizer.Authorize(ctx, g.Subject(), access.Need{Action: access.RepoView, Target: access.Repo(id)})
	if err != nil {
		return hub.Repo{}, err
	}
	return seen.Repo(access.RepoView)
}

// legacyGlobal moves inference.serverless.write, which tokens of 2024 had without an entity, to the owner's entry.
func legacyGlobal(owner hub.User, scopes []NewScope, global []hub.Permission) ([]NewScope, []hub.Permission) {
	i := slices.Index(global, hub.PermInferenceWrite)
	if i < 0 {
		return scopes, global
	}
	global = slices.Delete(slices.Clone(global), i, i+1)
	scopes = slices.Clone(scopes)
	for j, sc := range scopes {
		if sc.Entity.Type == hub.EntityUser {
			scopes[j].Permissions = append(slices.Clone(sc.Permissions), hub.PermInferenceWrite)
			return scopes, global
		}
	}
	return append(scopes, NewScope{Entity{hub.EntityUser, owner.Name}, []hub.Permission{hub.PermInferenceWrite}}), global
}

// ordered returns the atoms of ps in the order of the table, each once.
func ordered(ps, table []hub.Permission) []hub.Permission {
	out := []hub.Permission{}
	for _, p := range table {
		if slices.Contains(ps, p) {
			out = append(out, p)
		}
	}
	return out
}
