package main

import (
	"fmt"
	"math"
	"os"
	"syscall"
	"time"
)

// agreement is how many queries the engines must agree about, and are measured with. Few of them are asked again and
// again to measure an engine that has everything at hand.
const (
	agreement = 20_000
	few       = 64
)

// engine answers queries by number.
type engine interface {
	name() string
	askNumber(i int) (bool, error)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: engines UNIVERSE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "engines:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	u, err := readUniverse(file)
	if err != nil {
		return err
	}
	if len(u.Queries) < agreement {
		return fmt.Errorf("%d queries: %d are needed", len(u.Queries), agreement)
	}
	for _, e := range []struct {
		make func(*universe) (engine, error)
		bar  float64
	}{{newCasbin, 300}, {newOPA, 600}} {
		eng, err := e.make(u)
		if err != nil {
			return err
		}
		if err := agree(u, eng); err != nil {
			return err
		}
		for _, way := range []struct {
			name    string
			queries int
			ambit   float64
		}{{"cold", agreement, u.Ambit}, {"hot", few, u.Hot}} {
			ns, err := measure(eng, way.queries)
			if err != nil {
				return err
			}
			verdict := "met"
			if ns/way.ambit < e.bar {
				verdict = "MISSED"
			}
			// As internal/testkit/goal prints them: make bench gathers these lines.
			fmt.Printf("goal\t1, a decision, %s, %s\t%.4g ns\t%.4g ns\t%.0f\t≥ %.0f\t%s\n", eng.name(), way.name, way.ambit, ns, ns/way.ambit, e.bar, verdict)
		}
	}
	fmt.Printf("all of them agree about %d queries\n", agreement)
	return nil
}

func agree(u *universe, e engine) error {
	for i := range agreement {
		got, err := e.askNumber(i)
		if err != nil {
			return err
		}
		if want := u.Allowed[i] == '1'; got != want {
			q := u.Queries[i]
			return fmt.Errorf("%s: %s by %+v on %+v: %v, and %v by Ambit", e.name(), u.Actions[q[2]], u.Subjects[q[0]], u.Repos[q[1]], got, want)
		}
	}
	return nil
}

// measure returns the least processor time of one decision about the first queries over rounds of a few thousand: wall
// time says little on a busy machine.
func measure(e engine, queries int) (float64, error) {
	const rounds, each = 8, 4_000
	least := time.Duration(math.MaxInt64)
	for round := range rounds {
		start := cpu()
		for i := range each {
			if _, err := e.askNumber((round*each + i) % queries); err != nil {
				return 0, err
			}
		}
		least = min(least, cpu()-start)
	}
	return float64(least.Nanoseconds()) / each, nil
}

func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
