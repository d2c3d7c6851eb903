package main

import (
	"strings"
	"testing"
)

func TestGoalsAreGathered(t *testing.T) {
	const in = "BenchmarkA-2\t1\n    a_test.go:7: goal\ta thing\t9 ns\t\t\t≤ 5 ns\tMISSED\n    a_test.go:7: goal\ta thing\t4 ns\t\t\t≤ 5 ns\tmet\n" +
		"goal\tanother\t1 ns\t400 ns\t400\t≥ 300\tmet\nPASS\n"
	var out strings.Builder
	if err := gatherGoals(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(out.String(), "PASS\n")
	if strings.Count(table, "a thing") != 1 || !strings.Contains(table, "4 ns") || strings.Contains(table, "MISSED") || !strings.Contains(table, "another") {
		t.Errorf("got %s", table)
	}
	if err := gatherGoals(strings.NewReader("--- FAIL: TestX\n"), &out); err == nil {
		t.Error("a failure goes unnoticed")
	}
}
