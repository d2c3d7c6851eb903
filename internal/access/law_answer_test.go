package access

import "slices"

// outcome is how a question ends: an answer of yes, or what refuses.
type outcome uint8

const (
	dead outcome = iota
	allow
	byPolicy
	hide
	noSuchGroup
	disabled
	behindGate
	signIn
	deny
	numOutcomes
)

var outcomeNames = [numOutcomes]string{"dead", "allow", "policy", "hide", "no-group", "disabled", "gated", "sign-in", "deny"}

// findings is what the parts of the law say of one situation and one action.
type findings struct {
	kind, group                 string
	restriction, gateReason     string
	live, disabled, privateOnly bool
	nobody, member, admin       bool // the relation to the namespace
	passed                      bool // the gate
	anybody                     bool // may an anonymous caller do it
	person, token               bool // may the person, may the credential do it
	seen                        bool // both may look at the repository
	knows                       bool // the person may know of the resource group
}

// clause is what conclude needs to know of an action, looked up once.
type clause struct {
	action, target, roleReason          string
	onRepo, bound                       bool // bound by what the organization says
	opens, content, view                bool
	forPersons, sessionOnly, groupRoles bool
}

func (l *law) clause(action string) clause {
	c := clause{action: action, target: l.targetOf(action), roleReason: lawRoleReason[action]}
	c.onRepo = c.target == "repo"
	c.bound = c.onRepo || c.target == "namespace" || c.target == "group"
	c.opens = action == "repo.publish" || action == "repo.create_public"
	c.content, c.view = action == "repo.content.read", action == "repo.view"
	c.forPersons = slices.Contains(lawForPersons, action)
	c.sessionOnly = l.cred[action]["write"] == "-"
	c.groupRoles = c.roleReason == "role.lacks_write" || c.roleReason == "role.lacks_create"
	return c
}

// conclude puts the parts together: the order in which they speak, and the reason that is told.
func (c *clause) conclude(f *findings) (outcome, string) {
	onlyAdmins := c.opens && f.privateOnly && f.member && !f.admin
	switch {
	case !f.live:
		return dead, ""
	case f.restriction != "" && c.bound && !f.anybody:
		return byPolicy, f.restriction
	case c.onRepo && !f.seen:
		return hide, "repo.not_found"
	case c.target == "group" && !f.nobody && !f.knows:
		return noSuchGroup, "group.not_found"
	case c.onRepo && f.disabled && !c.view:
		return disabled, "repo.disabled"
	case c.content && !(f.person && f.token && f.passed):
		switch {
		case f.nobody:
			return behindGate, "credential.required"
		case !f.passed:
			return behindGate, f.gateReason
		}
		return behindGate, "token.gated_not_enabled"
	case f.person && f.token && !onlyAdmins:
		return allow, ""
	case f.nobody:
		return signIn, "credential.required"
	case !f.person:
		if c.groupRoles && f.group != "" && f.member && !f.admin {
			return deny, "role.group_member_required"
		}
		return deny, c.roleReason
	case onlyAdmins:
		return deny, "policy.private_only"
	case f.kind == "ssh":
		return deny, "ssh.git_only"
	case f.kind == "service" && c.forPersons:
		return deny, "service.no_person"
	case f.kind == "operator", c.sessionOnly:
		return deny, "token.session_required"
	case f.kind == "fine-grained", f.kind == "service":
		return deny, "token.scope_missing"
	}
	return deny, "token.read_only"
}

var lawGateReason = map[string]string{
	"none": "gate.not_accepted", "pending": "gate.pending", "rejected": "gate.rejected", "reset": "gate.reset", "over": "gate.expired",
}

// lawForPersons are the actions that are none of a service account's.
var lawForPersons = []string{"discussion.write", "repo.access.ask", "repo.access.read", "repo.access.manage", "org.tokens"}

var lawRoleReason = map[string]string{
	"repo.write": "role.lacks_write", "repo.settings": "role.lacks_write", "repo.publish": "role.lacks_write",
	"repo.delete": "role.lacks_write", "repo.move": "role.lacks_write", "repo.access.read": "role.lacks_write",
	"repo.access.manage": "role.lacks_write", "repo.transfer": "role.lacks_admin", "org.write": "role.lacks_admin",
	"org.tokens": "role.lacks_admin", "org.audit": "role.lacks_admin", "org.network": "role.lacks_admin",
	"org.delete": "role.lacks_admin", "org.service_accounts.read": "role.lacks_admin",
	"org.service_accounts.write": "role.lacks_admin", "repo.assign": "role.lacks_admin", "group.delete": "role.lacks_admin",
	"group.create": "role.lacks_group_creation", "group.manage": "role.lacks_group_admin", "group.settings": "role.lacks_group_admin",
	"org.read": "role.lacks_read", "namespace.list_all": "role.lacks_read", "repo.create": "role.lacks_create",
	"repo.create_public": "role.lacks_create", "instance.admin": "role.operator_required",
}

// elsewhere turns what is asked about into nothing in particular: the caller's own account, or the hub.
func (s situation) elsewhere() situation {
	if s.relation != "nobody" {
		s.relation = "outsider"
	}
	s.namespace, s.seat.group = nil, ""
	return s
}

// decide answers in words, asking every part anew: what lawTables must come to as well.
func (l *law) decide(s situation, action string) (outcome, string) {
	if s.target == "self" || s.target == "hub" {
		s = s.elsewhere()
	}
	c := l.clause(action)
	gate, person, token := s.gateFacts(), s.personFacts(), s.tokenFacts()
	f := s.findings()
	f.restriction, f.passed = l.restriction(f.member, s.kind, &s.said), l.gatePassed(gate)
	f.anybody, f.person, f.token = l.anybodyMay(gate, action), l.personMay(person, action), l.tokenMay(token, action)
	f.seen = c.onRepo && l.personMay(person, "repo.view") && l.tokenMay(token, "repo.view")
	f.knows = l.personMay(person, "group.read")
	return c.conclude(&f)
}

// findings has what needs no part of the law.
func (s *situation) findings() findings {
	return findings{
		kind: s.kind, group: s.group, gateReason: lawGateReason[s.standing], live: s.live, disabled: s.disabled, privateOnly: s.privateOnly,
		nobody: s.relation == "nobody", member: lawMember(s.relation), admin: s.relation == "admin",
	}
}

func (s *situation) personFacts() personFacts {
	return personFacts{s.relation, s.group, s.creation, s.creator, s.private, s.absent, s.admin}
}

func (s *situation) tokenFacts() tokenFacts {
	return tokenFacts{&s.carried, s.relation == "outsider", s.relation == "owner", s.private, s.gated}
}

func (s *situation) gateFacts() gateFacts {
	return gateFacts{s.relation, s.group, s.standing, s.creator, s.private, s.gated, s.membersGated, s.absent, s.kind == "service"}
}
