package access

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// tableFile holds what was allowed in each state when the rules were last reviewed.
const tableFile = "testdata/table.gz"

// TestSemanticDiff compares what the rules allow now with what they allowed when the table was last written, and tells
// the difference in words: which actions became allowed or refused, in how many states, and what all those states have
// in common. When the difference is meant, AMBIT_UPDATE_GOLDEN=1 writes the table anew.
func TestSemanticDiff(t *testing.T) {
	now := decisionTable()
	if os.Getenv("AMBIT_UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(tableFile, packTable(t, now), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	if d := diffTables(unpackTable(t, b), now); d != "" {
		t.Errorf("the rules changed (- refused now, + allowed now):\n%sreview it, and write the table anew with AMBIT_UPDATE_GOLDEN=1", d)
	}
}

// TestSemanticDiffSpeaks: a rule that is changed shows with its actions and what its states have in common.
func TestSemanticDiffSpeaks(t *testing.T) {
	now := decisionTable()
	changed := maps.Clone(now)
	for s, allowed := range changed {
		if s.kind() == KindSession && s.relation() == memberContributor && s.has(stateCreator) && allowed&(1<<RepoWrite) != 0 {
			changed[s] = allowed &^ (1 << RepoWrite)
		}
	}
	d := diffTables(now, changed)
	if !strings.Contains(d, "- repo.write") || !strings.Contains(d, "kind=session relation=contributor") || strings.Contains(d, "+") || strings.Count(d, "\n") != 1 {
		t.Errorf("the difference reads:\n%s", d)
	}
	if diffTables(now, now) != "" {
		t.Error("a table differs from itself")
	}
}

// decisionTable is the set of allowed actions of every state about a repository of one situation in 997.
func decisionTable() map[State]uint64 {
	table := map[State]uint64{}
	for s := range situations(997) {
		if !s.live || !s.fits("repo") {
			continue
		}
		sub, repo := s.world()
		o := s.object("repo", sub, &repo)
		st := abstract(sub, &o, spaceNow)
		bits := decide(st).Allowed()
		var allowed uint64
		for a := NoAction + 1; a < numActions; a++ {
			if a.takes(repoTarget) && a.allowedBy(bits) {
				allowed |= 1 << a
			}
		}
		table[st] = allowed
	}
	return table
}

func diffTables(old, now map[State]uint64) string {
	var out strings.Builder
	for a := NoAction + 1; a < numActions; a++ {
		for sign, want := range map[string]bool{"-": false, "+": true} {
			var states []State
			for s, was := range old {
				if is, ok := now[s]; ok && (was^is)&(1<<a) != 0 && (is&(1<<a) != 0) == want {
					states = append(states, s)
				}
			}
			if len(states) > 0 {
				fmt.Fprintf(&out, "%s %s in %d of %d states; all of them: %s\n", sign, a, len(states), len(old), inCommon(states))
			}
		}
	}
	return out.String()
}

// inCommon names the attributes that have one value in all states.
func inCommon(states []State) string {
	attributes := []struct {
		name  string
		value func(State) string
	}{
		{"kind", func(s State) string { return s.kind().String() }},
		{"relation", func(s State) string { return lawRelations[s.relation()] }},
		{"standing", func(s State) string { return fmt.Sprint(s.standing()) }},
		{"group", func(s State) string { return fmt.Sprint(s.groupRole()) }},
		{"entry", func(s State) string { return fmt.Sprint(s.level()) }},
		{"policy", func(s State) string { return fmt.Sprint(s.policy()) }},
		{"token", func(s State) string { return fmt.Sprint(s.tokenState()) }},
	}
	for name, bit := range map[string]State{
		"creator": stateCreator, "private": statePrivate, "gated": stateGated, "disabled": stateDisabled, "grouped": stateGrouped,
		"members-gated": stateMembersGated, "outside": stateOutsideNetwork, "no-ssh": stateNoSSH, "private-only": statePrivateOnly,
		"read-gated": stateReadGated, "global-discuss": stateGlobalDiscuss, "namespace-write": stateNamespaceWrite,
	} {
		attributes = append(attributes, struct {
			name  string
			value func(State) string
		}{name, func(s State) string { return fmt.Sprint(s.has(bit)) }})
	}
	slices.SortStableFunc(attributes[7:], func(a, b struct {
		name  string
		value func(State) string
	}) int {
		return strings.Compare(a.name, b.name)
	})
	var words []string
	for _, at := range attributes {
		first := at.value(states[0])
		if !slices.ContainsFunc(states, func(s State) bool { return at.value(s) != first }) {
			words = append(words, at.name+"="+first)
		}
	}
	return strings.Join(words, " ")
}

// packTable writes a table as differences of sorted states and sets of actions, compressed.
func packTable(t *testing.T, table map[State]uint64) []byte {
	t.Helper()
	names := make([]string, 0, numActions)
	for a := range numActions {
		names = append(names, a.String())
	}
	raw := []byte(strings.Join(names, " ") + "\n") // numbers of actions may change
	last := State(0)
	for _, s := range slices.Sorted(maps.Keys(table)) {
		raw = binary.AppendUvarint(raw, uint64(s-last))
		raw = binary.AppendUvarint(raw, table[s])
		last = s
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if _, err := z.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unpackTable(t *testing.T, b []byte) map[State]uint64 {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	head, raw, _ := bytes.Cut(raw, []byte("\n"))
	names := strings.Fields(string(head))
	table, last := map[State]uint64{}, State(0)
	for len(raw) > 0 {
		delta, n := binary.Uvarint(raw)
		allowed, m := binary.Uvarint(raw[n:])
		raw = raw[n+m:]
		last += State(delta)
		for i, name := range names {
			if allowed&(1<<i) != 0 {
				table[last] |= 1 << ParseAction(name)
			} else if _, ok := table[last]; !ok {
				table[last] = 0
			}
		}
	}
	return table
}
