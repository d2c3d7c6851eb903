package fault

import (
	"syscall"
	"testing"
)

// The server is killed after each step of each deed, on one folder after the other, and the folder is looked at after
// each kill and used again.
func TestKilledAfterEveryStep(t *testing.T) {
	for _, d := range deeds {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t)
			var all []*done
			kill := func(step int64) int64 {
				t.Helper()
				tr := h.serveTraced()
				before := tr.seen.Load()
				if step > 0 {
					tr.at.Store(before + step)
				}
				r := d.try(tr.server, len(all))
				all = append(all, r)
				taken := tr.seen.Load() - before
				if r.refused != 0 {
					t.Errorf("step %d: refused with %d\n%s", step, r.refused, &tr.log)
				}
				if step == 0 && !r.committed {
					t.Errorf("not acknowledged by a server that nobody killed\n%s", &tr.log)
				}
				tr.stop(syscall.SIGKILL)
				h.check(all)
				return taken
			}
			atEachPlace(t, kill)
		})
	}
}

// atEachPlace runs a deed once undisturbed, which tells how many steps it takes, and then once for each step at which it is
// to be killed.
func atEachPlace(t *testing.T, kill func(step int64) (taken int64)) {
	t.Helper()
	total := kill(0)
	if total == 0 {
		t.Fatal("no step was seen: may strace trace here?")
	}
	t.Logf("%d steps", total)
	for _, step := range places(total) {
		kill(step)
	}
}

// places chooses the steps at which the run breaks.
func places(total int64) []int64 {
	var out []int64
	for n := int64(1); n <= total; n++ {
		if full || n == 1 || n == total/2 || n == total-1 || n == total {
			out = append(out, n)
		}
	}
	return out
}
