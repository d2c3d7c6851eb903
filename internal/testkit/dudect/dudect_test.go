package dudect

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestWelch(t *testing.T) {
	a, b := []float64{1, 2, 3, 4}, []float64{3, 4, 5, 6}
	delta, got := welch(a, b)
	// Means 2.5 and 4.5, variances 5/3: t = -2 / sqrt(5/6).
	if want := -2 / math.Sqrt(5.0/6); delta != -2 || math.Abs(got-want) > 1e-12 {
		t.Errorf("difference %v, t %v, want -2 and %v", delta, got, want)
	}
	c := crop([]float64{1, 2, 3, 100}, []float64{1, 2, 3, 4, 5, 200})
	if !slices.Equal(c[0], []float64{1, 2, 3}) || !slices.Equal(c[1], []float64{1, 2, 3, 4, 5}[:len(c[1])]) {
		t.Errorf("cropped to %v", c)
	}
}

// TestCompare finds a difference between classes where there is one, and says when it cannot tell.
func TestCompare(t *testing.T) {
	for _, c := range []struct {
		name        string
		more        [Sets]float64 // than the rest, by which a set is slower
		told, holds bool
	}{
		{"all alike", [Sets]float64{}, false, true},
		{"classes differ", [Sets]float64{5, 5, 0, 0}, true, true},
		{"sets of one class differ", [Sets]float64{9, 0, 0, 0}, true, false},
	} {
		r := Compare(20_000, func(set int, r *rand.Rand) time.Duration {
			return time.Duration(1000 + c.more[set] + 50*r.Float64())
		})
		if told := math.Abs(r.T) >= Bar; told != c.told || r.Holds() != c.holds {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}
