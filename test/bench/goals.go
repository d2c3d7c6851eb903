package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/ambit-hub/ambit/internal/testkit/goal"
)

// gatherGoals passes the output of Go benchmarks on and prints their goals as one table at the end. A benchmark runs
// several times, each longer than the one before: the last line about a thing counts. A failed benchmark is an error.
func gatherGoals(in io.Reader, out io.Writer) error {
	var order []string
	rows := map[string]string{}
	failed := false
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text := lines.Text()
		fmt.Fprintln(out, text)
		failed = failed || strings.HasPrefix(text, "FAIL") || strings.HasPrefix(text, "--- FAIL")
		if _, row, ok := strings.Cut(text, goal.Mark); ok {
			what, _, _ := strings.Cut(row, "\t")
			if rows[what] == "" {
				order = append(order, what)
			}
			rows[what] = row
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "\nwhat\tours\tanchor\tratio\tbar\t")
	for _, what := range order {
		fmt.Fprintln(w, rows[what])
	}
	w.Flush()
	if failed {
		return fmt.Errorf("a benchmark failed")
	}
	return nil
}

// goalsOf is gatherGoals of the standard streams.
func goalsOf() error { return gatherGoals(os.Stdin, os.Stdout) }
