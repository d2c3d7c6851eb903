package gitrepo

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// change returns what makes a working tree out of another one.
func change(from, to map[string]string) map[string]string {
	c := map[string]string{}
	for p := range from {
		if _, ok := to[p]; !ok {
			c[p] = ""
		}
	}
	for p, content := range to {
		if from[p] != content {
			c[p] = content
		}
	}
	return c
}

// TestMovedFilesAreNotSentAgain counts what a fetch of one commit gets beside the one before it, as git counts it.
func TestMovedFilesAreNotSentAgain(t *testing.T) {
	text := func(i int) string { return strings.Repeat(fmt.Sprintln("file", i), 50) }
	base := map[string]string{"keep.txt": "kept\n"}
	for i := range 20 {
		base[fmt.Sprintf("old/sub/%d.txt", i)] = text(i)
	}
	type tree = map[string]string
	renamed := func(f func(string) string) func(tree) {
		return func(m tree) {
			for p, content := range maps.Clone(m) {
				if to := f(p); to != p {
					delete(m, p)
					m[to] = content
				}
			}
		}
	}
	for _, c := range []struct {
		name    string
		changes []func(tree) // commits after the base, which the receiver has
		objects int          // that it lacks
	}{
		{"a file", []func(tree){renamed(func(p string) string { return strings.Replace(p, "old/sub/3.txt", "new.txt", 1) })}, 4},
		{"a folder", []func(tree){renamed(func(p string) string { return strings.Replace(p, "old/", "new/", 1) })}, 2},
		{"a folder, and one of its files is changed", []func(tree){renamed(func(p string) string { return strings.Replace(p, "old/", "a/", 1) }),
			func(m tree) { m["a/sub/7.txt"] += "more\n" }}, 2 + 5},
		{"both at once", []func(tree){func(m tree) {
			renamed(func(p string) string { return strings.Replace(p, "old/", "a/", 1) })(m)
			m["a/sub/7.txt"] += "more\n"
		}}, 5},
		{"two files change places", []func(tree){func(m tree) { m["old/sub/1.txt"], m["old/sub/2.txt"] = text(2), text(1) }}, 4},
		{"away and back", []func(tree){
			func(m tree) { delete(m, "old/sub/1.txt"); m["keep.txt"] = "other\n" },
			func(m tree) { m["old/sub/1.txt"] = text(1); m["keep.txt"] = "kept\n" }}, 1 + 4 + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _, _ := newStore(t)
			repo := newRepo(t, s)
			have := put(t, s, repo, 0, base)
			now := maps.Clone(base)
			want := have
			for i, f := range c.changes {
				was := maps.Clone(now)
				f(now)
				want = put(t, s, repo, i+1, change(was, now))
			}
			dir := export(t, s, repo)
			git := strings.Count(git(t, dir, "", "rev-list", "--objects", want.String(), "^"+have.String()), "\n")
			if got := lacking(t, s, repo, want, have); got != c.objects || git != c.objects {
				t.Errorf("%d objects, git says %d, want %d", got, git, c.objects)
			}
		})
	}
}

// lacking counts the objects of a selection.
func lacking(t *testing.T, s *Store, repo hub.ID, want hub.OID, haves ...hub.OID) int {
	t.Helper()
	snap := open(t, s, repo)
	defer snap.Close()
	sel, err := snap.Select(t.Context(), SelectRequest{Wants: []hub.OID{want}, Haves: haves})
	if err != nil {
		t.Fatal(err)
	}
	defer sel.Close()
	return sel.Len()
}

// TestMovedAtRandom holds for histories full of moves that a receiver gets all that it lacks, and no more than a little beyond
// what git would send.
func TestMovedAtRandom(t *testing.T) {
	for seed := range uint64(2) {
		s, _, _ := newStore(t)
		repo := newRepo(t, s)
		r := rand.New(rand.NewPCG(seed, 9))
		now := map[string]string{}
		var commits []hub.OID
		for n := range 18 {
			was := maps.Clone(now)
			for range 1 + r.IntN(4) {
				paths := slices.Sorted(maps.Keys(now))
				from, to := fmt.Sprintf("d%d/", r.IntN(4)), fmt.Sprintf("d%d/", r.IntN(4))
				switch {
				case len(paths) < 10 || r.IntN(4) == 0:
					now[fmt.Sprintf("%se%d/f%d", to, r.IntN(2), r.IntN(20))] = fmt.Sprint("text ", r.IntN(40))
				case r.IntN(3) == 0: // a folder, into another one
					for _, p := range paths {
						if strings.HasPrefix(p, from) {
							now[to+p[len(from):]], now[p] = now[p], ""
							if from != to {
								delete(now, p)
							}
						}
					}
				default:
					p := paths[r.IntN(len(paths))]
					now[fmt.Sprintf("%se%d/f%d", to, r.IntN(2), r.IntN(20))] = now[p]
					if r.IntN(2) == 0 && len(now) > 5 {
						delete(now, p)
					}
				}
			}
			maps.DeleteFunc(now, func(_, content string) bool { return content == "" })
			if c := change(was, now); len(c) > 0 {
				commits = append(commits, put(t, s, repo, n, c))
			}
		}
		dir := export(t, s, repo)
		sent, least := 0, 0
		for i, have := range commits {
			has := map[string]bool{}
			for _, oid := range strings.Fields(git(t, dir, "", "rev-list", "--objects", "--no-object-names", have.String())) {
				has[oid] = true
			}
			for _, want := range commits[i+1:] {
				snap := open(t, s, repo)
				sel, err := snap.Select(t.Context(), SelectRequest{Wants: []hub.OID{want}, Haves: []hub.OID{have}})
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]bool{}
				for number, p := range sel.v.packs {
					for pos := range p.Len() {
						if sel.set.has(sel.base[number] + pos) {
							got[p.OID(pos).String()] = true
						}
					}
				}
				for _, oid := range strings.Fields(git(t, dir, "", "rev-list", "--objects", "--no-object-names", want.String(), "^"+have.String())) {
					least++
					if !got[oid] && !has[oid] {
						t.Errorf("seed %d: %s is missing", seed, oid)
					}
				}
				sent += len(got)
				sel.Close()
				snap.Close()
			}
		}
		if sent > least*102/100 {
			t.Errorf("seed %d: %d objects, git sends %d", seed, sent, least)
		}
	}
}
