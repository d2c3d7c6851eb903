package httpd

import (
	"testing"

	"pgregory.net/rapid"
)

// TestIndexFindsWhatASearchFinds compares the index with going through all routes in their order.
func TestIndexFindsWhatASearchFinds(t *testing.T) {
	segment := rapid.SampledFrom([]string{"a", "b", "c", "{x}"})
	rapid.Check(t, func(t *rapid.T) {
		var all []*route
		var x routeIndex
		for range rapid.IntRange(0, 12).Draw(t, "routes") {
			text := ""
			for i, s := range rapid.SliceOfN(segment, 0, 3).Draw(t, "segments") {
				if s == "{x}" {
					s = "{" + string(rune('p'+i)) + "}"
				}
				text += "/" + s
			}
			if rapid.IntRange(0, 3).Draw(t, "tail") == 0 {
				text += "/{rest...}"
			}
			rt := &route{pattern: compilePattern(text)}
			all = append(all, rt)
			x.add(rt)
		}
		for range 20 {
			segs := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d", ""}), 0, 4).Draw(t, "path")
			matching := func(list []*route) (out []*route) {
				for _, rt := range list {
					if rt.pattern.match(segs, &pathVars{}) {
						out = append(out, rt)
					}
				}
				return out
			}
			want, got := matching(all), matching(x.candidates(segs))
			if len(want) != len(got) {
				t.Fatalf("%q: %d routes, want %d", segs, len(got), len(want))
			}
			for i := range want {
				if want[i] != got[i] {
					t.Fatalf("%q: another order", segs)
				}
			}
		}
	})
}
