package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// underLoad measures what people who ask small things wait for while others clone and push the large repository. Those
// others are real clients; they run with the lowest priority, since on a network they have processors of their own.
func (a *arena) underLoad(r *report) error {
	what := []struct {
		name        string
		ask         func() error
		quiet, busy []time.Duration
		most        time.Duration
	}{
		{name: "resolve", ask: a.get(a.ours(shapeS.name) + "/resolve/main/d00/e0/f00.txt")},
		{name: "ls-refs", ask: a.send(lsRefs(a.ours(shapeL.name)))},
	}
	for i := range a.rounds {
		for k := range what {
			p99, _, err := probe(what[k].ask, 500)
			if err != nil {
				return err
			}
			what[k].quiet = append(what[k].quiet, p99)
		}
		stop, err := a.disturb(i)
		if err != nil {
			return err
		}
		for k := range what {
			p99, most, err := probe(what[k].ask, 300)
			if err != nil {
				stop()
				return err
			}
			what[k].busy, what[k].most = append(what[k].busy, p99), max(what[k].most, most)
		}
		if err := stop(); err != nil {
			return err
		}
	}
	for _, w := range what {
		q, b := median(w.quiet), median(w.busy)
		r.atMost(w.name+" p99 while 4 clones and a large push run", ms(b), ms(q)+" (undisturbed)", ratio(b, q), 10)
		r.figure(w.name+", the slowest of them", ms(w.most), "≤ 250 ms", w.most <= 250*time.Millisecond)
	}
	return nil
}

// probe asks so many times, with a little rest between, and returns the 99th percentile of the waits and the longest.
func probe(ask func() error, n int) (p99, most time.Duration, err error) {
	var waits []time.Duration
	for range n {
		d, err := timed(ask)
		if err != nil {
			return 0, 0, err
		}
		waits = append(waits, d)
		time.Sleep(2 * time.Millisecond)
	}
	return percentile(waits, 0.99), percentile(waits, 1), nil
}

func finish(res *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %v", res.Status, err)
	}
	return nil
}

func (a *arena) get(url string) func() error { return func() error { return finish(http.Get(url)) } }

func (a *arena) send(q ask) func() error {
	return func() error {
		req, err := http.NewRequest("POST", q.url+"/git-upload-pack", strings.NewReader(q.body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-git-upload-pack-request")
		req.Header.Set("Git-Protocol", "version=2")
		return finish(http.DefaultClient.Do(req))
	}
}

// disturb starts four clones and a push of the large repository, again and again, until the function it returns is called.
func (a *arena) disturb(round int) (stop func() error, err error) {
	var wg sync.WaitGroup
	var mu sync.Mutex // guards failed and running
	var failed error
	ended := make(chan struct{})
	running := map[int]bool{}
	again := func(args func(i int) ([]string, error)) {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-ended:
					return
				default:
				}
				all, err := args(i)
				cmd := a.large().bare.cmd(all...)
				cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				var out strings.Builder
				cmd.Stderr = &out
				mu.Lock()
				if err == nil {
					err = cmd.Start()
				}
				if err == nil {
					syscall.Setpriority(syscall.PRIO_PGRP, cmd.Process.Pid, 19)
					running[cmd.Process.Pid] = true
				}
				mu.Unlock()
				if err == nil {
					err = cmd.Wait()
				}
				mu.Lock()
				if cmd.Process != nil {
					delete(running, cmd.Process.Pid)
				}
				select {
				case <-ended: // it was stopped
				default:
					if err != nil {
						failed = fmt.Errorf("git %s: %w: %s", strings.Join(all, " "), err, out.String())
					}
				}
				stopped := failed != nil
				mu.Unlock()
				if stopped {
					return
				}
			}
		})
	}
	folder := filepath.Join(a.h.dir, "load")
	for c := range 4 {
		again(func(i int) ([]string, error) {
			to := filepath.Join(folder, fmt.Sprint(c))
			return []string{"clone", "-q", "--bare", a.ours(shapeL.name), to}, os.RemoveAll(to)
		})
	}
	again(func(i int) ([]string, error) {
		name := fmt.Sprintf("load-%d-%d", round, i)
		return append(a.h.authorized(), "push", "-q", a.ours(name), a.large().tip+":refs/heads/main", "--force"), a.h.createRepo(name, false)
	})
	time.Sleep(200 * time.Millisecond) // so that all of it is under way
	return func() error {
		close(ended)
		mu.Lock()
		for pid := range running {
			syscall.Kill(-pid, syscall.SIGKILL)
		}
		mu.Unlock()
		wg.Wait()
		os.RemoveAll(folder)
		return failed
	}, nil
}
