package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// arena has the same two repositories in a hub of its own, behind nginx and fcgiwrap, and behind a server that spawns git.
type arena struct {
	h       *hub
	backend *gitBackend
	spawner *spawner
	root    string // folder of git's own repositories
	rounds  int
	repos   []arenaRepo
}

// arenaRepo is one of the repositories.
type arenaRepo struct {
	name string
	bare gitDir
	tip  string
}

// benchGit measures the whole of git's protocol. Each measurement takes turns: one of ours, one of each anchor.
func benchGit(h *hub, r *report, rounds int, only string) error {
	a, err := newArena(filepath.Join(h.dir, "git"), rounds)
	if err != nil {
		return err
	}
	defer a.close()
	for _, s := range []struct {
		name string
		run  func(*report) error
	}{
		{"clones", a.clones}, {"cost", a.cloneCost}, {"rates", a.cloneRates}, {"refs", a.refs},
		{"pushes", a.smallPushes}, {"whole", a.largePushes}, {"history", a.manyCommits}, {"load", a.underLoad},
	} {
		if !chosen(only, "git/"+s.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring git:", s.name)
		took, err := timed(func() error { return s.run(r) })
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintln(os.Stderr, "  took", took.Round(time.Second))
	}
	return nil
}

func newArena(dir string, rounds int) (a *arena, err error) {
	a = &arena{root: filepath.Join(dir, "bare"), rounds: rounds}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if err := os.MkdirAll(a.root, 0o755); err != nil {
		return a, err
	}
	if a.h, err = startHub(dir); err != nil {
		return a, err
	}
	if a.backend, err = startGitBackend(dir, a.root); err != nil {
		return a, err
	}
	if a.spawner, err = startSpawner(a.root); err != nil {
		return a, err
	}
	for _, s := range []shape{shapeS, shapeL} {
		d, err := s.build(a.root)
		if err != nil {
			return a, err
		}
		if err := a.h.createRepo(s.name, false); err != nil {
			return a, err
		}
		if err := d.push(a.h.authorized(), a.ours(s.name), "+main"); err != nil {
			return a, err
		}
		tip, err := d.git("rev-parse", "main")
		if err != nil {
			return a, err
		}
		a.repos = append(a.repos, arenaRepo{s.name, d, tip})
		for _, url := range []string{a.ours(s.name), a.theirs(s.name)} {
			if err := fetchOf(url, nil, tip).check(); err != nil {
				return a, err
			}
		}
	}
	return a, nil
}

func (a *arena) close() {
	if a.spawner != nil {
		a.spawner.stop()
	}
	if a.backend != nil {
		a.backend.stop()
	}
	if a.h != nil {
		a.h.stop()
	}
}

func (a *arena) ours(name string) string        { return a.h.url + "/alice/" + name }
func (a *arena) theirs(name string) string      { return a.spawner.url + "/" + name }
func (a *arena) cpu() time.Duration             { return clockOf(a.h.cmd.Process.Pid) }
func (a *arena) large() arenaRepo               { return a.repos[1] }
func ms(d time.Duration) string                 { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }
func mb(n int64) string                         { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }
func ratio[T ~int64 | ~float64](a, b T) float64 { return float64(a) / float64(b) }

// spent returns how long something took and how much CPU time a server used for it.
func spent(cpu func() time.Duration, f func() error) (wall, used time.Duration, err error) {
	before := cpu()
	wall, err = timed(f)
	return wall, cpu() - before, err
}
