// Package goal prints the figures of Go benchmarks beside their bars, in lines that make bench gathers into its table:
//
//	… | go run ./test/bench -goals
package goal

import (
	"fmt"
	"strings"
	"testing"
)

// Mark begins a line. The fields behind it are separated by tabs: what, ours, anchor, ratio, bar, met or MISSED.
const Mark = "goal\t"

// AtMost prints a figure that should be at most bar.
func AtMost(b testing.TB, what string, got, bar float64, unit string) {
	b.Helper()
	line(b, what, fmt.Sprintf("%.4g %s", got, unit), "", "", fmt.Sprintf("≤ %.4g %s", bar, unit), got <= bar)
}

// Reported prints a figure without a bar, to read the others by.
func Reported(b testing.TB, what string, got float64, unit string) {
	b.Helper()
	line(b, what, fmt.Sprintf("%.4g %s", got, unit), "", "", "reported", true)
}

// AtLeast prints a figure that should be at least bar.
func AtLeast(b testing.TB, what string, got, bar float64, unit string) {
	b.Helper()
	line(b, what, fmt.Sprintf("%.4g %s", got, unit), "", "", fmt.Sprintf("≥ %.4g %s", bar, unit), got >= bar)
}

// Times prints how many times the anchor's figure is ours, which should be at least bar.
func Times(b testing.TB, what string, ours, anchor float64, of, unit string, bar float64) {
	b.Helper()
	line(b, what, fmt.Sprintf("%.4g %s", ours, unit), fmt.Sprintf("%.4g %s %s", anchor, unit, of), fmt.Sprintf("%.0f", anchor/ours), fmt.Sprintf("≥ %.0f", bar), anchor >= bar*ours)
}

// Ratio prints what part of the anchor's figure ours is, which should be at most bar.
func Ratio(b testing.TB, what string, ours, anchor float64, of, unit string, bar float64) {
	b.Helper()
	line(b, what, fmt.Sprintf("%.4g %s", ours, unit), fmt.Sprintf("%.4g %s %s", anchor, unit, of), fmt.Sprintf("%.3f", ours/anchor), fmt.Sprintf("≤ %.2f", bar), ours <= bar*anchor)
}

func line(b testing.TB, what, ours, anchor, ratio, bar string, met bool) {
	b.Helper()
	verdict := "met"
	if !met {
		verdict = "MISSED"
	}
	b.Log(Mark + strings.Join([]string{what, ours, anchor, ratio, bar, verdict}, "\t"))
}
