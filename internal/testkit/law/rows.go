package law

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Row is one line of a table: who, with which credential, wants what, and what comes of it.
type Row struct {
	At      string // file:line
	Who     string // a user, a service account or anonymous
	Token   string // credential as the tables write it
	Action  string // several are joined by "+"
	Target  string // as the tables write it
	Outcome string // allow, deny, hide, gated, sign-in, dead, disabled, conflict, unknown or moved=ID
	Reason  string
	Says    []string // parts of the message; one that begins with "!" must not be in it
}

// Anonymous tells whether no credential is sent.
func (r Row) Anonymous() bool { return r.Who == "anonymous" }

// Kind returns the part of the target before its first colon.
func (r Row) Kind() string {
	kind, _, _ := strings.Cut(r.Target, ":")
	return kind
}

// Name returns the part of the target after its first colon.
func (r Row) Name() string {
	_, name, _ := strings.Cut(r.Target, ":")
	return name
}

// Repo returns the repository that the row is about, and whether it is about one that is asked for by name.
func (r Row) Repo() (hub.RepoID, bool) {
	t, err := hub.ParseRepoType(r.Kind())
	if err != nil || r.Kind() == "" {
		return hub.RepoID{}, false
	}
	id, err := hub.ParseRepoID(t, r.Name())
	return id, err == nil
}

// Allowed tells whether the outcome is a yes.
func (r Row) Allowed() bool { return r.Outcome == "allow" }

// Read reads every table of a folder.
func Read(t testing.TB, dir string) map[string][]Row {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.decisions"))
	if err != nil || len(files) == 0 {
		t.Fatalf("law: no tables in %s: %v", dir, err)
	}
	out := map[string][]Row{}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".decisions")
		for _, l := range lines(t, f) {
			col := strings.Fields(strings.Split(l.text, "|")[0])
			if len(col) != 6 {
				t.Fatalf("%s: %q has no six columns", l.at, l.text)
			}
			row := Row{At: l.at, Who: col[0], Token: col[1], Action: col[2], Target: col[3], Outcome: col[4], Reason: col[5]}
			for _, part := range strings.Split(l.text, "|")[1:] {
				row.Says = append(row.Says, strings.TrimSpace(part))
			}
			out[name] = append(out[name], row)
		}
	}
	return out
}

type line struct{ at, text string }

// lines returns the lines of a file that say something.
func lines(t testing.TB, file string) (out []line) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range strings.Split(string(b), "\n") {
		if text = strings.TrimSpace(text); text != "" && !strings.HasPrefix(text, "#") {
			out = append(out, line{fmt.Sprintf("%s:%d", filepath.Base(file), i+1), text})
		}
	}
	return out
}
