package main

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// commitsMade is how many commits a repository gets one by one.
const commitsMade = 10_000

// manyCommits measures what a repository is like that has got ten thousand commits of one file each, beside the same
// one freshly packed.
func (a *arena) manyCommits(r *report) error {
	const name = "history"
	if err := a.h.createRepo(name, false); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(5, 6))
	took, err := timed(func() error {
		for i := range commitsMade {
			c := change{[]string{fmt.Sprintf("d%02d/f%02d.txt", i%50, i/50%20)}, [][]byte{content(rng)}}
			if err := a.h.commit(name, c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // for a merge that has begun
	packs, bytes, err := a.stored(name)
	if err != nil {
		return err
	}
	grown, err := a.historyCost(name)
	if err != nil {
		return err
	}
	if _, err := ambit("repo", "repack", "alice/"+name, "--data", filepath.Join(a.h.dir, "hub")); err != nil {
		return err
	}
	fresh, err := a.historyCost(name)
	if err != nil {
		return err
	}
	git, err := a.packedByGit(name)
	if err != nil {
		return err
	}
	r.figure(fmt.Sprintf("%d commits of one file", commitsMade), fmt.Sprintf("%s each", ms(took/commitsMade)), "reported", true)
	r.figure("live packs after them", fmt.Sprint(packs), "≤ 16", packs <= 16)
	r.atMost("bytes stored after them", mb(bytes), mb(git)+" git repack -adf", ratio(bytes, git), 1.5)
	r.atMost("CPU of a clone after them", ms(grown), ms(fresh)+" freshly packed", ratio(grown, fresh), 1.3)
	return nil
}

// historyCost is the CPU time of a clone, the cost of walking included once in each.
func (a *arena) historyCost(name string) (time.Duration, error) {
	bare := gitDir(filepath.Join(a.h.dir, "tips"))
	defer os.RemoveAll(string(bare))
	if _, err := gitDir(a.root).git("clone", "-q", "--bare", a.ours(name), string(bare)); err != nil {
		return 0, err
	}
	tip, err := bare.git("rev-parse", "main")
	if err != nil {
		return 0, err
	}
	var all []time.Duration
	for range a.rounds {
		_, used, err := spent(a.cpu, func() error {
			for range 5 {
				if _, err := fetchOf(a.ours(name), nil, tip).discard(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		all = append(all, used/5)
	}
	return median(all), nil
}

// stored reads from the hub's database which packs of a repository are live.
func (a *arena) stored(name string) (packs int, bytes int64, err error) {
	db, err := a.database("ro")
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	err = db.QueryRow(`SELECT count(*), sum(bytes) FROM packs WHERE state = 'live' AND repo_id = (SELECT id FROM repos WHERE name = ?)`, name).Scan(&packs, &bytes)
	return packs, bytes, err
}

// database opens the hub's database, mode ro or rw.
func (a *arena) database(mode string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+filepath.Join(a.h.dir, "hub", "ambit.db")+"?mode="+mode)
}

// packedByGit returns what the repository takes when git has packed it as tightly as it does by default, index included.
func (a *arena) packedByGit(name string) (int64, error) {
	bare := gitDir(filepath.Join(a.h.dir, "packed"))
	defer os.RemoveAll(string(bare))
	if _, err := gitDir(a.root).git("clone", "-q", "--bare", a.ours(name), string(bare)); err != nil {
		return 0, err
	}
	if _, err := bare.git("repack", "-adfq"); err != nil {
		return 0, err
	}
	files, err := filepath.Glob(filepath.Join(string(bare), "objects/pack/pack-*"))
	total := int64(0)
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return 0, err
		}
		total += info.Size()
	}
	return total, err
}
