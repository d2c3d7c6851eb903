package access

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// law decides from testdata/*.matrix, in words and without any table, bit or helper of the production code: the
// independent formulation for the complete enumeration. It is made of parts (what the person may do, what the credential
// carries, what the gate and the organization say), and each part is handed the facts that it reads and no others. So
// whatever else differs between two situations, a part says the same of both, and lawTables may ask it once for all.
type law struct {
	person map[string]map[string]string // "action target" → relation → yes, own, set, in, gadm, -
	cred   map[string]map[string]string // action → kind → yes, -, or the rule for fine-grained tokens
	groups map[string][]string          // role in the organization → private in, private out, public in, public out
	gate   map[string][]string          // who → members pass, members have to be let in
	policy map[string][]string          // status → the six columns of the matrix

	targets map[string]string // action → what it is asked of
	mu      sync.Mutex        // guards tables
	tables  map[*slab]*lawTables
}

// personFacts is what the part about the person reads.
type personFacts struct {
	relation, group, creation       string
	creator, private, absent, admin bool
}

// tokenFacts is what the part about the credential reads.
type tokenFacts struct {
	carried       *carried
	outsider, own bool // how the person stands to the namespace, as far as it matters here
	private       bool
	gated         bool
}

// gateFacts is what the part about the gate reads.
type gateFacts struct {
	relation, group, standing                     string
	creator, private, gated, membersGated, absent bool
	service                                       bool // the caller is a service account
}

// theLaw is read once.
var theLaw *law

func readLaw(t testing.TB) *law {
	t.Helper()
	if theLaw != nil {
		return theLaw
	}
	l := &law{
		targets: map[string]string{}, tables: map[*slab]*lawTables{},
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
	for a := NoAction + 1; a < numActions; a++ {
		l.targets[a.String()] = l.findTarget(a.String())
	}
	theLaw = l
	return l
}

var (
	lawRelations = []string{"nobody", "outsider", "no_access", "read", "contributor", "write", "admin", "owner"}
	lawMembers   = lawRelations[2:7]
)

func lawMember(relation string) bool { return slices.Contains(lawMembers, relation) }

func lawRank(role string) int { return slices.Index(lawRelations, role) }

// counts is the relation whose column counts for what is asked about.
func (l *law) counts(relation, group string, private, absent bool) string {
	switch {
	case absent && relation != "nobody":
		return "outsider"
	case absent || group == "" || !lawMember(relation):
		return relation
	}
	column := 0
	if !private {
		column = 2
	}
	if group == "none" {
		column++
	}
	role := group
	switch cell := l.groups[relation][column]; cell {
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

func (l *law) targetOf(action string) string { return l.targets[action] }

func (l *law) findTarget(action string) string {
	for _, target := range []string{"public", "namespace", "group", "self", "hub"} {
		if _, ok := l.person[action+" "+target]; ok {
			return map[string]string{"public": "repo"}[target] + strings.TrimPrefix(target, "public")
		}
	}
	return ""
}

func (l *law) personMay(f personFacts, action string) bool {
	if action == "instance.admin" {
		return f.admin
	}
	target := l.targetOf(action)
	column := l.counts(f.relation, f.group, f.private, f.absent)
	switch target {
	case "repo":
		target = "public"
		if f.private {
			target = "private"
		}
	case "group":
		if column = f.relation; f.absent {
			column = "outsider"
		}
	}
	switch cell := l.person[action+" "+target][column]; cell {
	case "yes":
		return true
	case "own":
		return f.creator
	case "set":
		return lawRank(f.relation) >= lawRank(f.creation)
	case "in":
		return f.group != "none"
	case "gadm":
		return f.group == "admin"
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

func (l *law) tokenMay(f tokenFacts, action string) bool {
	c := f.carried
	rule := l.cred[action][c.kind]
	speaking := c.namespace
	if c.groupEntry != nil && l.targetOf(action) != "group" {
		speaking = c.groupEntry
	}
	if c.repo != nil {
		speaking = c.repo
	}
	gatedEntry := c.namespace
	if c.groupEntry != nil {
		gatedEntry = c.groupEntry
	}
	atom, where, _ := strings.Cut(rule, " ")
	switch {
	case rule == "yes" || rule == "any":
		return true
	case rule == "-" || rule == "never":
		return false
	case rule == "open":
		return !f.private || carries(speaking, "repo.content.read")
	case rule == "content" && f.private:
		return carries(speaking, "repo.content.read")
	case rule == "content" && !f.gated:
		return true
	case rule == "content" && c.repo != nil:
		return carries(c.repo, "repo.content.read")
	case rule == "content":
		return c.readGated && c.kind != "service" || carries(gatedEntry, "repo.content.read") && !f.outsider
	case rule == "assign":
		return carries(c.namespace, "repo.write") && carries(speaking, "repo.write") && carries(c.namespace, "resourceGroup.write")
	case rule == "discuss":
		external := c.namespace == nil && c.groupEntry == nil && c.repo == nil && !f.private && !f.own
		return carries(speaking, "discussion.write") || external && c.discuss
	case where == "here":
		return carries(speaking, atom)
	case where == "namespace":
		return carries(c.namespace, atom) && carries(speaking, atom)
	}
	panic("no rule " + rule)
}

// gatePassed tells whether the gate, if there is one, lets this person read files.
func (l *law) gatePassed(f gateFacts) bool {
	if !f.gated || f.standing == "accepted" {
		return true
	}
	who, column := l.counts(f.relation, f.group, f.private, f.absent), 0
	reads := lawRank(who) >= lawRank("read") && who != "owner"
	switch {
	case f.service && who == "admin":
		who = "service"
	case who == "admin" || who == "owner":
	case reads && f.group == "admin" && lawMember(f.relation):
		who = "group_admin"
	case reads && f.creator:
		who = "creator"
	case reads:
		who = "reader"
	}
	if f.membersGated {
		column = 1
	}
	return l.gate[who][column] == "yes"
}

// restriction is the reason why an organization that says r does not take the kind of credential of somebody in
// that relation, "" when it does.
func (l *law) restriction(member bool, kind string, r *said) string {
	if !member {
		return ""
	}
	column := slices.Index([]string{"allow_all", "fine_grained_only", "require_approval"}, r.policy) * 2
	cell := "go"
	switch kind {
	case "read", "write":
		cell = l.policy[r.status][column]
	case "fine-grained":
		cell = l.policy[r.status][column+1]
	}
	switch {
	case cell == "revoked":
		return "policy.revoked"
	case r.outside:
		return "subject.ip_not_allowed"
	case kind == "ssh" && r.noSSH:
		return "policy.no_ssh"
	case cell == "kind":
		return "policy.fine_grained_only"
	case cell == "approval":
		return map[string]string{
			"none": "policy.approval_missing", "pending": "policy.approval_pending", "denied": "policy.approval_denied",
		}[r.status]
	}
	return ""
}

// anybodyMay tells whether an anonymous caller may do it: that much no organization's policy takes away.
func (l *law) anybodyMay(f gateFacts, action string) bool {
	stranger := gateFacts{relation: "nobody", group: f.group, private: f.private, gated: f.gated, membersGated: f.membersGated, absent: f.absent}
	ok := l.personMay(personFacts{relation: "nobody", group: f.group, private: f.private, absent: f.absent}, action) &&
		l.tokenMay(tokenFacts{carried: &carried{kind: "none"}, private: f.private, gated: f.gated}, action)
	return ok && (action != "repo.content.read" || l.gatePassed(stranger))
}
