package access

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestMessages compares all that is said about each refused row of testdata/*.decisions with messages.golden: the answer,
// what each layer says that is in the way, and what would have to change. AMBIT_UPDATE_GOLDEN=1 writes it anew.
func TestMessages(t *testing.T) {
	w := readWorld(t)
	az := NewAuthorizer(w, Options{Now: func() time.Time { return spaceNow }})
	var out strings.Builder
	files, _ := filepath.Glob("testdata/*.decisions")
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "# %s\n", filepath.Base(file))
		for sc := bufio.NewScanner(f); sc.Scan(); {
			row, _, _ := strings.Cut(sc.Text(), "|")
			col := strings.Fields(row)
			if len(col) != 6 || strings.HasPrefix(col[0], "#") || col[4] == "allow" {
				continue
			}
			fmt.Fprintln(&out, strings.Join(col[:4], " "))
			answer(&out, az, w.subject(t, col[0], col[1]), parseNeeds(t, w, col[2], col[3]))
		}
		f.Close()
	}
	golden(t, "testdata/messages.golden", out.String())
}

// answer writes what is said about needs.
func answer(out io.Writer, az *Authorizer, s *Subject, needs []Need) {
	_, err := az.Authorize(context.Background(), s, needs...)
	var e *hub.Error
	switch {
	case errors.As(err, &e):
		fmt.Fprintf(out, "\t%s %s: %s\n", e.Code, e.Reason, strings.TrimSpace(e.Message+" "+e.Hint+" "+e.URL))
	case err != nil:
		fmt.Fprintf(out, "\t%v\n", err)
	}
	for _, n := range needs {
		tr, err := az.Trace(context.Background(), s, n)
		if err != nil {
			fmt.Fprintf(out, "\t%v\n", err)
			continue
		}
		if tr.Allowed {
			continue
		}
		fmt.Fprintf(out, "\texists %v, in sight %v, of %s\n", tr.Exists, tr.InSight, tr.Org)
		for _, l := range tr.Layers {
			if !l.Allows || l.Layer == "role" {
				fmt.Fprintf(out, "\t%s %v: %s\n", l.Layer, l.Allows, l.Says)
			}
		}
		for _, c := range tr.Changes {
			fmt.Fprintf(out, "\tchange %s: %s (%s)\n", c.Layer, c.What, c.Where)
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("AMBIT_UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(string(b), "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(want) || line != want[i] {
			t.Fatalf("%s:%d: got %q, want %q", file, i+1, line, append(want, "")[min(i, len(want))])
		}
	}
	if n := strings.Count(got, "\n") + 1; n != len(want) {
		t.Fatalf("%s: %d lines, want %d", file, n, len(want))
	}
}

// everyToken is a credential of each sort for everybody in the world.
var everyToken = []string{
	"session", "ssh", "read", "write", "read,expired", "write,revoked", "write,from=10.1.2.3", "fg",
	"fg[org:acme=repo.content.read+org.read;org:umbrella=repo.write]", "fg[org:acme=repo.write+discussion.write;model:acme/secret=repo.content.read;discuss]",
	"fg[org:acme=org.write+org.serviceAccounts.read;org:house=resourceGroup.write+repo.write;gated]",
	"fg[resource-group:house/lab=repo.write;org:strict=repo.write],pending=strict", "fg[org:strict=repo.write],denied=strict,revoked=fine",
}

// TestEveryAnswer asks everybody's every token about everything, and compares a sum of all that is said with
// answers.golden: whatever changes in a sentence, a reason or a change changes a line there.
func TestEveryAnswer(t *testing.T) {
	w := readWorld(t)
	az := NewAuthorizer(w, Options{Now: func() time.Time { return spaceNow }})
	var people []string
	for name := range w.users {
		people = append(people, name)
	}
	slices.Sort(people)
	targets := everyTarget(w)
	before, err := os.ReadFile("testdata/answers.golden")
	if err != nil && os.Getenv("AMBIT_UPDATE_GOLDEN") != "1" {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, who := range append(people, "anonymous", "operator") {
		for _, token := range everyToken {
			if (who == "anonymous" || who == "operator") && token != "session" {
				continue
			}
			s, sum := w.subject(t, who, token), sha256.New()
			for _, target := range targets {
				for _, a := range Actions() {
					if a.takes(target.kind) {
						answer(sum, az, s, []Need{{a, target}})
					}
				}
			}
			fmt.Fprintf(&out, "%x %s %s\n", sum.Sum(nil)[:8], who, token)
			if !strings.HasPrefix(string(before), out.String()) {
				golden(t, "testdata/answers.golden", out.String()) // fails at once, unless it writes
			}
		}
	}
	golden(t, "testdata/answers.golden", out.String())
}

func everyTarget(w *world) (all []Target) {
	names := []string{"nobody", ""}
	for name := range w.spaces {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		all = append(all, Namespace(name), NewRepo(hub.RepoID{Type: hub.Dataset, Namespace: name, Name: "fresh"}))
		if name != "" {
			all = append(all, Repo(hub.RepoID{Type: hub.Model, Namespace: name, Name: "missing"}), Group(name, "123456789012345678901234"))
		}
	}
	for _, k := range slices.Sorted(func(yield func(string) bool) {
		for k := range w.repos {
			if !yield(k) {
				return
			}
		}
	}) {
		id := w.repos[k].RepoID
		all = append(all, Repo(id), NewRepo(id), RepoRow(w.repos[k].ID))
	}
	for _, g := range w.groups {
		all = append(all, Group(g.OrgName, g.ID), NewRepoIn(hub.RepoID{Type: hub.Model, Namespace: g.OrgName, Name: "fresh"}, g.ID))
	}
	return append(all, Self(), Hub())
}
