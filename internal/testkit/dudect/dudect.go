// Package dudect compares the times that two classes of inputs take, in the manner of the tool of that name: the inputs
// come in random order, the slow tail is cut off, and Welch's t tells whether the rest differs. Each class is drawn twice,
// from sets that have nothing to do with each other: what the two sets of one class differ by, for the places of their
// records in memory or for the machine's noise, is the null control, without which a difference says nothing.
//
// Source: Reparaz, Balasch, Verbauwhede, "Dude, is my code constant time?", 2016.
package dudect

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Sets are the numbers of the four sets of inputs: two of the class in question, two of the class beside it.
const Sets = 4

// Result compares the means of the two classes, in nanoseconds.
type Result struct {
	Mean     float64 // of the second class
	Delta, T float64 // first class less second, and Welch's t
	// The null control: the greater difference between two sets of one class, and the greater |t|.
	NullDelta, NullT float64
}

// Holds tells whether the null control passes at the bar that is usual for |t|.
func (r Result) Holds() bool { return r.NullT < Bar }

// Bar is what |t| stays below where nothing can be told.
const Bar = 4.5

// Compare takes n samples of each set in random order. timed measures one input of a set, which it draws with r: 0 and 1
// are sets of the first class, 2 and 3 of the second.
func Compare(n int, timed func(set int, r *rand.Rand) time.Duration) Result {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	var samples [Sets][]float64
	for i := range samples {
		samples[i] = make([]float64, 0, n+n/4)
	}
	for range n * Sets {
		set := r.IntN(Sets)
		samples[set] = append(samples[set], float64(timed(set, r)))
	}
	c := crop(samples[:]...)
	first, second := slices.Concat(c[0], c[1]), slices.Concat(c[2], c[3])
	res := Result{Mean: momentsOf(second).mean}
	res.Delta, res.T = welch(first, second)
	for i := 0; i < Sets; i += 2 {
		d, t := welch(c[i], c[i+1])
		res.NullDelta, res.NullT = max(res.NullDelta, math.Abs(d)), max(res.NullT, math.Abs(t))
	}
	return res
}

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
