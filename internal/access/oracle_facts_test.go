package access

import (
	"slices"

	"github.com/cedar-policy/cedar-go"
)

// What the policies can read of the space, packed into integers: a code has a field for each attribute, or for attributes
// that go together. entity makes the attributes of a code anew; a test compares them with those made from a subject and
// a repository.

// oracleField is one field of a code.
type oracleField struct {
	attributes []string // none for what a hierarchy is made of
	width      int
	value      func(v uint64) []cedar.Value
}

type oracleFields []oracleField

func (fs oracleFields) shift(field int) (n int) {
	for _, f := range fs[:field] {
		n += f.width
	}
	return n
}

// mask covers the fields of the given attributes and, if hierarchy, those without any.
func (fs oracleFields) mask(attributes []string, hierarchy bool) (m uint64) {
	for i, f := range fs {
		read := len(f.attributes) == 0 && hierarchy
		for _, a := range f.attributes {
			read = read || slices.Contains(attributes, a)
		}
		if read {
			m |= (1<<f.width - 1) << fs.shift(i)
		}
	}
	return m
}

// entity makes the attributes of a code, of those that are read.
func (fs oracleFields) entity(code uint64, read []string) cedar.RecordMap {
	attrs := cedar.RecordMap{}
	for i, f := range fs {
		values := f.value(code >> fs.shift(i) & (1<<f.width - 1))
		for j, a := range f.attributes {
			if slices.Contains(read, a) {
				attrs[cedar.String(a)] = values[j]
			}
		}
	}
	return attrs
}

func (fs oracleFields) all() (names []string) {
	for _, f := range fs {
		names = append(names, f.attributes...)
	}
	return names
}

// packer fills codes.
type packer struct{ shifts []int }

func newPacker(fs oracleFields) packer {
	var p packer
	for i := range fs {
		p.shifts = append(p.shifts, fs.shift(i))
	}
	return p
}

func (p packer) put(code *uint64, field int, v uint64) { *code |= v << p.shifts[field] }

func (p packer) flag(code *uint64, field int, on bool) {
	if on {
		p.put(code, field, 1)
	}
}

var (
	theOrg        = uid("Namespace", string(spaceOrg))
	thePerson     = uid("Namespace", string(spaceUser))
	theRobot      = uid("Namespace", string(spaceSA))
	thePlace      = []cedar.Value{theOrg, thePerson, uid("Group", string(spaceGroup)), uid("Repo", string(spaceRepo))}
	spaceKinds    = []string{"none", "anonymous", "operator", "session", "ssh", "read", "write", "fine-grained", "service"}
	spacePolicies = []string{"allow_all", "fine_grained_only", "require_approval"}
)

func flagOf(name string) oracleField {
	return oracleField{[]string{name}, 1, func(v uint64) []cedar.Value { return []cedar.Value{cedar.Boolean(v == 1)} }}
}

// someOf is a set of the two namespaces, the group and the repository.
func someOf(name string) oracleField {
	return oracleField{[]string{name}, 4, func(v uint64) []cedar.Value {
		var in []cedar.Value
		for i, u := range thePlace {
			if v>>i&1 != 0 {
				in = append(in, u)
			}
		}
		return []cedar.Value{cedar.NewSet(in...)}
	}}
}

// The fields of a credential.
const (
	callerKind = iota
	callerLive
	callerSignedIn
	callerUser
	callerReadGated
	callerDiscuss
	callerEntries
	callerReads
	callerAccesses
	callerWrites
	callerGroupWrites
	callerDiscusses
	callerOutside
	callerApprovedIn
	callerRevokedIn
	callerAccepted
	callerRole      // of the user in the organization: 0 none, else one more than in roleNames
	callerGroupRole // and in the group
)

var callerFields = oracleFields{
	{[]string{"kind"}, 4, func(v uint64) []cedar.Value { return []cedar.Value{cedar.String(spaceKinds[v])} }},
	flagOf("live"), flagOf("signedIn"),
	{[]string{"user"}, 2, func(v uint64) []cedar.Value {
		return []cedar.Value{[]cedar.Value{uid("Namespace", "user:"), thePerson, theRobot, nil}[v]}
	}},
	flagOf("readGated"), flagOf("discuss"), someOf("entries"), someOf("reads"), someOf("accesses"), someOf("writes"),
	someOf("groupWrites"), someOf("discusses"), someOf("outside"), someOf("approvedIn"), someOf("revokedIn"), someOf("accepted"),
	{nil, 3, func(uint64) []cedar.Value { return nil }}, {nil, 3, func(uint64) []cedar.Value { return nil }},
}

var callerPacker = newPacker(callerFields)

// callerCode packs what the policies can read of a credential and its user.
func (s *situation) callerCode() (code uint64) {
	p := callerPacker
	kind := s.kind
	if kind == "none" {
		kind = "anonymous"
	}
	p.put(&code, callerKind, uint64(slices.Index(spaceKinds, kind)))
	p.flag(&code, callerLive, s.live)
	p.flag(&code, callerSignedIn, s.kind != "none")
	switch s.kind {
	case "none", "operator":
	case "service":
		p.put(&code, callerUser, 2)
	default:
		p.put(&code, callerUser, 1)
	}
	p.flag(&code, callerReadGated, s.readGated)
	p.flag(&code, callerDiscuss, s.discuss)
	space := uint64(1)
	if s.relation == "owner" {
		space = 2
	}
	for _, e := range []struct {
		atoms []string
		bit   uint64
	}{{s.namespace, space}, {s.groupEntry, 4}, {s.carried.repo, 8}} {
		if e.atoms != nil {
			p.put(&code, callerEntries, e.bit)
		}
		for _, a := range e.atoms {
			if f, ok := callerAtoms[a]; ok {
				p.put(&code, f, e.bit)
			}
		}
	}
	p.flag(&code, callerOutside, s.outside && lawMember(s.relation))
	if lawMember(s.relation) {
		if s.kind != "service" {
			p.flag(&code, callerApprovedIn, s.status == "approved")
			p.flag(&code, callerRevokedIn, s.status == "revoked")
		}
		p.put(&code, callerRole, uint64(slices.Index(roleNames, s.relation)+1))
		p.put(&code, callerGroupRole, uint64(slices.Index(roleNames, s.group)+1))
	}
	if s.standing == "accepted" {
		p.put(&code, callerAccepted, 8)
	}
	return code
}

var callerAtoms = map[string]int{
	"repo.content.read": callerReads, "repo.access.read": callerAccesses, "repo.write": callerWrites,
	"discussion.write": callerDiscusses, "resourceGroup.write": callerGroupWrites,
}

// callerRoles is what the user of a code is in.
func callerRoles(code uint64) (in []cedar.EntityUID) {
	if r := code >> callerFields.shift(callerRole) & 7; r > 0 {
		in = append(in, uid("Role", string(spaceOrg)+"/"+roleNames[r-1]))
	}
	if r := code >> callerFields.shift(callerGroupRole) & 7; r > 0 {
		in = append(in, uid("Role", string(spaceGroup)+"/"+roleNames[r-1]))
	}
	return in
}

// The fields of a repository.
const (
	repoPrivate = iota
	repoGated
	repoDisabled
	repoMembersGated
	repoPersonal // in the user's own namespace, and not in the organization
	repoCreated  // by the user
	repoGrouped
	repoPolicy
	repoNoSSH
	repoPrivateOnly
)

var repoFields = oracleFields{
	flagOf("private"), flagOf("gated"), flagOf("disabled"), flagOf("membersGated"),
	{[]string{"owner", "members", "readers", "contributors", "writers", "admins"}, 1, func(v uint64) []cedar.Value {
		owner := []cedar.EntityUID{theOrg, thePerson}[v]
		return append([]cedar.Value{owner}, rolesOf(string(owner.ID))...)
	}},
	{[]string{"creator"}, 1, func(v uint64) []cedar.Value {
		return []cedar.Value{[]cedar.Value{uid("Namespace", string(strange)), thePerson}[v]}
	}},
	{[]string{"grouped", "group", "groupReaders", "groupContributors", "groupWriters", "groupAdmins"}, 1, func(v uint64) []cedar.Value {
		group := []string{"", string(spaceGroup)}[v]
		return append([]cedar.Value{cedar.Boolean(v == 1), uid("Group", group)}, rolesOf(group)[1:]...)
	}},
	{[]string{"policy"}, 2, func(v uint64) []cedar.Value { return []cedar.Value{cedar.String(spacePolicies[v])} }},
	flagOf("noSSH"), flagOf("privateOnly"),
}

var repoPacker = newPacker(repoFields)

func rolesOf(of string) (all []cedar.Value) {
	for _, r := range roleNames {
		all = append(all, uid("Role", of+"/"+r))
	}
	return all
}

// repoCode packs what the policies can read of a repository and of what its organization says.
func (s *situation) repoCode() (code uint64) {
	p := repoPacker
	p.flag(&code, repoPrivate, s.private)
	p.flag(&code, repoGated, s.gated)
	p.flag(&code, repoDisabled, s.disabled)
	p.flag(&code, repoMembersGated, s.membersGated)
	p.flag(&code, repoPersonal, s.relation == "owner")
	p.flag(&code, repoCreated, s.creator)
	p.flag(&code, repoGrouped, s.group != "")
	p.put(&code, repoPolicy, uint64(slices.Index(spacePolicies, s.policy)))
	p.flag(&code, repoNoSSH, s.noSSH)
	p.flag(&code, repoPrivateOnly, s.privateOnly)
	return code
}
