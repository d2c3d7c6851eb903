package timing

import (
	"math"
	"slices"
	"testing"
)

// moments are mean and variance of a sample.
type moments struct{ n, mean, variance float64 }

func momentsOf(xs []float64) (m moments) {
	m.n = float64(len(xs))
	for _, x := range xs {
		m.mean += x / m.n
	}
	for _, x := range xs {
		m.variance += (x - m.mean) * (x - m.mean) / (m.n - 1)
	}
	return m
}

// welch returns the difference of two means and Welch's t.
func welch(a, b []float64) (delta, t float64) {
	x, y := momentsOf(a), momentsOf(b)
	delta = x.mean - y.mean
	return delta, delta / math.Sqrt(x.variance/x.n+y.variance/y.n)
}

// keep is the part of all samples that counts. The slow rest is what the machine did meanwhile.
const keep = 0.5

// crop cuts all classes at one limit, so that none is favoured.
func crop(classes ...[]float64) [][]float64 {
	all := slices.Sorted(slices.Values(slices.Concat(classes...)))
	limit := all[int(keep*float64(len(all)-1))]
	out := make([][]float64, len(classes))
	for i, c := range classes {
		out[i] = slices.DeleteFunc(slices.Clone(c), func(x float64) bool { return x > limit })
	}
	return out
}

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
