package access

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

var outcomes = map[hub.Code]string{
	hub.RepoNotFound: "hide", hub.Forbidden: "deny", hub.Unauthorized: "sign-in", hub.GatedRepo: "gated",
	hub.Disabled: "disabled", hub.Conflict: "conflict", hub.InvalidCredentials: "dead", hub.NotFound: "unknown",
}

// TestDecisions runs every row of testdata/*.decisions:
//
//	who  token  action  target  outcome  reason  | part of the message | another part
//
// Several needs of one request are joined with "+" in action and target. The reason is "-" for allow and for
// moved, whose outcome is moved=ID. A part that begins with "!" must not be in the message.
func TestDecisions(t *testing.T) {
	files, err := filepath.Glob("testdata/*.decisions")
	if err != nil || len(files) == 0 {
		t.Fatalf("no decision tables: %v", err)
	}
	w := readWorld(t)
	az := NewAuthorizer(w, Options{Now: func() time.Time { return spaceNow }})
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { runDecisions(t, w, az, file) })
	}
}

func runDecisions(t *testing.T, w *world, az *Authorizer, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows := 0
	sc := bufio.NewScanner(f)
	for line := 1; sc.Scan(); line++ {
		text := strings.TrimSpace(sc.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		rows++
		parts := strings.Split(text, "|")
		col := strings.Fields(parts[0])
		if len(col) != 6 {
			t.Fatalf("%s:%d: want six columns, got %d", file, line, len(col))
		}
		sub := w.subject(t, col[0], col[1])
		_, err := az.Authorize(context.Background(), sub, parseNeeds(t, w, col[2], col[3])...)
		if got := outcomeOf(err); got != col[4]+" "+col[5] {
			t.Errorf("%s:%d: %s\n\tgot  %s\n\twant %s %s\n\terror %v", file, line, text, got, col[4], col[5], err)
			continue
		}
		checkWords(t, file, line, err, parts[1:])
		if hub.Is(err, hub.RepoNotFound) {
			checkHidden(t, az, sub, err)
		}
		if n := parseNeeds(t, w, col[2], col[3]); hub.Is(err, hub.Forbidden) && n[0].Target.kind == repoTarget {
			checkPolicy(t, az, sub, n[0], err)
		}
	}
	t.Logf("%s: %d rows", file, rows)
}

func outcomeOf(err error) string {
	var moved *Moved
	var e *hub.Error
	switch {
	case err == nil:
		return "allow -"
	case errors.As(err, &moved):
		return "moved=" + moved.To.FullName() + " -"
	case !errors.As(err, &e):
		return err.Error()
	}
	return outcomes[e.Code] + " " + e.Reason
}

func checkWords(t *testing.T, file string, line int, err error, want []string) {
	t.Helper()
	message := ""
	var e *hub.Error
	if errors.As(err, &e) {
		message = strings.TrimSpace(e.Message + " " + e.Hint)
	}
	for _, c := range message {
		if c < ' ' || c > '~' {
			t.Errorf("%s:%d: %q is not fit for a header", file, line, message)
		}
	}
	for _, part := range want {
		part = strings.TrimSpace(part)
		absent, negative := strings.CutPrefix(part, "!")
		if strings.Contains(message, absent) == negative {
			t.Errorf("%s:%d: message %q, want %q", file, line, message, part)
		}
	}
}

// checkHidden holds a hidden repository to the answer for a name that does not exist.
func checkHidden(t *testing.T, az *Authorizer, sub *Subject, err error) {
	t.Helper()
	missing := Repo(hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "no-such-repository"})
	_, want := az.Authorize(context.Background(), sub, Need{RepoView, missing})
	got := *err.(*hub.Error)
	got.Asked, want.(*hub.Error).Asked = "", ""
	got.Hint = "" // is about repositories of other types, which are in sight
	if !reflect.DeepEqual(&got, want) {
		t.Errorf("hidden %#v differs from missing %#v", err, want)
	}
}

// checkPolicy holds the answer about what the caller cannot see in an organization that does not take the credential
// to the answer for a name that does not exist there.
func checkPolicy(t *testing.T, az *Authorizer, sub *Subject, n Need, err error) {
	t.Helper()
	if _, verr := az.Authorize(context.Background(), sub, Need{RepoView, n.Target}); verr == nil {
		return // in sight
	}
	n.Target.repo.Name = "no-such-repository"
	_, want := az.Authorize(context.Background(), sub, n)
	err.(*hub.Error).Asked, want.(*hub.Error).Asked = "", ""
	if !reflect.DeepEqual(err, want) {
		t.Errorf("%s: refused %#v differs from missing %#v", n.Target.repo, err, want)
	}
}

func parseNeeds(t *testing.T, w *world, actionNames, targets string) []Need {
	t.Helper()
	var needs []Need
	tgs := strings.Split(targets, "+")
	for i, name := range strings.Split(actionNames, "+") {
		needs = append(needs, Need{parseAction(t, name), parseTarget(t, w, tgs[i])})
	}
	return needs
}

func parseAction(t *testing.T, name string) Action {
	t.Helper()
	for a := range numActions {
		if a.String() == name {
			return a
		}
	}
	t.Fatalf("unknown action %q", name)
	return NoAction
}

func parseTarget(t *testing.T, w *world, s string) Target {
	t.Helper()
	kind, rest, _ := strings.Cut(s, ":")
	isNew := kind == "new"
	if isNew {
		kind, rest, _ = strings.Cut(rest, ":")
	}
	switch kind {
	case "self":
		return Self()
	case "hub":
		return Hub()
	case "ns":
		return Namespace(rest)
	}
	ns, name, _ := strings.Cut(rest, "/")
	if kind == "group" { // group:ORG/NAME; unknown names are groups that are not there
		for _, g := range w.groups {
			if g.OrgName == ns && g.Name == name {
				return Group(ns, g.ID)
			}
		}
		return Group(ns, "123456789012345678901234")
	}
	name, group, inGroup := strings.Cut(name, "@")
	id := hub.RepoID{Type: hub.RepoType(kind), Namespace: ns, Name: name}
	if inGroup {
		return NewRepoIn(id, w.group(ns, group))
	}
	if isNew {
		return NewRepo(id)
	}
	return Repo(id)
}
