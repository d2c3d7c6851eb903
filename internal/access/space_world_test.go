package access

import (
	"net/netip"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

var (
	spaceNow   = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	spaceUser  = hub.ID("aaaaaaaaaaaaaaaaaaaaaaa1")
	spaceOrg   = hub.ID("bbbbbbbbbbbbbbbbbbbbbbb1")
	spaceRepo  = hub.ID("ccccccccccccccccccccccc1")
	strange    = hub.ID("ddddddddddddddddddddddd1")
	spaceToken = hub.ID("eeeeeeeeeeeeeeeeeeeeeee1")
	spaceGroup = hub.ID("fffffffffffffffffffffff1")
	spaceSA    = hub.ID("aaaaaaaaaaaaaaaaaaaaaaa2")
)

var lawRoles = map[string]hub.Role{
	"no_access": hub.RoleNoAccess, "read": hub.RoleRead, "contributor": hub.RoleContributor,
	"write": hub.RoleWrite, "admin": hub.RoleAdmin,
}

// world makes the subject and the repository of a situation, as the store would hand them over.
func (s *situation) world() (*Subject, hub.Repo) {
	r := s.repository()
	return s.subject(r), r
}

func (s *situation) repository() hub.Repo {
	r := hub.Repo{
		ID: spaceRepo, RepoID: hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "m"}, NamespaceID: spaceOrg, OwnerIsOrg: true,
		CreatorID: strange, Visibility: hub.Public, Disabled: s.disabled, MembersGated: s.membersGated,
	}
	if s.private {
		r.Visibility = hub.Private
	}
	if s.gated {
		r.Gated = hub.GateManual
	}
	if s.group != "" {
		r.GroupID = spaceGroup
	}
	if s.relation == "owner" {
		r.NamespaceID, r.OwnerIsOrg, r.Namespace = spaceUser, false, "alice"
	}
	if s.creator {
		r.CreatorID = spaceUser
	}
	return r
}

// subject reads nothing of the thing but, through r, whose it is and which group it is in.
func (s *situation) subject(r hub.Repo) *Subject {
	f := s.facts(r)
	var sub *Subject
	switch s.kind {
	case "none":
		return Anonymous()
	case "operator":
		return Operator()
	case "ssh":
		sub = NewSSHSubject(f)
	default:
		sub = NewSubject(f, Credential{})
	}
	return sub.From(netip.AddrFrom4([4]byte{10, 0, 0, 1}))
}

// facts are those that subject makes a subject of, zero for callers without an account.
func (s *situation) facts(r hub.Repo) hub.SubjectFacts {
	if s.kind == "none" || s.kind == "operator" {
		return hub.SubjectFacts{}
	}
	f := hub.SubjectFacts{User: hub.User{ID: spaceUser, Name: "alice", Admin: s.admin}}
	if role, ok := lawRoles[s.relation]; ok {
		f.Memberships = []hub.Member{{OrgID: spaceOrg, OrgName: "acme", UserID: spaceUser, UserName: "alice", Role: role}}
		f.Rules = []hub.OrgRules{s.orgRules()}
		if s.status != "none" {
			f.Grants = []hub.TokenGrant{{TokenID: spaceToken, OrgID: spaceOrg, State: hub.TokenState(s.status)}}
		}
		if role, ok := lawRoles[s.group]; ok {
			f.Groups = []hub.GroupMember{{GroupID: spaceGroup, OrgID: spaceOrg, UserID: spaceUser, Role: role}}
		}
	}
	s.gates(&f)
	if s.kind == "session" || s.kind == "ssh" {
		f.User.Suspended = !s.live
		return f
	}
	return s.withToken(f, r)
}

func (s *situation) withToken(f hub.SubjectFacts, r hub.Repo) hub.SubjectFacts {
	f.Token = &hub.Token{ID: spaceToken, UserID: spaceUser, Kind: hub.TokenKind(s.kind), CanReadGated: s.readGated}
	f.Token.ExpiresAt = spaceNow
	if s.live {
		f.Token.ExpiresAt = spaceNow.Add(time.Nanosecond)
	}
	if s.kind == "fine-grained" || s.kind == "service" {
		f.Token.Kind = hub.TokenFineGrained
		f.Token.Scopes = s.scopes(r)
		if s.discuss {
			f.Token.Global = []hub.Permission{hub.PermDiscussionWrite}
		}
	}
	if s.kind == "service" {
		f.User, f.Token.UserID, f.Grants = hub.User{}, "", nil
		f.Service = &hub.ServiceAccount{ID: spaceSA, OrgID: spaceOrg, OrgName: "acme", Name: "robot"}
	}
	return f
}

var otherNetwork = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}

func (s *said) orgRules() hub.OrgRules {
	r := hub.OrgRules{OrgID: spaceOrg, Tokens: hub.TokenPolicy(s.policy), SSH: hub.SSHAllowed, PrivateOnly: s.privateOnly, GroupCreation: lawRoles[s.creation]}
	if s.noSSH {
		r.SSH = hub.SSHDenied
	}
	if s.outside {
		r.IPRanges = otherNetwork
	}
	return r
}

func (s *situation) gates(f *hub.SubjectFacts) {
	g := hub.GateGrant{RepoID: spaceRepo, Kind: hub.GateUser, State: hub.GateState(s.standing)}
	switch s.standing {
	case "none":
		return
	case "over":
		g.State, g.Until = hub.GateAccepted, spaceNow
	case "accepted":
		g.Until = spaceNow.Add(time.Nanosecond)
	}
	if s.kind == "service" {
		g.Kind = hub.GateService
	}
	f.Gates = []hub.GateGrant{g}
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
	if s.groupEntry != nil {
		out = append(out, hub.Scope{EntityType: hub.EntityGroup, EntityID: spaceGroup, GroupID: spaceGroup, NamespaceID: r.NamespaceID, Permissions: perms(s.groupEntry)})
	}
	if s.repo != nil {
		out = append(out, hub.Scope{EntityType: hub.EntityModel, EntityID: r.ID, GroupID: r.GroupID, NamespaceID: r.NamespaceID, Permissions: perms(s.repo)})
	}
	return out
}

// object is what is asked about: the repository, its namespace or a place in a group of it, the group, or nothing in
// particular.
func (s *situation) object(sub *Subject, r *hub.Repo) object {
	switch {
	case s.target == "repo" && s.absent:
		return sub.missingAt("acme")
	case s.target == "repo":
		return objectOf(r)
	case s.target == "namespace":
		return objectInGroup(r.NamespaceID, r.GroupID)
	case s.target == "group" && s.absent:
		o := objectOfGroup(r.NamespaceID, "")
		o.flags |= low(stateAbsent)
		return o
	case s.target == "group":
		return objectOfGroup(r.NamespaceID, r.GroupID)
	}
	return missing
}
