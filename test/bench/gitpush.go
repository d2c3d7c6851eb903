package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// smallPushes compares pushes of one commit with one new file, on the large repository.
func (a *arena) smallPushes(r *report) error {
	const each = 4 // pushes in a round
	work := gitDir(filepath.Join(a.h.dir, "work"))
	if _, err := gitDir(a.root).git("clone", "-q", "--bare", string(a.large().bare), string(work)); err != nil {
		return err
	}
	n := each * (a.rounds + 1)
	var feed strings.Builder
	for i := range n {
		fmt.Fprintf(&feed, "commit refs/heads/c%d\ncommitter C <c@example.org> %d +0000\ndata 2\nm\n\nfrom %s\nM 100644 inline d%02d/e1/new%d.txt\ndata 10\ntext %05d\n",
			i, 1_700_000_000+i, before(i, a.large().tip), i%100, i, i)
	}
	cmd := work.cmd("fast-import", "--quiet")
	cmd.Stdin = strings.NewReader(feed.String())
	if _, err := runGit(cmd); err != nil {
		return err
	}
	var wall, cpu [2][]time.Duration
	for i := range n {
		for k, s := range []struct {
			url  string
			auth []string
			cpu  func() time.Duration
		}{{a.ours(shapeL.name), a.h.authorized(), a.cpu}, {a.theirs(shapeL.name), nil, a.spawner.cpu}} {
			w, c, err := spent(s.cpu, func() error { return work.push(s.auth, s.url, fmt.Sprintf("c%d:main", i)) })
			if err != nil {
				return err
			}
			if i >= each { // those before warm
				wall[k], cpu[k] = append(wall[k], w), append(cpu[k], c)
			}
		}
	}
	comparePushes(r, "push of 1 commit on 50,000 files", wall, cpu, 0.5, 0.15)
	return nil
}

// before names the parent of a commit.
func before(i int, tip string) string {
	if i == 0 {
		return tip
	}
	return fmt.Sprintf("refs/heads/c%d", i-1)
}

func comparePushes(r *report, what string, wall, cpu [2][]time.Duration, wallBar, cpuBar float64) {
	o, t := median(wall[0]), median(wall[1])
	r.atMost(what, ms(o), ms(t)+" git receive-pack", ratio(o, t), wallBar)
	o, t = median(cpu[0]), median(cpu[1])
	r.atMost("CPU of a "+what, ms(o), ms(t)+" git receive-pack", ratio(o, t), cpuBar)
}

// largePushes compares pushes of the whole large repository into an empty one, and the first clones after them, for which
// nobody has had time to prepare.
func (a *arena) largePushes(r *report) error {
	from := a.large()
	objects, err := from.bare.git("rev-list", "--objects", "--count", from.tip)
	if err != nil {
		return err
	}
	var wall, cpu, first [2][]time.Duration
	var peak [2]int64
	for i := range a.rounds + 1 {
		name := fmt.Sprintf("whole-%d", i)
		if err := a.h.createRepo(name, false); err != nil {
			return err
		}
		if _, err := newBare(filepath.Join(a.root, name)); err != nil {
			return err
		}
		for k, s := range []struct {
			url  string
			auth []string
			cpu  func() time.Duration
			pid  int
		}{{a.ours(name), a.h.authorized(), a.cpu, a.h.cmd.Process.Pid}, {a.theirs(name), nil, a.spawner.cpu, a.spawner.cmd.Process.Pid}} {
			push := func() error { return from.bare.push(s.auth, s.url, "+"+from.tip+":refs/heads/main") }
			if i == 0 { // looking at the memory takes time itself
				if peak[k], err = mostMemory(s.pid, push); err != nil {
					return err
				}
				continue
			}
			w, c, err := spent(s.cpu, push)
			if err != nil {
				return err
			}
			_, f, err := spent(s.cpu, func() error { _, err := fetchOf(s.url, nil, from.tip).discard(); return err })
			if err != nil {
				return err
			}
			wall[k], cpu[k], first[k] = append(wall[k], w), append(cpu[k], c), append(first[k], f)
		}
		if err := os.RemoveAll(filepath.Join(a.root, name)); err != nil {
			return err
		}
	}
	what := "push of " + objects + " objects"
	comparePushes(r, what, wall, cpu, 1, 1)
	r.figure("memory of a "+what, mb(peak[0])+" (git receive-pack: "+mb(peak[1])+")", "reported", true)
	o, t := median(first[0]), median(first[1])
	r.atMost("CPU of a clone, large, first after its push", ms(o), ms(t)+" git upload-pack", ratio(o, t), 0.4)
	return nil
}
