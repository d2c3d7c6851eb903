// Command mutants changes the code of access decisions in every small way it knows, one at a time, and runs the tests of
// the package on each change: whatever nobody notices is a survivor. It prints survivors and fails on those that
// docs/access-mutants.md does not explain, and on explanations of what no longer survives.
//
//	go run ./test/mutants [-run REGEXP] [-quick] [-v]
//
// All mutants are compiled into one test binary, and an environment variable picks one (AMBIT_MUTANT): compiling each
// would take hours. Nothing is written into the source tree. Run it in the root of the repository.
package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// files is the decision, lookup and reason code.
var files = []string{
	"abstract.go", "cells.go", "change.go", "change_where.go", "decide.go", "feature.go", "key.go", "policy.go", "reason.go",
	"rows.go", "subject.go", "subject_ask.go", "subject_draw.go", "subject_facts.go", "subject_issue.go", "subject_names.go",
	"subject_rare.go", "trace.go", "visible.go", "words.go", "words_doing.go", "words_layers.go",
}

const (
	pkg   = "internal/access"
	known = "docs/access-mutants.md"
	limit = 20 * time.Minute // of one stage by the clock, on a machine with other things to do
)

// stages are tests by cost: what an early one kills, later ones need not see.
var stages = []struct {
	tests   string
	skip    string // tests that ran before
	env     []string
	seconds int // of processor time: a mutant that takes more is noticed, it loops
}{
	{tests: quickTests, seconds: 10},
	{tests: randomTests, seconds: 20},
	{tests: "^TestEveryAnswer$", seconds: 60},
	{tests: "^TestCompleteSpace$", env: []string{"AMBIT_LAW_EVERY=400009"}, seconds: 30},
	{tests: "^TestSemanticDiff$", seconds: 60},
	{tests: ".", skip: quickTests + "|" + randomTests + "|^(TestEveryAnswer|TestSemanticDiff)$|" + sourceTests, seconds: 300},
}

// sourceTests read the source, which is as it was.
const sourceTests = "^(TestLayersReadTheirFields|TestAllowedIsDecide)$"

const quickTests = "^Test(Places|Expiry|Restrictions|Decisions|Messages|Features|Issuing|Facts|Rules|From|Actions|Keys|Unknown|Subject|AllowsOrg|Grant|" +
	"What|Decided|Ends|Snapshots|Roles|Concerns)"

const randomTests = "^Test(FindRow|Listing|Abstract|Supposed)"

//go:embed helpers.txt
var helpers string

var verbose bool

func main() {
	pattern := flag.String("run", "", "only mutants whose description matches")
	quick := flag.Bool("quick", false, "leave out the last stage, which is the longest of them: more survive")
	flag.BoolVar(&verbose, "v", false, "say which test kills each mutant")
	flag.Parse()
	if *quick {
		stages = stages[:len(stages)-1]
	}
	if err := run(*pattern); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(pattern string) error {
	only, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	mutants, err := build(dir)
	if err != nil {
		return err
	}
	// What the tests read is copied, so that nobody's editing looks like a kill.
	if err := os.CopyFS(filepath.Join(dir, "testdata"), os.DirFS(filepath.Join(pkg, "testdata"))); err != nil {
		return err
	}
	var left []*mutant
	for _, m := range mutants {
		if only.MatchString(m.String()) {
			left = append(left, m)
		}
	}
	all := len(left)
	fmt.Println(all, "mutants")
	for i := range stages {
		start, before := time.Now(), len(left)
		switch killed, out, err := try(dir, i, 0); {
		case err != nil:
			return err
		case killed:
			return fmt.Errorf("the tests fail without a mutant:\n%s", out)
		}
		if left, err = tryAll(dir, i, left); err != nil {
			return err
		}
		fmt.Printf("stage %d of %d: %d tried, %d killed, %s\n", i+1, len(stages), before, before-len(left), time.Since(start).Round(time.Second))
	}
	for _, m := range left {
		fmt.Println("survived:", m)
	}
	fmt.Printf("%d mutants, %d killed, %d survived\n", all, all-len(left), len(left))
	return judge(left, pattern == "")
}

// build compiles the test binary with all mutants in it.
func build(dir string) ([]*mutant, error) {
	overlay := map[string]string{}
	var mutants []*mutant
	for _, name := range files {
		path, err := filepath.Abs(filepath.Join(pkg, name))
		if err != nil {
			return nil, err
		}
		text, ms, err := rewrite(path, len(mutants)+1)
		if err != nil {
			return nil, err
		}
		mutants = append(mutants, ms...)
		to := filepath.Join(dir, name)
		if err := os.WriteFile(to, text, 0o600); err != nil {
			return nil, err
		}
		overlay[path] = to
	}
	path, err := filepath.Abs(filepath.Join(pkg, "zz_mutants.go"))
	if err != nil {
		return nil, err
	}
	overlay[path] = filepath.Join(dir, "helpers.go")
	if err := os.WriteFile(overlay[path], []byte(helpers), 0o600); err != nil {
		return nil, err
	}
	b, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), b, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay", filepath.Join(dir, "overlay.json"), "-o", filepath.Join(dir, "mutants.test"), "./"+pkg)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	return mutants, nil
}

// try runs a stage with one mutant, 0 for none.
func try(dir string, stage, n int) (killed bool, out []byte, err error) {
	s := &stages[stage]
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", `ulimit -t "$1"; exec "$0" -test.run "$2" -test.skip "$3" -test.failfast -test.timeout 0 -rapid.shrinktime 0s -rapid.nofailfile`,
		filepath.Join(dir, "mutants.test"), strconv.Itoa(s.seconds), s.tests, cmp.Or(s.skip, "^$"))
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "AMBIT_FULL=", "AMBIT_UPDATE_GOLDEN=", "AMBIT_MUTANT="+strconv.Itoa(n)), s.env...)
	out, err = cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false, nil, nil
	case ctx.Err() != nil || !errors.As(err, &exit): // nothing was shown
		return false, out, fmt.Errorf("mutant %d: %w", n, err)
	}
	return true, out, nil
}

// tryAll runs a stage with each of the mutants, on all processors, and returns the survivors.
func tryAll(dir string, stage int, mutants []*mutant) (survivors []*mutant, err error) {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	survived := make([]bool, len(mutants))
	for i, m := range mutants {
		g.Go(func() error {
			killed, out, err := try(dir, stage, m.n)
			if survived[i] = !killed; killed && verbose {
				fmt.Printf("%s kills %s\n", killer(out), m)
			}
			return err
		})
	}
	err = g.Wait()
	for i, m := range mutants {
		if survived[i] {
			survivors = append(survivors, m)
		}
	}
	return survivors, err
}

// killer is the test that failed first.
func killer(out []byte) string {
	_, after, found := bytes.Cut(out, []byte("--- FAIL: "))
	if !found {
		return "a crash"
	}
	name, _, _ := bytes.Cut(after, []byte(" "))
	return string(name)
}

// judge compares the survivors with the explained ones.
func judge(survivors []*mutant, all bool) error {
	b, err := os.ReadFile(known)
	if err != nil {
		return err
	}
	explained := map[string]int{}
	for _, line := range bytes.Split(b, []byte("\n")) {
		if row := strings.SplitN(string(line), " | ", 4); len(row) == 4 && strings.HasPrefix(row[0], "| `") {
			explained[strings.TrimPrefix(row[0], "| ")+" | "+row[1]+" | "+row[2]]++
		}
	}
	var bad []string
	for _, m := range survivors {
		if explained[m.row()] == 0 {
			bad = append(bad, "not explained: | "+m.row()+" |")
			continue
		}
		explained[m.row()]--
	}
	for row, n := range explained {
		if n > 0 && all {
			bad = append(bad, "explained, and it does not survive: "+row)
		}
	}
	if len(bad) > 0 {
		return errors.New(strings.Join(bad, "\n"))
	}
	return nil
}
