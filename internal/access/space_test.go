package access

import (
	"iter"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// The complete space: every combination of everything that the rules read, with one entity of each sort.

var (
	spaceNow  = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	spaceUser = hub.ID("aaaaaaaaaaaaaaaaaaaaaaa1")
	spaceOrg  = hub.ID("bbbbbbbbbbbbbbbbbbbbbbb1")
	spaceRepo = hub.ID("ccccccccccccccccccccccc1")
	strange   = hub.ID("ddddddddddddddddddddddd1")
)

var lawRoles = map[string]hub.Role{
	"no_access": hub.RoleNoAccess, "read": hub.RoleRead, "contributor": hub.RoleContributor,
	"write": hub.RoleWrite, "admin": hub.RoleAdmin,
}

var (
	repoAtoms = []string{"repo.content.read", "repo.access.read", "repo.write", "discussion.write"}
	orgAtoms  = append([]string{"org.read", "org.write"}, repoAtoms...)
)

// entries yields no entry and then every subset of atoms.
func entries(atoms []string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		if !yield(nil) {
			return
		}
		for set := range 1 << len(atoms) {
			entry := []string{}
			for i, a := range atoms {
				if set&(1<<i) != 0 {
					entry = append(entry, a)
				}
			}
			if !yield(entry) {
				return
			}
		}
	}
}

// scopes yields every scope of a fine-grained token that the rules can tell apart: of a namespace's entry
// beside one for the repository only repo.write is read.
func scopes(relation string) iter.Seq2[[]string, []string] {
	atoms := orgAtoms
	if relation == "owner" {
		atoms = repoAtoms // a user's entry cannot carry org.read
	}
	return func(yield func(ns, repo []string) bool) {
		for ns := range entries(atoms) {
			if !yield(ns, nil) {
				return
			}
		}
		for repo := range entries(repoAtoms) {
			for _, ns := range [][]string{nil, {}, {"repo.write"}, orgAtoms[2:]} {
				if repo != nil && !yield(ns, repo) {
					return
				}
			}
		}
	}
}

func flags(n int) iter.Seq[func(int) bool] {
	return func(yield func(func(int) bool) bool) {
		for set := range 1 << n {
			if !yield(func(i int) bool { return set&(1<<i) != 0 }) {
				return
			}
		}
	}
}

// situations yields the complete space.
func situations() iter.Seq[*situation] {
	return func(yield func(*situation) bool) {
		for who := range people() {
			for f := range flags(4) {
				s := who
				s.creator, s.private, s.gated, s.disabled = f(0), f(1), f(2), f(3)
				if s.creator && s.relation == "nobody" {
					continue
				}
				if s.kind != "fine-grained" {
					if !yield(&s) {
						return
					}
					continue
				}
				for ns, repo := range scopes(s.relation) {
					for g := range flags(2) {
						s := s
						s.namespace, s.repo, s.readGated, s.discuss = ns, repo, g(0), g(1)
						if !yield(&s) {
							return
						}
					}
				}
			}
		}
	}
}

// people yields who asks, with which credential.
func people() iter.Seq[situation] {
	return func(yield func(situation) bool) {
		if !yield(situation{kind: "none", live: true, relation: "nobody"}) ||
			!yield(situation{kind: "operator", live: true, admin: true, relation: "outsider"}) {
			return
		}
		for _, kind := range []string{"session", "read", "write", "fine-grained"} {
			for _, rel := range []string{"outsider", "no_access", "read", "contributor", "write", "admin", "owner"} {
				for f := range flags(2) {
					if !yield(situation{kind: kind, live: f(0), admin: f(1), relation: rel}) {
						return
					}
				}
			}
		}
	}
}

// world makes the subject and the repository of a situation, as the store would hand them over.
func (s *situation) world() (*Subject, hub.Repo) {
	r := hub.Repo{
		ID: spaceRepo, RepoID: hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "m"},
		NamespaceID: spaceOrg, OwnerIsOrg: true, CreatorID: strange, Visibility: hub.Public, Disabled: s.disabled,
	}
	if s.private {
		r.Visibility = hub.Private
	}
	if s.gated {
		r.Gated = hub.GateManual
	}
	if s.relation == "owner" {
		r.NamespaceID, r.OwnerIsOrg, r.Namespace = spaceUser, false, "alice"
	}
	if s.creator {
		r.CreatorID = spaceUser
		if s.kind == "operator" {
			r.CreatorID = "" // nobody's
		}
	}
	return s.subject(r), r
}

func (s *situation) subject(r hub.Repo) *Subject {
	switch s.kind {
	case "none":
		return Anonymous()
	case "operator":
		return Operator()
	}
	f := hub.SubjectFacts{User: hub.User{ID: spaceUser, Name: "alice", Admin: s.admin}}
	if role, ok := lawRoles[s.relation]; ok {
		f.Memberships = []hub.Member{{OrgID: spaceOrg, OrgName: "acme", UserID: spaceUser, UserName: "alice", Role: role}}
	}
	if s.kind == "session" {
		f.User.Suspended = !s.live
		return NewSubject(f, Credential{})
	}
	f.Token = &hub.Token{ID: "eeeeeeeeeeeeeeeeeeeeeee1", UserID: spaceUser, Kind: hub.TokenKind(s.kind), CanReadGated: s.readGated}
	if !s.live {
		f.Token.ExpiresAt = spaceNow
	}
	if s.kind == "fine-grained" {
		f.Token.Kind = hub.TokenFineGrained
		f.Token.Scopes = s.scopes(r)
		if s.discuss {
			f.Token.Global = []hub.Permission{hub.PermDiscussionWrite}
		}
	}
	return NewSubject(f, Credential{})
}

func (s *situation) scopes(r hub.Repo) []hub.Scope {
	var out []hub.Scope
	perms := func(atoms []string) (ps []hub.Permission) {
		for _, a := range atoms {
			ps = append(ps, hub.Permission(a))
		}
		return ps
	}
	if s.namespace != nil {
		typ := hub.EntityUser
		if r.OwnerIsOrg {
			typ = hub.EntityOrg
		}
		out = append(out, hub.Scope{EntityType: typ, EntityID: r.NamespaceID, NamespaceID: r.NamespaceID, Permissions: perms(s.namespace)})
	}
	if s.repo != nil {
		out = append(out, hub.Scope{EntityType: hub.EntityModel, EntityID: r.ID, NamespaceID: r.NamespaceID, Permissions: perms(s.repo)})
	}
	return out
}

// object is what is asked about: the repository, its namespace, or nothing in particular.
func (s *situation) object(target string, r *hub.Repo) object {
	switch target {
	case "repo":
		return objectOf(r)
	case "namespace":
		return objectOfNamespace(r.NamespaceID)
	}
	return missing
}

// fits tells whether a situation says anything new for a kind of target: those without a repository are
// enumerated once, with the facts about the repository at rest.
func (s *situation) fits(target string) bool {
	return target == "repo" || !s.creator && s.private && !s.gated && !s.disabled && s.repo == nil
}
