package pack

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestEmitSome writes objects picked at random out of two packs that share some, with their deltas, and has git read the
// result. Written again, with the sum known, it is the same.
func TestEmitSome(t *testing.T) {
	dir := deltaRepo(t)
	var packs []*Pack
	for _, options := range [][]string{{"--delta-base-offset"}, nil} {
		p, err := Open(Memory(gitPack(t, dir, options...)))
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		packs = append(packs, p)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 40 {
		// Of one object in both, the copy of one is picked; a round takes few, most or all of one pack.
		share := []float64{0.1, 0.5, 0.95, 1}[round%4]
		number := map[hub.OID]int{}
		for _, p := range packs {
			for pos := range p.Len() {
				if r.Float64() < share {
					number[p.OID(pos)] = r.IntN(2)
				}
			}
		}
		if share == 1 {
			for oid := range number {
				number[oid] = round / 4 % 2
			}
		}
		emit := func(offsets bool, sum hub.OID) ([]byte, hub.OID) {
			var out bytes.Buffer
			e, err := NewEmitter(&out, len(number))
			if err != nil {
				t.Fatal(err)
			}
			e.Offsets, e.Sum = offsets, sum
			e.Place = func(oid hub.OID) (int, int, bool) {
				n, ok := number[oid]
				if !ok {
					return 0, 0, false
				}
				pos, _ := packs[n].Find(oid)
				return n, pos, true
			}
			for n, p := range packs {
				pick := func(pos int) bool { at, ok := number[p.OID(pos)]; return ok && at == n }
				if err := e.AddWhere(p, n, pick); err != nil {
					t.Fatal(err)
				}
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			return out.Bytes(), e.Sum
		}
		for _, offsets := range []bool{true, false} {
			written, sum := emit(offsets, hub.ZeroOID)
			if again, _ := emit(offsets, sum); !bytes.Equal(written, again) {
				t.Fatalf("round %d: with its sum known the pack differs", round)
			}
			var want []string
			for oid := range number {
				want = append(want, oid.String())
			}
			slices.Sort(want)
			file := filepath.Join(t.TempDir(), "x.pack")
			if err := os.WriteFile(file, written, 0o600); err != nil {
				t.Fatal(err)
			}
			git(t, dir, nil, "index-pack", file)
			var got []string
			for _, l := range strings.Split(string(git(t, dir, nil, "verify-pack", "-v", file)), "\n") {
				if f := strings.Fields(l); len(f) >= 5 && len(f[0]) == 40 {
					got = append(got, f[0])
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Fatalf("round %d: git finds %d objects, want %d", round, len(got), len(want))
			}
		}
	}
}
