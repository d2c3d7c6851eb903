package access

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// The whole of the rules as tables: for each layer of a decision and each combination of the fields that the layer reads,
// the actions that it leaves. As an action is allowed when every layer leaves it, five tables of some millions of rows say
// what all the states there are come to. TestLayersReadTheirFields holds that the layers read nothing else.

// stateField is one attribute in a State.
type stateField struct {
	name        string
	shift, size int // the values are 0 to size-1
	words       []string
}

func boolField(name string, bit State) stateField {
	f := stateField{name: name, size: 2, words: []string{"no", "yes"}}
	for bit>>f.shift != 1 {
		f.shift++
	}
	return f
}

var (
	fieldKind     = stateField{"kind", kindShift, int(KindService) + 1, kindNames[:]}
	fieldRelation = stateField{"relation", relationShift, int(owner) + 1, lawRelations}
	fieldRole     = stateField{"group-role", groupShift, int(groupAdmin) + 1, []string{"none", "no_access", "read", "contributor", "write", "admin"}}
	fieldStanding = stateField{"standing", standingShift, int(standAccepted) + 1, []string{"none", "pending", "rejected", "reset", "over", "accepted"}}
	fieldLevel    = stateField{"entry", levelShift, int(levelRepo) + 1, []string{"none", "namespace", "group", "repo"}}
	fieldAtoms    = stateField{"atoms", atomShift, atomMask + 1, nil}
	fieldPolicy   = stateField{"policy", policyShift, int(policyApproval) + 1, spacePolicies}
	fieldToken    = stateField{"token", verdictedShift, int(tokenRevoked) + 1, []string{"none", "pending", "approved", "denied", "revoked"}}
	fieldCreation = stateField{"group-creation", creationShift, 4, lawCreations}

	fieldLive      = boolField("live", stateLive)
	fieldAdmin     = boolField("instance-admin", stateInstanceAdmin)
	fieldCreator   = boolField("creator", stateCreator)
	fieldPrivate   = boolField("private", statePrivate)
	fieldGated     = boolField("gated", stateGated)
	fieldDisabled  = boolField("disabled", stateDisabled)
	fieldAbsent    = boolField("absent", stateAbsent)
	fieldGrouped   = boolField("grouped", stateGrouped)
	fieldMembers   = boolField("members-gated", stateMembersGated)
	fieldSpaceW    = boolField("namespace-write", stateNamespaceWrite)
	fieldSpaceG    = boolField("namespace-groups", stateNamespaceGroups)
	fieldReadGated = boolField("read-gated", stateReadGated)
	fieldDiscuss   = boolField("global-discuss", stateGlobalDiscuss)
	fieldOutside   = boolField("outside", stateOutsideNetwork)
	fieldNoSSH     = boolField("no-ssh", stateNoSSH)
	fieldAdminOnly = boolField("private-only", statePrivateOnly)
)

// layerFields is what each layer reads, in the order of Layers.
var layerFields = []struct {
	name   string
	fields []stateField
	of     func(*Layers) Bits
}{
	{"subject", []stateField{fieldLive}, func(l *Layers) Bits { return l.Subject }},
	{"role", []stateField{fieldRelation, fieldCreator, fieldPrivate, fieldAbsent, fieldGrouped, fieldRole, fieldAdmin, fieldCreation}, func(l *Layers) Bits { return l.Role }},
	{"gate", []stateField{fieldKind, fieldRelation, fieldCreator, fieldPrivate, fieldGated, fieldDisabled, fieldAbsent, fieldGrouped, fieldRole, fieldMembers, fieldStanding}, func(l *Layers) Bits { return l.Gate }},
	{"token", []stateField{fieldKind, fieldRelation, fieldPrivate, fieldGated, fieldLevel, fieldAtoms, fieldSpaceW, fieldSpaceG, fieldReadGated, fieldDiscuss}, func(l *Layers) Bits { return l.Token }},
	{"policy", []stateField{fieldKind, fieldRelation, fieldPrivate, fieldGated, fieldPolicy, fieldToken, fieldOutside, fieldNoSSH, fieldAdminOnly}, func(l *Layers) Bits { return l.Policy }},
}

func (f *stateField) set(s State, v int) State { return s | State(v)<<f.shift }

func (f *stateField) mask() State {
	m := State(1)
	for int(m) < f.size {
		m <<= 1
	}
	return (m - 1) << f.shift
}

// word is a value as it is printed.
func (f *stateField) word(v int) string {
	if f.words != nil {
		return f.words[v]
	}
	var atoms []string
	for i, a := range []string{"content.read", "access.read", "write", "discuss", "org.read", "org.write", "sa.read", "sa.write", "network", "groups"} {
		if v>>i&1 != 0 {
			atoms = append(atoms, a)
		}
	}
	return "{" + strings.Join(atoms, " ") + "}"
}

// combinations calls yield with every state that the fields can make, those that cannot be left out.
func combinations(fields []stateField, s State, yield func(State)) {
	if len(fields) == 0 {
		own := s.level() == levelNamespace // then its atoms are the namespace's
		if s.plausible() && (!own || s.has(stateNamespaceWrite) == (s.atoms()&atomWrite != 0) && s.has(stateNamespaceGroups) == (s.atoms()&atomGroupWrite != 0)) {
			yield(s)
		}
		return
	}
	for v := range fields[0].size {
		if next := fields[0].set(s, v); v == 0 || next.plausible() {
			combinations(fields[1:], next, yield)
		}
	}
}

// plausible leaves out what cannot be, as far as a part of a state shows: only what is set contradicts, so that a state
// without the fields that came later is plausible.
func (s State) plausible() bool {
	entry := State(1)<<policyShift - State(1)<<levelShift
	switch {
	case s.kind() < KindFineGrained && s&entry != 0,
		s.kind() == KindService && s.has(stateReadGated|stateGlobalDiscuss),
		s.level() == levelNone && (s.atoms() != 0 || s.has(stateNamespaceWrite|stateNamespaceGroups)),
		s.level() == levelNamespace && s.has(stateNamespaceWrite) && s.atoms()&atomWrite == 0,
		s.level() == levelNamespace && s.has(stateNamespaceGroups) && s.atoms()&atomGroupWrite == 0:
		return false
	case s>>policyShift != 0 && !s.isMember(),
		s.groupRole() != groupNone && (!s.has(stateGrouped) || !s.isMember()),
		s.standing() != standNone && !s.has(stateGated), s.has(stateMembersGated) && !s.has(stateGated):
		return false
	}
	return true
}

// ruleTable has, for each layer, the actions that it leaves in each combination, in the order of combinations.
type ruleTable struct {
	actions []string
	fields  []string   // of each layer, in words: tables of other fields are not compared
	rows    [][]uint64 // bits in the order of actions
}

func tableOfNow() *ruleTable {
	t := &ruleTable{}
	for a := NoAction + 1; a < numActions; a++ {
		t.actions = append(t.actions, a.String())
	}
	for _, l := range layerFields {
		words := l.name
		for _, f := range l.fields {
			words += fmt.Sprintf(" %s:%d", f.name, f.size)
		}
		t.fields = append(t.fields, words)
		var rows []uint64
		known := map[Bits]uint64{}
		combinations(l.fields, 0, func(s State) {
			layers := decide(s)
			bits := l.of(&layers)
			set, ok := known[bits]
			if !ok {
				for a := NoAction + 1; a < numActions; a++ {
					if need := a.info().need; bits&need == need {
						set |= 1 << (a - 1)
					}
				}
				known[bits] = set
			}
			rows = append(rows, set)
		})
		t.rows = append(t.rows, rows)
	}
	return t
}

// pack writes a table as runs, compressed.
func (r *ruleTable) pack(t *testing.T) []byte {
	t.Helper()
	raw := []byte(strings.Join(r.actions, " ") + "\n")
	for i, rows := range r.rows {
		raw = append(raw, r.fields[i]+"\n"...)
		raw = binary.AppendUvarint(raw, uint64(len(rows)))
		for len(rows) > 0 {
			n := slices.IndexFunc(rows, func(v uint64) bool { return v != rows[0] })
			if n < 0 {
				n = len(rows)
			}
			raw = binary.AppendUvarint(binary.AppendUvarint(raw, uint64(n)), rows[0])
			rows = rows[n:]
		}
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

func unpackTable(t *testing.T, b []byte) *ruleTable {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	line := func() string {
		l, rest, _ := bytes.Cut(raw, []byte("\n"))
		raw = rest
		return string(l)
	}
	number := func() uint64 {
		v, n := binary.Uvarint(raw)
		if n <= 0 {
			t.Fatal("the table is cut")
		}
		raw = raw[n:]
		return v
	}
	r := &ruleTable{actions: strings.Fields(line())}
	for len(raw) > 0 {
		r.fields = append(r.fields, line())
		rows := make([]uint64, 0, number())
		for len(rows) < cap(rows) {
			n, v := number(), number()
			rows = append(rows, slices.Repeat([]uint64{v}, int(n))...)
		}
		r.rows = append(r.rows, rows)
	}
	return r
}
