// Command mutants changes the code of access decisions in every small way it knows, one at a time, and runs the tests of
// the package on each change: whatever nobody notices is a survivor. It prints survivors and fails on those that
// docs/access-mutants.md does not explain, and on explanations of what no longer survives.
//
//	go run ./test/mutants [-run REGEXP] [-quick]
//
// All mutants are compiled into one test binary, and an environment variable picks one (AMBIT_MUTANT): compiling each
// would take hours. Nothing is written into the source tree. Run it in the root of the repository.
package main

import (
	"bytes"
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
	"sync"
	"time"
)

// files is the decision, lookup and reason code.
var files = []string{
	"abstract.go", "change.go", "decide.go", "feature.go", "policy.go", "reason.go", "rows.go", "subject.go", "subject_facts.go",
	"subject_issue.go", "trace.go", "visible.go", "words.go", "words_doing.go", "words_layers.go",
}

const (
	pkg   = "internal/access"
	known = "docs/access-mutants.md"
	limit = 20 * time.Minute // of one stage by the clock, on a machine with other things to do
)

// stages are tests by cost: what an early one kills, later ones need not see.
var stages = []struct {
	tests   string
	env     []string
	seconds int // of processor time: a mutant that takes more is noticed, it loops
}{
	{"^Test(Places|Expiry|Restrictions|Decisions|Messages|Features|Issuing|Facts|Rules|From|Actions|Keys|Unknown|SubjectInLogs|AllowsOrg|Grant)", nil, 10},
	{"^TestCompleteSpace$", []string{"AMBIT_LAW_EVERY=400009"}, 30},
	{"^(TestSemanticDiff|TestEveryAnswer|TestFindRow)$", nil, 60},
	{"^Test(EachSide|Explanation|Monotone)", nil, 60},
	{".", nil, 300},
}

//go:embed helpers.txt
var helpers string

func main() {
	pattern := flag.String("run", "", "only mutants whose description matches")
	quick := flag.Bool("quick", false, "leave out the last stage, which is most of the time: more survive")
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
	var chosen []*mutant
	for _, m := range mutants {
		if only.MatchString(m.String()) {
			chosen = append(chosen, m)
		}
	}
	if killed, out := try(dir, 0); killed {
		return fmt.Errorf("the tests fail without a mutant:\n%s", out)
	}
	fmt.Println(len(chosen), "mutants")
	survivors := tryAll(dir, chosen)
	fmt.Printf("%d mutants, %d killed, %d survived\n", len(chosen), len(chosen)-len(survivors), len(survivors))
	return judge(survivors, pattern == "")
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

// try runs the stages with one mutant, 0 for none, until one of them fails.
func try(dir string, n int) (killed bool, out []byte) {
	for _, s := range stages {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		cmd := exec.CommandContext(ctx, "sh", "-c", `ulimit -t "$1"; exec "$0" -test.run "$2" -test.failfast -test.timeout 0`,
			filepath.Join(dir, "mutants.test"), strconv.Itoa(s.seconds), s.tests)
		cmd.Dir = pkg
		cmd.Env = append(append(os.Environ(), "AMBIT_FULL=", "AMBIT_UPDATE_GOLDEN=", "AMBIT_MUTANT="+strconv.Itoa(n)), s.env...)
		out, err := cmd.CombinedOutput()
		cancel()
		if err != nil {
			return true, out
		}
	}
	return false, nil
}

// tryAll returns the survivors, on all processors.
func tryAll(dir string, mutants []*mutant) (survivors []*mutant) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	next := make(chan *mutant)
	done := 0
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for m := range next {
				killed, _ := try(dir, m.n)
				mu.Lock()
				if done++; !killed {
					survivors = append(survivors, m)
					fmt.Println("survived:", m)
				}
				if done%100 == 0 {
					fmt.Printf("%d of %d tried\n", done, len(mutants))
				}
				mu.Unlock()
			}
		})
	}
	for _, m := range mutants {
		next <- m
	}
	close(next)
	wg.Wait()
	return survivors
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
