package access

import (
	"fmt"
	"math/bits"
	"os"
	"slices"
	"strings"
	"testing"
)

// tableFile holds what the rules said when they were last reviewed.
const tableFile = "testdata/table.gz"

// TestSemanticDiff compares what the rules allow now with what they allowed when the table was last written (or in the
// table that AMBIT_TABLE names, where a difference is no failure), and tells the difference in words: which actions became
// allowed or refused, in how many of all the states there are, and what all those have in common. It is exact: see
// diffTables. When the difference is meant, AMBIT_UPDATE_GOLDEN=1 writes the table anew.
func TestSemanticDiff(t *testing.T) {
	now := tableOfNow()
	if os.Getenv("AMBIT_UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(tableFile, now.pack(t), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := tableFile
	if f := os.Getenv("AMBIT_TABLE"); f != "" {
		file = f
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, states := diffTables(unpackTable(t, b), now)
	const changed = "the rules changed (- refused now, + allowed now):\n"
	switch {
	case d != "" && file == tableFile:
		t.Error(changed + d + "review it, and write the table anew with AMBIT_UPDATE_GOLDEN=1")
		return
	case d != "": // it was asked for
		t.Log(changed + d)
		return
	}
	t.Logf("the rules allow in each of %d states what they allowed", states)
}

// TestSemanticDiffSpeaks: rules that are changed show with their actions, the exact number of states, and what these
// have in common.
func TestSemanticDiffSpeaks(t *testing.T) {
	now, then := tableOfNow(), tableOfNow()
	if d, _ := diffTables(then, now); d != "" {
		t.Fatalf("a table differs from itself:\n%s", d)
	}
	// As if contributors had not been able to write what they created.
	write := uint64(1) << (RepoWrite - 1)
	i := 0
	combinations(layerFields[1].fields, 0, func(s State) {
		if s.relation() == memberContributor && s.has(stateCreator) && !s.has(stateGrouped) {
			then.rows[1][i] &^= write
		}
		i++
	})
	d, _ := diffTables(then, now)
	want := "relation=contributor creator=yes disabled=no absent=no grouped=no group-role=none"
	if !strings.HasPrefix(d, "+ repo.write in ") || !strings.Contains(d, want) || strings.Count(d, "\n") != 1 {
		t.Errorf("the difference reads:\n%s", d)
	}
	t.Log(d)
	// Each state counts once: those of a session under each sort of rule, on repositories that are private or not and behind
	// a gate or not, are counted here one by one.
	then.rows[3] = slices.Clone(now.rows[3])
	i = 0
	combinations(layerFields[3].fields, 0, func(s State) {
		if s.kind() != KindSession {
			then.rows[3][i] &^= write // of both: no other kind wrote before or writes now
			now.rows[3][i] &^= write
		}
		i++
	})
	d, _ = diffTables(then, now)
	// private 2, gate 1 + 6 standings × 2; 3 policies × 5 token states × no-ssh 2 × private-only 2 × creation 4, from inside the
	// networks; instance-admin 2.
	if n := 2 * (1 + 12) * (3 * 5 * 2 * 2) * 4 * 2; !strings.Contains(d, fmt.Sprintf("+ repo.write in %d of ", n)) {
		t.Errorf("not %d states:\n%s", n, d)
	}
}

// shared are the fields that more than one layer reads. States that agree in them combine freely in all others.
var shared = []stateField{fieldKind, fieldRelation, fieldCreator, fieldPrivate, fieldGated, fieldDisabled, fieldAbsent, fieldGrouped, fieldRole}

// group is how many combinations of the fields of one layer alone lead from one set of actions to another.
type group struct {
	old, now uint64
	count    int
	common   map[string]int // field → the value that all of them have; -1 for more than one
}

// groupsOf sorts the rows of a layer: by what they have of the shared fields, and then by what they say.
func groupsOf(layer int, old, now []uint64) map[State][]*group {
	var sharedMask State
	for _, f := range shared {
		sharedMask |= f.mask()
	}
	own := slices.DeleteFunc(slices.Clone(layerFields[layer].fields), func(f stateField) bool { return f.mask()&sharedMask != 0 })
	all := map[State][]*group{}
	i := 0
	combinations(layerFields[layer].fields, 0, func(s State) {
		was, is := old[i], now[i]
		i++
		if layer == 0 && !s.has(stateLive) {
			return // the dead are not counted
		}
		key := s & sharedMask
		at := slices.IndexFunc(all[key], func(g *group) bool { return g.old == was && g.now == is })
		if at < 0 {
			at = len(all[key])
			all[key] = append(all[key], &group{old: was, now: is, common: map[string]int{}})
		}
		g := all[key][at]
		g.count++
		for _, f := range own {
			v := int(s & f.mask() >> f.shift)
			if was, ok := g.common[f.name]; !ok {
				g.common[f.name] = v
			} else if was != v {
				g.common[f.name] = -1
			}
		}
	})
	return all
}

// finding is one line of a difference.
type finding struct {
	count  int
	common map[string]int
}

func (f *finding) add(count int, s State, groups []*group) {
	if f.common == nil {
		f.common = map[string]int{}
	}
	note := func(name string, v int) {
		if was, ok := f.common[name]; !ok {
			f.common[name] = v
		} else if was != v {
			f.common[name] = -1
		}
	}
	f.count += count
	for _, sf := range shared {
		note(sf.name, int(s&sf.mask()>>sf.shift))
	}
	for _, g := range groups {
		for name, v := range g.common {
			note(name, v)
		}
	}
}

// diffTables compares two tables in every state, without going through the states: those with the same shared fields are
// the product of what each layer has in fields of its own, and there only how many lead from what to what counts. It
// returns the difference in words and how many states there are, the dead aside.
func diffTables(old, now *ruleTable) (words string, states int) {
	if !slices.Equal(old.fields, now.fields) {
		return fmt.Sprintf("the layers read other fields:\n%s\nand did:\n%s\n", strings.Join(now.fields, "\n"), strings.Join(old.fields, "\n")), 0
	}
	var out strings.Builder
	then := old.inOrderOf(now, &out)
	var layers []map[State][]*group
	for i := range layerFields {
		layers = append(layers, groupsOf(i, then[i], now.rows[i]))
	}
	masks := make([]State, len(layers))
	for i, l := range layerFields {
		for _, f := range l.fields {
			masks[i] |= f.mask()
		}
	}
	d := &difference{}
	combinations(shared, 0, func(s State) {
		if (s.kind() <= KindAnonymous) != (s.relation() == nobody) || s.has(stateCreator) && s.relation() == nobody {
			return
		}
		groups := make([][]*group, len(layers))
		n, changed := 1, false
		for i := range layers {
			groups[i] = layers[i][s&masks[i]]
			sum := 0
			for _, g := range groups[i] {
				sum += g.count
				changed = changed || g.old != g.now
			}
			n *= sum
		}
		states += n
		if changed {
			d.product(s, groups, nil, ^uint64(0), ^uint64(0), 1)
		}
	})
	for i, name := range now.actions {
		for sign, f := range d.findings[i] {
			if f.count > 0 {
				fmt.Fprintf(&out, "%c %s in %d of %d states; all of them: %s\n", "-+"[sign], name, f.count, states, inCommon(f.common))
			}
		}
	}
	return out.String(), states
}

// inOrderOf gives the rows of an old table the order of actions of a new one. Actions that are not in both are told of.
func (r *ruleTable) inOrderOf(now *ruleTable, out *strings.Builder) [][]uint64 {
	for _, name := range r.actions {
		if !slices.Contains(now.actions, name) {
			fmt.Fprintf(out, "- %s is no action any more\n", name)
		}
	}
	to := make([]int, len(r.actions))
	fresh := ^uint64(0) >> (64 - len(now.actions))
	for i, name := range r.actions {
		if to[i] = slices.Index(now.actions, name); to[i] >= 0 {
			fresh &^= 1 << to[i]
		}
	}
	for i, name := range now.actions {
		if fresh>>i&1 != 0 {
			fmt.Fprintf(out, "+ %s is a new action\n", name)
		}
	}
	moved := map[uint64]uint64{}
	var rows [][]uint64
	for layer, was := range r.rows {
		is := make([]uint64, len(was))
		for i, set := range was {
			m, ok := moved[set]
			if !ok {
				for bit, n := range to {
					if n >= 0 && set>>bit&1 != 0 {
						m |= 1 << n
					}
				}
				moved[set] = m
			}
			is[i] = m | now.rows[layer][i]&fresh // of a new action there is nothing to compare
		}
		rows = append(rows, is)
	}
	return rows
}

// difference collects findings: for each action what is refused now, and what is allowed now.
type difference struct {
	findings [numActions][2]finding
}

func (d *difference) product(s State, rest [][]*group, chosen []*group, old, now uint64, count int) {
	if old|now == 0 {
		return
	}
	if len(rest) > 0 {
		for _, g := range rest[0] {
			d.product(s, rest[1:], append(chosen, g), old&g.old, now&g.now, count*g.count)
		}
		return
	}
	for set := old ^ now; set != 0; set &= set - 1 {
		i := bits.TrailingZeros64(set)
		sign := 0
		if now>>i&1 != 0 {
			sign = 1
		}
		a := Action(i + 1)
		if atRest := s.has(statePrivate) && !s.has(stateCreator|stateGated|stateDisabled); atRest || a.takes(repoTarget) {
			d.findings[i][sign].add(count, s, chosen)
		}
	}
}

// inCommon names the fields that have one value in all states.
func inCommon(common map[string]int) string {
	var words []string
	seen := map[string]bool{}
	for _, fields := range append([][]stateField{shared}, layerFields[0].fields, layerFields[1].fields, layerFields[2].fields, layerFields[3].fields, layerFields[4].fields) {
		for _, f := range fields {
			if v, ok := common[f.name]; ok && v >= 0 && !seen[f.name] && f.name != "live" {
				words = append(words, f.name+"="+f.word(v))
			}
			seen[f.name] = true
		}
	}
	return strings.Join(words, " ")
}
