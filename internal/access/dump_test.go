package access

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestDumpUniverse writes the universe of the benchmarks with its queries, their answers and what one of them costs here
// to the file that AMBIT_DUMP names, for test/engines; to a temporary one otherwise.
func TestDumpUniverse(t *testing.T) {
	file := os.Getenv("AMBIT_DUMP")
	n := wholeUniverse
	if file == "" {
		file, n = filepath.Join(t.TempDir(), "universe.json"), smallUniverse
	}
	u := newUniverse(1, n)
	b, err := json.Marshal(u.dump())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if len(b) < 1_000_000 {
		t.Errorf("%d bytes are no universe", len(b))
	}
}

type dumpSubject struct {
	Kind, User string
	Roles      map[hub.ID]string         // organization → role
	Groups     map[hub.ID]string         // resource group → role
	Decided    map[hub.ID]hub.TokenState // by organizations about the token
	Accepted   map[hub.ID]bool           // repositories whose gate lets the person in
	Entries    map[hub.ID]map[hub.Permission]bool
	ReadGated  bool
}

type dumpRepo struct {
	ID, Owner, Creator, Group hub.ID
	Policy                    hub.TokenPolicy
	Private, Gated            bool
}

type dump struct {
	Ambit    float64 // ns of processor time of one of the compared queries
	Hot      float64 // of the first 64 again and again
	Actions  []string
	Subjects []dumpSubject
	Repos    []dumpRepo
	Queries  [][3]int
	Allowed  string
}

func (u *universe) dump() dump {
	d := dump{}
	for a := range numActions {
		d.Actions = append(d.Actions, a.String())
	}
	for i, s := range u.subjects {
		f := u.facts[i]
		x := dumpSubject{Kind: s.Kind().String(), User: string(f.User.ID), Roles: map[hub.ID]string{}, Groups: map[hub.ID]string{},
			Decided: map[hub.ID]hub.TokenState{}, Accepted: map[hub.ID]bool{}, Entries: map[hub.ID]map[hub.Permission]bool{}, ReadGated: f.Token.CanReadGated}
		for _, m := range f.Memberships {
			x.Roles[m.OrgID] = m.Role.String()
		}
		for _, g := range f.Groups {
			x.Groups[g.GroupID] = g.Role.String()
		}
		for _, g := range f.Grants {
			x.Decided[g.OrgID] = g.State
		}
		for _, g := range f.Gates {
			x.Accepted[g.RepoID] = true
		}
		for _, sc := range f.Token.Scopes {
			x.Entries[sc.EntityID] = map[hub.Permission]bool{}
			for _, p := range sc.Permissions {
				x.Entries[sc.EntityID][p] = true
			}
		}
		d.Subjects = append(d.Subjects, x)
	}
	for _, r := range u.repos {
		d.Repos = append(d.Repos, dumpRepo{r.ID, r.NamespaceID, r.CreatorID, r.GroupID, u.rules[r.NamespaceID].Tokens, r.Visibility != hub.Public, r.Gated != hub.Ungated})
	}
	answers := make([]byte, 0, len(u.queries))
	for _, q := range u.queries {
		d.Queries = append(d.Queries, [3]int{int(q.subject), int(q.repo), int(q.action)})
		answers = append(answers, '0')
		if u.decide(q) {
			answers[len(answers)-1] = '1'
		}
	}
	d.Allowed = string(answers)
	d.Ambit, d.Hot = u.cost(compared, 12), u.cost(64, 12)
	return d
}

// cost is what one of the first n queries costs in ns of processor time, in the cheapest of many rounds: others are disturbed.
func (u *universe) cost(n, rounds int) float64 {
	least := time.Duration(math.MaxInt64)
	for range rounds {
		start := cpu()
		for range max(1, compared/n) { // long enough for the clock
			for _, q := range u.queries[:n] {
				u.decide(q)
			}
		}
		least = min(least, cpu()-start)
	}
	return float64(least.Nanoseconds()) / float64(n*max(1, compared/n))
}
