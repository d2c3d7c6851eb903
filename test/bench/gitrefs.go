package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// refs compares how often eight clients a second learn which refs there are.
func (a *arena) refs(r *report) error {
	var ours, theirs []float64
	var oursSlow, theirsSlow []time.Duration
	for range a.rounds {
		for _, m := range []struct {
			rates *[]float64
			slow  *[]time.Duration
			url   string
		}{{&ours, &oursSlow, a.ours(shapeL.name)}, {&theirs, &theirsSlow, a.theirs(shapeL.name)}} {
			rate, p99, err := a.wrkAsk(lsRefs(m.url))
			if err != nil {
				return err
			}
			*m.rates, *m.slow = append(*m.rates, rate), append(*m.slow, p99)
		}
	}
	o, t := median(ours), median(theirs)
	r.atLeast("ls-refs/s, 8 clients", fmt.Sprintf("%.0f", o), fmt.Sprintf("%.0f git upload-pack", t), o/t, 10)
	p99 := median(oursSlow)
	r.figure("ls-refs, 8 clients, p99", fmt.Sprintf("%s (git upload-pack: %s)", ms(p99), ms(median(theirsSlow))), "≤ 5 ms", p99 <= 5*time.Millisecond)
	return nil
}

// wrkAsk has wrk send a request over eight connections for a second.
func (a *arena) wrkAsk(q ask) (rate float64, p99 time.Duration, err error) {
	script := filepath.Join(a.h.dir, "ask.lua")
	lua := fmt.Sprintf("wrk.method = %q\nwrk.body = %q\nwrk.headers[\"Content-Type\"] = \"application/x-git-upload-pack-request\"\nwrk.headers[\"Git-Protocol\"] = \"version=2\"\n", "POST", q.body)
	if err := os.WriteFile(script, []byte(lua), 0o644); err != nil {
		return 0, 0, err
	}
	out, err := exec.Command("wrk", "-t1", "-c8", "-d1s", "--latency", "-s", script, q.url+"/git-upload-pack").CombinedOutput()
	if err != nil || strings.Contains(string(out), "Non-2xx") {
		return 0, 0, fmt.Errorf("wrk: %v: %s", err, out)
	}
	for _, l := range strings.Split(string(out), "\n") {
		f := strings.Fields(l)
		switch {
		case len(f) == 2 && f[0] == "99%":
			p99, err = time.ParseDuration(f[1])
		case len(f) == 2 && f[0] == "Requests/sec:":
			rate, err = strconv.ParseFloat(f[1], 64)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return rate, p99, nil
}
