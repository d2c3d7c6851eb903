package access

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// law decides from testdata/person.matrix and testdata/credential.matrix, in words and without any table,
// bit or helper of the production code: the independent formulation for the complete enumeration.
type law struct {
	person map[string]map[string]string // "action target" → relation → yes, own, -
	cred   map[string]map[string]string // action → kind → yes, -, or the rule for fine-grained tokens
}

// situation is one point of the state space, in words.
type situation struct {
	kind      string // none, operator, session, read, write, fine-grained
	live      bool
	admin     bool // of the instance
	relation  string
	creator   bool
	private   bool
	gated     bool
	disabled  bool
	namespace []string // atoms of the namespace's entry, nil: no entry
	repo      []string // atoms of the repository's entry, nil: no entry
	readGated bool
	discuss   bool // the global atom
}

func readLaw(t testing.TB) *law {
	t.Helper()
	l := &law{person: map[string]map[string]string{}, cred: map[string]map[string]string{}}
	relations := []string{"nobody", "outsider", "no_access", "read", "contributor", "write", "admin", "owner"}
	for _, f := range matrix(t, "testdata/person.matrix") {
		if len(f) != 2+len(relations) {
			t.Fatalf("person.matrix: %d columns in %q", len(f), f)
		}
		row := map[string]string{}
		for i, r := range relations {
			row[r] = f[2+i]
		}
		l.person[f[0]+" "+f[1]] = row
	}
	kinds := []string{"none", "operator", "session", "read", "write"}
	for _, f := range matrix(t, "testdata/credential.matrix") {
		row := map[string]string{"fine-grained": strings.Join(f[1+len(kinds):], " ")}
		for i, k := range kinds {
			row[k] = f[1+i]
		}
		l.cred[f[0]] = row
	}
	return l
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
	for _, target := range []string{"public", "namespace", "self", "hub"} {
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
	if target == "repo" {
		target = "public"
		if s.private {
			target = "private"
		}
	}
	switch cell := l.person[action+" "+target][s.relation]; cell {
	case "yes":
		return true
	case "own":
		return s.creator
	case "-":
		return false
	default:
		panic(fmt.Sprintf("no law for %s on %s by %s: %q", action, target, s.relation, cell))
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
	}
	return false
}

func (l *law) tokenMay(s *situation, action string) bool {
	rule := l.cred[action][s.kind]
	speaking := s.namespace
	if s.repo != nil {
		speaking = s.repo
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
		return s.readGated || carries(s.namespace, "repo.content.read") && s.relation != "outsider"
	case rule == "discuss":
		external := s.namespace == nil && s.repo == nil && !s.private && s.relation != "owner"
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
	return !s.gated || l.person["gate -"][s.relation] == "yes"
}

// decide returns "allow" or what refuses, and the reason code.
func (l *law) decide(s *situation, action string) (outcome, reason string) {
	if !s.live {
		return "dead", ""
	}
	onRepo := l.targetOf(action) == "repo"
	person, token := l.personMay(s, action), l.tokenMay(s, action)
	switch {
	case onRepo && !(l.personMay(s, "repo.view") && l.tokenMay(s, "repo.view")):
		return "hide", "repo.not_found"
	case onRepo && s.disabled && action != "repo.view":
		return "disabled", "repo.disabled"
	case action == "repo.content.read" && !(person && token && l.gatePassed(s)):
		switch {
		case s.relation == "nobody":
			return "gated", "credential.required"
		case !l.gatePassed(s):
			return "gated", "gate.not_accepted"
		}
		return "gated", "token.gated_not_enabled"
	case person && token:
		return "allow", ""
	case s.relation == "nobody":
		return "sign-in", "credential.required"
	case !person:
		return "deny", lawRoleReason[action]
	case s.kind == "operator", l.cred[action]["write"] == "-":
		return "deny", "token.session_required"
	case s.kind == "fine-grained":
		return "deny", "token.scope_missing"
	}
	return "deny", "token.read_only"
}

var lawRoleReason = map[string]string{
	"repo.write": "role.lacks_write", "repo.settings": "role.lacks_write", "repo.publish": "role.lacks_write",
	"repo.delete": "role.lacks_write", "repo.move": "role.lacks_write", "repo.access.read": "role.lacks_write",
	"repo.access.manage": "role.lacks_write", "repo.transfer": "role.lacks_admin", "org.write": "role.lacks_admin",
	"org.read": "role.lacks_read", "namespace.list_all": "role.lacks_read", "repo.create": "role.lacks_create",
	"instance.admin": "role.operator_required",
}
