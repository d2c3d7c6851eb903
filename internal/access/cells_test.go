package access

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestCells compares lookups with a map, over few and many cells with tails that are near each other and far, and of
// entities of different kinds that share one; and gates, of which a repository may have several.
func TestCells(t *testing.T) {
	kinds := rapid.SampledFrom([]entity{aSpace, aGroup, aRepo})
	rapid.Check(t, func(t *rapid.T) {
		tails := rapid.OneOf(rapid.Uint32Range(1, 12), rapid.Uint32Range(1, 400), rapid.Uint32Min(1<<31), rapid.Uint32Min(1))
		type name struct {
			tail tail
			kind entity
		}
		draw := rapid.Custom(func(t *rapid.T) name { return name{tail(tails.Draw(t, "tail")), kinds.Draw(t, "kind")} })
		most := rapid.SampledFrom([]int{0, 1, nearCells, nearCells + 1, 20, 120}).Draw(t, "most")
		names := rapid.SliceOfNDistinct(draw, 0, most, rapid.ID).Draw(t, "names")
		want := map[name]uint32{}
		var cells []cell
		for _, n := range names {
			want[n] = rapid.Uint32Range(1, 1<<24-1).Draw(t, "fact") | uint32(n.kind)<<entityShift
			cells = append(cells, cell{n.tail, want[n]})
		}
		gates := map[tail][]uint32{}
		var inOrder []cell
		for range rapid.IntRange(0, 30).Draw(t, "gates") {
			c := cell{tail(tails.Draw(t, "gate")), rapid.Uint32Range(1, 5).Draw(t, "standing") | uint32(aGate)<<entityShift}
			gates[c.tail], inOrder = append(gates[c.tail], c.fact), append(inOrder, c)
		}
		s := &Subject{rest: &rest{}}
		s.place(append(cells, inOrder...))

		ask := func(n name) {
			if got := s.fact(n.tail, n.kind); got != want[n] {
				t.Fatalf("%+v: %#x, want %#x", n, got, want[n])
			}
			c := s.cellOf(n.tail, n.kind)
			if (c != nil) != (want[n] != 0) || c != nil && c.fact != want[n] {
				t.Fatalf("%+v: cell %+v, want %#x", n, c, want[n])
			}
			var held []uint32
			for at := firstCell(s.far, n.tail, aGate); at < len(s.far) && s.far[at].tail == n.tail && s.far[at].entity() == aGate; at++ {
				held = append(held, s.far[at].fact)
			}
			if !slices.Equal(held, gates[n.tail]) {
				t.Fatalf("%#x has gates %x, want %x", n.tail, held, gates[n.tail])
			}
		}
		for _, n := range names {
			for _, kind := range []entity{aSpace, aGroup, aRepo} {
				ask(name{n.tail, kind})
			}
		}
		for range 20 {
			ask(draw.Draw(t, "asked"))
		}
		for _, kind := range []entity{aSpace, aGroup, aRepo} {
			if got, c := s.fact(0, kind), s.cellOf(0, kind); got != 0 || c != nil {
				t.Fatalf("nothing has %#x and %+v", got, c)
			}
		}
	})
}

// TestFewCellsAreNear: as many as have a place find one, whatever their tails: what decisions of most tokens wait for lies
// together.
func TestFewCellsAreNear(t *testing.T) {
	far, all := 0, 0
	for _, n := range []int{1, 3, 5, 7, nearCells} {
		for range 1000 {
			var cells []cell
			for len(cells) < n {
				cells = append(cells, cell{tailOf(hub.NewID()), 1})
			}
			s := &Subject{rest: &rest{}}
			s.place(cells)
			far, all = far+len(s.far), all+n
		}
	}
	if far > all/1000 {
		t.Errorf("%d of %d cells found no place near", far, all)
	}
}
