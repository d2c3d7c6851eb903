package access

import (
	"iter"
	"net/netip"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// The complete space: every combination of everything that the rules read, with one entity of each sort. It is made of
// places (who stands how to what), credentials and rules of the organization; slabs cross them.

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

var (
	repoAtoms = []string{"repo.content.read", "repo.access.read", "repo.write", "discussion.write"}
	orgAtoms  = append([]string{"org.read", "org.write", "org.serviceAccounts.read", "org.serviceAccounts.write",
		"org.networkSecurity.write", "resourceGroup.write"}, repoAtoms...)
)

// entries yields no entry and then every subset of atoms.
func entries(atoms []string) (all [][]string) {
	all = append(all, nil)
	for set := range 1 << len(atoms) {
		entry := []string{}
		for i, a := range atoms {
			if set&(1<<i) != 0 {
				entry = append(entry, a)
			}
		}
		all = append(all, entry)
	}
	return all
}

// places is every way in which somebody stands to something, in every organization that takes any credential.
func places() (all []situation) {
	for _, rel := range lawRelations {
		groups := []string{""}
		if rel != "owner" {
			groups = []string{"", "none"}
		}
		if (&situation{relation: rel}).member() {
			groups = append(groups, lawMembers...)
		}
		for _, group := range groups {
			for f := range 1 << 6 {
				s := situation{relation: rel, group: group, standing: "none"}
				s.creator, s.private, s.gated, s.disabled = f&1 != 0, f&2 != 0, f&4 != 0, f&8 != 0
				s.membersGated, s.absent = f&16 != 0, f&32 != 0
				if s.creator && rel == "nobody" || s.membersGated && !s.gated ||
					s.absent && (s.creator || !s.private || s.gated || s.disabled) {
					continue
				}
				all = append(all, s)
				if !s.gated || rel == "nobody" || rel == "owner" {
					continue
				}
				for _, st := range []string{"pending", "rejected", "reset", "over", "accepted"} {
					s.standing = st
					all = append(all, s)
				}
			}
		}
	}
	return all
}

// credentials is every credential; with few, one of each sort and strength.
func credentials(few bool) (all []situation) {
	all = append(all, situation{kind: "none", live: true}, situation{kind: "operator", live: true, admin: true})
	for _, kind := range []string{"session", "ssh", "read", "write"} {
		all = append(all, situation{kind: kind, live: true}, situation{kind: kind, live: true, admin: true}, situation{kind: kind})
	}
	all = append(all, situation{kind: "fine-grained"}, situation{kind: "service"})
	nsAtoms := append([]string{"resourceGroup.write"}, repoAtoms...)
	var scopes []situation
	for _, ns := range entries(nsAtoms) {
		scopes = append(scopes, situation{namespace: ns})
	}
	for _, ns := range [][]string{nil, {}, {"repo.write"}, {"resourceGroup.write"}, {"repo.write", "resourceGroup.write"}, nsAtoms} {
		for _, narrow := range entries(repoAtoms)[1:] {
			scopes = append(scopes, situation{namespace: ns, groupEntry: narrow}, situation{namespace: ns, repo: narrow},
				situation{namespace: ns, repo: narrow, groupEntry: repoAtoms}, situation{namespace: ns, repo: narrow, groupEntry: []string{}})
		}
	}
	if few {
		scopes = []situation{{}, {namespace: nsAtoms}, {namespace: []string{"repo.content.read"}}, {repo: repoAtoms}, {groupEntry: repoAtoms}}
	}
	for _, c := range scopes {
		c.live = true
		for f := range 4 {
			c.kind, c.readGated, c.discuss = "fine-grained", f&1 != 0, f&2 != 0
			all = append(all, c)
		}
		c.kind, c.readGated, c.discuss = "service", false, false
		all = append(all, c)
	}
	return all
}

// orgCredentials is every fine-grained entry for an organization, all its atoms counted.
func orgCredentials() (all []situation) {
	for _, kind := range []string{"fine-grained", "service"} {
		for _, ns := range entries(orgAtoms) {
			all = append(all, situation{kind: kind, live: true, namespace: ns})
		}
	}
	return all
}

// rules is what an organization may say; with few, one of each reason and each setting.
func rules(few bool) (all []situation) {
	plain := situation{policy: "allow_all", status: "none", creation: "admin"}
	if few {
		all = append(all, plain)
		for _, creation := range []string{"write", "contributor", "read"} {
			s := plain
			s.creation = creation
			all = append(all, s)
		}
		for i := range 6 {
			s := plain
			switch i {
			case 0:
				s.status = "revoked"
			case 1:
				s.outside = true
			case 2:
				s.noSSH, s.policy, s.status = true, "require_approval", "pending"
			case 3:
				s.policy = "fine_grained_only"
			case 4:
				s.policy, s.status = "require_approval", "approved"
			case 5:
				s.privateOnly = true
			}
			all = append(all, s)
		}
		return all
	}
	for _, s := range []situation{{policy: "allow_all"}, {policy: "fine_grained_only"}, {policy: "require_approval"}} {
		s.creation = "admin"
		for _, s.status = range []string{"none", "pending", "approved", "denied", "revoked"} {
			for f := range 8 {
				s.outside, s.noSSH, s.privateOnly = f&1 != 0, f&2 != 0, f&4 != 0
				all = append(all, s)
			}
		}
	}
	return all
}

// situations yields one in every of the complete space.
func situations(every int) iter.Seq[*situation] {
	return func(yield func(*situation) bool) {
		at := places()
		var still []situation // places in which nothing is about a repository
		for _, p := range at {
			if p.private && !p.creator && !p.gated && !p.disabled {
				still = append(still, p)
			}
		}
		ok := cross(at, credentials(false), rules(true), every, yield) &&
			cross(at, credentials(true), rules(false), every, yield) &&
			cross(still, orgCredentials(), rules(true), every, yield)
		_ = ok
	}
}

func cross(at, with, under []situation, every int, yield func(*situation) bool) bool {
	n := len(at) * len(with) * len(under)
	for i := every / 2; i < n; i += every {
		s := at[i%len(at)]
		c, r := with[i/len(at)%len(with)], under[i/len(at)/len(with)]
		s.kind, s.live, s.admin = c.kind, c.live, c.admin
		s.namespace, s.groupEntry, s.repo, s.readGated, s.discuss = c.namespace, c.groupEntry, c.repo, c.readGated, c.discuss
		s.policy, s.status, s.creation = r.policy, r.status, r.creation
		s.outside, s.noSSH, s.privateOnly = r.outside, r.noSSH, r.privateOnly
		if s.possible() && !yield(&s) {
			return false
		}
	}
	return true
}

// possible leaves out what cannot be or says nothing new.
func (s *situation) possible() bool {
	plain := s.policy == "allow_all" && s.status == "none" && !s.outside && !s.noSSH && !s.privateOnly && s.creation == "admin"
	switch {
	case (s.kind == "none") != (s.relation == "nobody"),
		s.kind == "operator" && (s.relation != "outsider" || s.creator || s.standing != "none"),
		s.kind == "service" && (s.relation != "outsider" && s.relation != "admin" || s.creator || s.group != "" && s.group != "none"),
		s.kind == "service" && s.standing != "none" && s.standing != "accepted",
		s.groupEntry != nil && s.group == "",
		!s.member() && !plain:
		return false
	}
	return true
}

// world makes the subject and the repository of a situation, as the store would hand them over.
func (s *situation) world() (*Subject, hub.Repo) {
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
		f.Rules = []hub.OrgRules{s.rules()}
		if s.status != "none" {
			f.Grants = []hub.TokenGrant{{TokenID: spaceToken, OrgID: spaceOrg, State: hub.TokenState(s.status)}}
		}
		if role, ok := lawRoles[s.group]; ok {
			f.Groups = []hub.GroupMember{{GroupID: spaceGroup, OrgID: spaceOrg, UserID: spaceUser, Role: role}}
		}
	}
	s.gates(&f)
	var sub *Subject
	switch s.kind {
	case "session":
		f.User.Suspended = !s.live
		sub = NewSubject(f, Credential{})
	case "ssh":
		f.User.Suspended = !s.live
		sub = NewSSHSubject(f)
	default:
		sub = NewSubject(s.withToken(f, r), Credential{})
	}
	return sub.From(netip.AddrFrom4([4]byte{10, 0, 0, 1}))
}

func (s *situation) withToken(f hub.SubjectFacts, r hub.Repo) hub.SubjectFacts {
	f.Token = &hub.Token{ID: spaceToken, UserID: spaceUser, Kind: hub.TokenKind(s.kind), CanReadGated: s.readGated}
	if !s.live {
		f.Token.ExpiresAt = spaceNow
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

func (s *situation) rules() hub.OrgRules {
	r := hub.OrgRules{OrgID: spaceOrg, Tokens: hub.TokenPolicy(s.policy), SSH: hub.SSHAllowed, PrivateOnly: s.privateOnly, GroupCreation: lawRoles[s.creation]}
	if s.noSSH {
		r.SSH = hub.SSHDenied
	}
	if s.outside {
		r.IPRanges = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
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
func (s *situation) object(target string, sub *Subject, r *hub.Repo) object {
	switch {
	case target == "repo" && s.absent:
		return sub.missingAt("acme")
	case target == "repo":
		return objectOf(r)
	case target == "namespace":
		return objectInGroup(r.NamespaceID, r.GroupID)
	case target == "group" && s.absent:
		o := objectInGroup(r.NamespaceID, "")
		o.self = true
		o.flags |= stateGrouped | stateAbsent
		return o
	case target == "group":
		return objectOfGroup(r.NamespaceID, r.GroupID)
	}
	return missing
}

// fits tells whether a situation says anything new for a kind of target: those without a repository are
// enumerated once, with the facts about the repository at rest.
func (s *situation) fits(target string) bool {
	rest := !s.creator && s.private && !s.gated && !s.disabled && s.repo == nil
	switch target {
	case "repo":
		return !s.absent || s.group == "" && s.repo == nil && s.groupEntry == nil
	case "group":
		return rest && s.group != "" && (!s.absent || s.group == "none")
	}
	return rest && !s.absent && (target == "namespace" || s.group == "")
}

// asked tells whether the action makes sense: in a resource group there are places for repositories, and nothing
// else of a namespace is.
func (s *situation) asks(target, action string) bool {
	return target != "namespace" || s.group == "" || action == "repo.create" || action == "repo.create_public"
}
