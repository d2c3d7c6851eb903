package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// clones compares how long people wait for a clone.
func (a *arena) clones(r *report) error {
	to := filepath.Join(a.h.dir, "clone")
	clone := func(url string) (time.Duration, error) {
		defer os.RemoveAll(to)
		return timed(func() error { _, err := gitDir(a.root).git("clone", "-q", "--bare", url, to); return err })
	}
	for _, repo := range a.repos {
		var ours, theirs []time.Duration
		for range a.rounds + 1 { // the first round warms all of it
			d, err := clone(a.backend.url + "/" + repo.name)
			if err != nil {
				return err
			}
			theirs = append(theirs, d)
			if d, err = clone(a.ours(repo.name)); err != nil {
				return err
			}
			ours = append(ours, d)
		}
		o, t := median(ours[1:]), median(theirs[1:])
		r.atMost("git clone --bare, "+repo.name, ms(o), ms(t)+" nginx and git http-backend", ratio(o, t), 1.05)
	}
	return a.sameObjects(to)
}

// sameObjects holds that a clone of ours has what the original has, and that git finds nothing wrong with it.
func (a *arena) sameObjects(to string) error {
	for _, repo := range a.repos {
		if _, err := gitDir(a.root).git("clone", "-q", "--bare", a.ours(repo.name), to); err != nil {
			return err
		}
		if _, err := gitDir(to).git("fsck", "--strict", "--full", "--no-progress"); err != nil {
			return err
		}
		const what = "--batch-check=%(objectname) %(objecttype)"
		ours, err := gitDir(to).git("cat-file", "--batch-all-objects", what)
		if err != nil {
			return err
		}
		if theirs, err := repo.bare.git("cat-file", "--batch-all-objects", what); err != nil || ours != theirs {
			return fmt.Errorf("a clone of %s has other objects than the original (%v)", repo.name, err)
		}
		if err := os.RemoveAll(to); err != nil {
			return err
		}
	}
	return nil
}

// state is what the hub remembers when a request comes.
type state int

const (
	warm   state = iota // all of the same request
	unseen              // what the tip leads to, but not this request
	fresh               // nothing in memory, as after a start; what it keeps in the database is there
	blank               // nothing at all, as never happens: what the tip leads to has to be walked
)

func (s state) String() string {
	return [...]string{"warm", "a filter not seen before", "first after a start", "nothing remembered"}[s]
}

// cloneCost compares the CPU time of the servers for the same request.
func (a *arena) cloneCost(r *report) error {
	for _, repo := range a.repos {
		for _, c := range []struct {
			state    state
			blobless bool
			bar      float64
		}{{warm, false, 0.15}, {fresh, false, 0.4}, {blank, false, 0}, {unseen, true, 1}, {fresh, true, 1}} {
			if err := a.compareCost(r, repo, c.state, c.blobless, c.bar); err != nil {
				return err
			}
		}
	}
	return a.cloneMemory(r)
}

// compareCost sends a request to the hub and to the spawning server.
func (a *arena) compareCost(r *report, repo arenaRepo, s state, blobless bool, bar float64) error {
	again := 1 // in one round; of what is short the clock sees too little
	if s == warm {
		again = 4
	}
	what := "CPU of a clone, " + repo.name + ", " + s.String()
	if blobless {
		what = "CPU of a blobless clone, " + repo.name + ", " + s.String()
	}
	var ours, theirs []time.Duration
	for i := range a.rounds + 1 { // the first round warms what is to be warm
		var extra []string
		if blobless {
			extra = []string{"filter blob:none"}
		}
		if blobless && s == unseen {
			extra = []string{fmt.Sprintf("filter blob:limit=%d", i+1)} // no file is so small
		}
		if s == fresh || s == blank {
			if err := a.forget(s == blank); err != nil {
				return err
			}
		}
		for _, m := range []struct {
			into *[]time.Duration
			url  string
			cpu  func() time.Duration
		}{{&ours, a.ours(repo.name), a.cpu}, {&theirs, a.theirs(repo.name), a.spawner.cpu}} {
			_, used, err := spent(m.cpu, func() error {
				for range again {
					if _, err := fetchOf(m.url, extra, repo.tip).discard(); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			*m.into = append(*m.into, used/time.Duration(again))
		}
	}
	o, t := median(ours[1:]), median(theirs[1:])
	if bar == 0 {
		r.figure(what, ms(o)+" (git upload-pack with a bitmap: "+ms(t)+")", "reported", true)
		return nil
	}
	r.atMost(what, ms(o), ms(t)+" git upload-pack", ratio(o, t), bar)
	return nil
}

// forget starts the hub anew; all tells whether it finds nothing that it has worked out before.
func (a *arena) forget(all bool) error {
	a.h.stop()
	if all {
		db, err := a.database("rw")
		if err != nil {
			return err
		}
		_, err = db.Exec("DELETE FROM closures")
		if err := errors.Join(err, db.Close()); err != nil {
			return err
		}
	}
	if err := a.h.start(); err != nil {
		return err
	}
	time.Sleep(200 * time.Millisecond) // what a start itself costs is not the clone's
	return nil
}

// cloneRates has eight clients clone at once.
func (a *arena) cloneRates(r *report) error {
	for _, repo := range a.repos {
		var ours, theirs []float64
		for range a.rounds {
			for _, m := range []struct {
				into *[]float64
				url  string
			}{{&ours, a.ours(repo.name)}, {&theirs, a.theirs(repo.name)}} {
				rate, _, err := atOnce(8, time.Second, func() error { _, err := fetchOf(m.url, nil, repo.tip).discard(); return err })
				if err != nil {
					return err
				}
				*m.into = append(*m.into, rate)
			}
		}
		o, t := median(ours), median(theirs)
		r.atLeast("full clones/s, 8 clients, "+repo.name, fmt.Sprintf("%.1f", o), fmt.Sprintf("%.1f git upload-pack", t), o/t, 5)
	}
	return nil
}

// cloneMemory reports the memory of eight clones of the large repository at once.
func (a *arena) cloneMemory(r *report) error {
	repo := a.large()
	idle := memoryOf(a.h.cmd.Process.Pid)
	load := func(url string) func() error {
		return func() error {
			_, _, err := atOnce(8, 500*time.Millisecond, func() error { _, err := fetchOf(url, nil, repo.tip).discard(); return err })
			return err
		}
	}
	ours, err := mostMemory(a.h.cmd.Process.Pid, load(a.ours(repo.name)))
	if err != nil {
		return err
	}
	theirs, err := mostMemory(a.spawner.cmd.Process.Pid, load(a.theirs(repo.name)))
	if err != nil {
		return err
	}
	r.figure("memory of 8 clones at once, large", fmt.Sprintf("%s, %s before (git upload-pack: %s)", mb(ours), mb(idle), mb(theirs)), "reported", true)
	return nil
}
