package access

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// law decides from testdata/*.matrix, in words and without any table, bit or helper of the production code: the
// independent formulation for the complete enumeration.
type law struct {
	person map[string]map[string]string // "action target" → relation → yes, own, set, in, gadm, -
	cred   map[string]map[string]string // action → kind → yes, -, or the rule for fine-grained tokens
	groups map[string][]string          // role in the organization → private in, private out, public in, public out
	gate   map[string][]string          // who → members pass, members have to be let in
	policy map[string][]string          // status → the six columns of the matrix
}

// situation is one point of the state space, in words.
type situation struct {
	kind         string // none, operator, session, ssh, read, write, service, fine-grained
	live         bool
	admin        bool // of the instance
	relation     string
	creator      bool
	private      bool
	gated        bool
	disabled     bool
	absent       bool     // there is no such repository
	group        string   // "" in none, "none" in one without the person, else the role there
	membersGated bool     // members have to be let in
	standing     string   // before the gate: none, pending, rejected, reset, over, accepted
	policy       string   // of the organization
	status       string   // of the token there
	outside      bool     // of its networks
	noSSH        bool     // SSH keys are kept out
	privateOnly  bool     // only admins make anything public
	creation     string   // least role that creates resource groups
	namespace    []string // atoms of the namespace's entry, nil: no entry
	groupEntry   []string // atoms of the resource group's entry, nil: no entry
	repo         []string // atoms of the repository's entry, nil: no entry
	readGated    bool
	discuss      bool // the global atom
}

func readLaw(t testing.TB) *law {
	t.Helper()
	l := &law{
		person: map[string]map[string]string{}, cred: map[string]map[string]string{}, groups: map[string][]string{},
		gate: map[string][]string{}, policy: map[string][]string{},
	}
	for _, f := range matrix(t, "testdata/person.matrix") {
		if len(f) != 2+len(lawRelations) {
			t.Fatalf("person.matrix: %d columns in %q", len(f), f)
		}
		row := map[string]string{}
		for i, r := range lawRelations {
			row[r] = f[2+i]
		}
		l.person[f[0]+" "+f[1]] = row
	}
	kinds := []string{"none", "operator", "session", "ssh", "read", "write", "service"}
	for _, f := range matrix(t, "testdata/credential.matrix") {
		row := map[string]string{"fine-grained": strings.Join(f[1+len(kinds):], " ")}
		for i, k := range kinds {
			row[k] = f[1+i]
		}
		if row["service"] == "fg" {
			row["service"] = row["fine-grained"]
		}
		l.cred[f[0]] = row
	}
	for file, to := range map[string]map[string][]string{"groups": l.groups, "gate": l.gate, "policy": l.policy} {
		for _, f := range matrix(t, "testdata/"+file+".matrix") {
			to[f[0]] = f[1:]
		}
	}
	return l
}

var (
	lawRelations = []string{"nobody", "outsider", "no_access", "read", "contributor", "write", "admin", "owner"}
	lawMembers   = lawRelations[2:7]
)

func (s *situation) member() bool { return slices.Contains(lawMembers, s.relation) }

func lawRank(role string) int { return slices.Index(lawRelations, role) }

// counts is the relation whose column counts for what is asked about.
func (l *law) counts(s *situation) string {
	switch {
	case s.absent && s.relation != "nobody":
		return "outsider"
	case s.absent || s.group == "" || !s.member():
		return s.relation
	}
	column := 0
	if !s.private {
		column = 2
	}
	if s.group == "none" {
		column++
	}
	role := s.group
	switch cell := l.groups[s.relation][column]; cell {
	case "r":
	case "max":
		if lawRank(role) < lawRank("read") {
			role = "read"
		}
	case "none":
		return "no_access"
	default:
		return cell
	}
	if role == "admin" { // of the group only: writes there, and what gate.matrix and the group's own actions say
		return "write"
	}
	return role
}

// matrix returns the columns of each row of a table; # starts a comment.
func matrix(t testing.TB, file string) [][]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows [][]string
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line, _, _ := strings.Cut(sc.Text(), "#")
		if fields := strings.Fields(line); len(fields) > 0 {
			rows = append(rows, fields)
		}
	}
	return rows
}

func (l *law) targetOf(action string) string {
	for _, target := range []string{"public", "namespace", "group", "self", "hub"} {
		if _, ok := l.person[action+" "+target]; ok {
			return map[string]string{"public": "repo"}[target] + strings.TrimPrefix(target, "public")
		}
	}
	return ""
}

func (l *law) personMay(s *situation, action string) bool {
	if action == "instance.admin" {
		return s.admin
	}
	target := l.targetOf(action)
	column := l.counts(s)
	switch target {
	case "repo":
		target = "public"
		if s.private {
			target = "private"
		}
	case "group":
		if column = s.relation; s.absent {
			column = "outsider"
		}
	}
	switch cell := l.person[action+" "+target][column]; cell {
	case "yes":
		return true
	case "own":
		return s.creator
	case "set":
		return lawRank(s.relation) >= lawRank(s.creation)
	case "in":
		return s.group != "none"
	case "gadm":
		return s.group == "admin"
	case "-":
		return false
	default:
		panic(fmt.Sprintf("no law for %s on %s by %s: %q", action, target, column, cell))
	}
}

func carries(entry []string, atom string) bool {
	if slices.Contains(entry, atom) {
		return true
	}
	switch atom {
	case "repo.content.read", "repo.access.read":
		return slices.Contains(entry, "repo.write")
	case "org.read":
		return slices.Contains(entry, "org.write")
	case "org.serviceAccounts.read":
		return slices.Contains(entry, "org.serviceAccounts.write")
	}
	return false
}

func (l *law) tokenMay(s *situation, action string) bool {
	rule := l.cred[action][s.kind]
	speaking := s.namespace
	if s.groupEntry != nil && l.targetOf(action) != "group" {
		speaking = s.groupEntry
	}
	if s.repo != nil {
		speaking = s.repo
	}
	gatedEntry := s.namespace
	if s.groupEntry != nil {
		gatedEntry = s.groupEntry
	}
	words := strings.Fields(rule)
	switch {
	case rule == "yes" || rule == "any":
		return true
	case rule == "-" || rule == "never":
		return false
	case rule == "open":
		return !s.private || carries(speaking, "repo.content.read")
	case rule == "content" && s.private:
		return carries(speaking, "repo.content.read")
	case rule == "content" && !s.gated:
		return true
	case rule == "content" && s.repo != nil:
		return carries(s.repo, "repo.content.read")
	case rule == "content":
		return s.readGated && s.kind != "service" || carries(gatedEntry, "repo.content.read") && s.relation != "outsider"
	case rule == "assign":
		return carries(s.namespace, "repo.write") && carries(speaking, "repo.write") && carries(s.namespace, "resourceGroup.write")
	case rule == "discuss":
		external := s.namespace == nil && s.groupEntry == nil && s.repo == nil && !s.private && s.relation != "owner"
		return carries(speaking, "discussion.write") || external && s.discuss
	case words[1] == "here":
		return carries(speaking, words[0])
	case words[1] == "namespace":
		return carries(s.namespace, words[0]) && carries(speaking, words[0])
	}
	panic("no rule " + rule)
}

// gatePassed tells whether the gate, if there is one, lets this person read files.
func (l *law) gatePassed(s *situation) bool {
	if !s.gated || s.standing == "accepted" {
		return true
	}
	who, column := l.counts(s), 0
	reads := lawRank(who) >= lawRank("read") && who != "owner"
	switch {
	case s.kind == "service" && who == "admin":
		who = "service"
	case who == "admin" || who == "owner":
	case reads && s.group == "admin" && s.member():
		who = "group_admin"
	case reads && s.creator:
		who = "creator"
	case reads:
		who = "reader"
	}
	if s.membersGated {
		column = 1
	}
	return l.gate[who][column] == "yes"
}

// restriction is the reason why the organization does not take the credential, "" when it does.
func (l *law) restriction(s *situation) string {
	if !s.member() {
		return ""
	}
	column := slices.Index([]string{"allow_all", "fine_grained_only", "require_approval"}, s.policy) * 2
	cell := "go"
	switch s.kind {
	case "read", "write":
		cell = l.policy[s.status][column]
	case "fine-grained":
		cell = l.policy[s.status][column+1]
	}
	switch {
	case cell == "revoked":
		return "policy.revoked"
	case s.outside:
		return "subject.ip_not_allowed"
	case s.kind == "ssh" && s.noSSH:
		return "policy.no_ssh"
	case cell == "kind":
		return "policy.fine_grained_only"
	case cell == "approval":
		return map[string]string{
			"none": "policy.approval_missing", "pending": "policy.approval_pending", "denied": "policy.approval_denied",
		}[s.status]
	}
	return ""
}

// anybodyMay tells whether an anonymous caller may do it: that much no organization's policy takes away.
func (l *law) anybodyMay(s *situation, action string) bool {
	a := situation{kind: "none", live: true, relation: "nobody", private: s.private, gated: s.gated, absent: s.absent, group: s.group, membersGated: s.membersGated}
	ok := l.personMay(&a, action) && l.tokenMay(&a, action)
	return ok && (action != "repo.content.read" || l.gatePassed(&a))
}

// decide returns "allow" or what refuses, and the reason code.
func (l *law) decide(s *situation, action string) (outcome, reason string) {
	if !s.live {
		return "dead", ""
	}
	target := l.targetOf(action)
	onRepo := target == "repo"
	person, token := l.personMay(s, action), l.tokenMay(s, action)
	restriction := l.restriction(s)
	onlyAdmins := s.privateOnly && s.relation != "admin" && s.member() && (action == "repo.publish" || action == "repo.create_public")
	switch {
	case restriction != "" && (onRepo || target == "namespace" || target == "group") && !l.anybodyMay(s, action):
		return "policy", restriction
	case onRepo && !(l.personMay(s, "repo.view") && l.tokenMay(s, "repo.view")):
		return "hide", "repo.not_found"
	case target == "group" && s.relation != "nobody" && !l.personMay(s, "group.read"):
		return "no-group", "group.not_found"
	case onRepo && s.disabled && action != "repo.view":
		return "disabled", "repo.disabled"
	case action == "repo.content.read" && !(person && token && l.gatePassed(s)):
		switch {
		case s.relation == "nobody":
			return "gated", "credential.required"
		case !l.gatePassed(s):
			return "gated", map[string]string{
				"none": "gate.not_accepted", "pending": "gate.pending", "rejected": "gate.rejected", "reset": "gate.reset", "over": "gate.expired",
			}[s.standing]
		}
		return "gated", "token.gated_not_enabled"
	case person && token && !onlyAdmins:
		return "allow", ""
	case s.relation == "nobody":
		return "sign-in", "credential.required"
	case !person:
		if s.group != "" && s.member() && s.relation != "admin" && (lawRoleReason[action] == "role.lacks_write" || lawRoleReason[action] == "role.lacks_create") {
			return "deny", "role.group_member_required"
		}
		return "deny", lawRoleReason[action]
	case onlyAdmins:
		return "deny", "policy.private_only"
	case s.kind == "ssh":
		return "deny", "ssh.git_only"
	case s.kind == "service" && slices.Contains(lawForPersons, action):
		return "deny", "service.no_person"
	case s.kind == "operator", l.cred[action]["write"] == "-":
		return "deny", "token.session_required"
	case s.kind == "fine-grained", s.kind == "service":
		return "deny", "token.scope_missing"
	}
	return "deny", "token.read_only"
}

// lawForPersons are the actions that are none of a service account's.
var lawForPersons = []string{"discussion.write", "repo.access.ask", "repo.access.read", "repo.access.manage"}

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
