package twin

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}

// full tells whether the long proofs run.
func full() bool { return os.Getenv("AMBIT_FULL") != "" }

// TestWorldsThatDifferInTheUnseenAnswerAlike is the theorem of noninterference as a test.
func TestWorldsThatDifferInTheUnseenAnswerAlike(t *testing.T) {
	each := 160
	if full() {
		each = 4_000 // over 100,000 in all
	}
	var w *world
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) { w = build(t, dir) })
	asked, good := map[string]int{}, map[string]int{}
	for _, c := range w.callers {
		t.Run(c.name, func(t *testing.T) {
			if extra := os.Getenv("AMBIT_TWIN_REQUESTS"); extra != "" {
				fmt.Sscan(extra, &each)
			}
			for _, x := range compare(t, w, c, each) {
				asked[x.route]++
				if x.status < 400 {
					good[x.route]++
				}
			}
		})
	}
	n, never := 0, []string{}
	for route, k := range asked {
		n += k
		if good[route] == 0 {
			never = append(never, route)
		}
	}
	t.Logf("%d requests, each to two worlds, over %d routes; never answered well: %q", n, len(asked), sorted(never))
}

// TestTheTwinTestHasEyes erases what the caller does see: a test that finds nothing then finds nothing ever. All of it,
// because which single repository a few requests happen to ask for changes with every route that the hub learns.
func TestTheTwinTestHasEyes(t *testing.T) {
	var w *world
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) { w = build(t, dir) })
	i := slices.IndexFunc(w.callers, func(c caller) bool { return c.name == "carol.read" })
	log := record(t, w, w.callers[i], 200)
	log.hidden = append(log.hidden, log.seen...)
	if len(replay(t, w, log)) == 0 {
		t.Error("a world without the repositories in sight answers like the world with it")
	}
}

// later is when requests begin: every bubble starts at the same instant, so the world was built on the first day.
const later = 48 * time.Hour

// aside keeps requests apart from background work, whose timers ring at whole milliseconds: at one and the same instant
// both would take from the random numbers in any order.
const aside = 333 * time.Microsecond

// exchange is a request and what the first world answered.
type exchange struct {
	request
	status int
	answer []byte
}

// journal is what a caller did in the world.
type journal struct {
	who          caller
	seen, hidden []repo
	lines        []exchange
}

// compare replays one log in the world and in its twin, and returns it.
func compare(t *testing.T, w *world, c caller, n int) []exchange {
	log := record(t, w, c, n)
	for _, d := range replay(t, w, log) {
		t.Error(d)
	}
	return log.lines
}

// record makes requests to the world.
func record(t *testing.T, w *world, c caller, n int) (log journal) {
	dir := filepath.Join(t.TempDir(), "world")
	w.copyTo(t, dir)
	statuses := map[int]int{}
	synctest.Test(t, func(t *testing.T) {
		sleep(later)
		node := open(t, dir)
		defer node.close()
		seen, creates := look(t, node, w, c)
		log.who, log.seen = c, seen
		log.hidden = pick(w.repos, func(r repo) bool { return !slices.ContainsFunc(seen, func(s repo) bool { return s.row == r.row }) })
		g := &grammar{Rand: rand.New(rand.NewPCG(seedOf(c.name), 1)), w: w, who: c, seen: seen, hidden: log.hidden, creates: creates}
		routes := node.routes()
		g.Shuffle(len(routes), func(i, j int) { routes[i], routes[j] = routes[j], routes[i] }) // few requests go everywhere too
		for i := range n {
			route := routes[i%len(routes)]
			if i < 8 { // a few connections to the store of chunks first
				route = "GET /api/{type}s/{repo}/xet-" + []string{"read", "write"}[i%2] + "-token/{rev}"
			}
			q := g.next(route)
			level(t, i)
			r := node.do(q)
			g.hear(r)
			log.lines = append(log.lines, exchange{q, r.status, r.bytes()})
			statuses[r.status]++
			sleep(time.Second)
		}
	})
	t.Logf("%d of %d repositories hidden; statuses %v", len(log.hidden), len(w.repos), statuses)
	return log
}

// replay sends the same requests to a world without what was hidden, and returns the differences, a few at most.
func replay(t *testing.T, w *world, log journal) (differences []string) {
	dir := filepath.Join(t.TempDir(), "twin")
	w.copyTo(t, dir)
	erase(t, dir, log.who, log.hidden)
	synctest.Test(t, func(t *testing.T) {
		sleep(later)
		node := open(t, dir)
		defer node.close()
		look(t, node, w, log.who) // the same requests as in the first world
		for i, x := range log.lines {
			level(t, i)
			if a, b := x.answer, node.do(x.request).bytes(); !bytes.Equal(a, b) {
				differences = append(differences, fmt.Sprintf("request %d tells two worlds apart:\n%s\n--- with what %s cannot see\n%s\n--- without it\n%s",
					i, x.request, log.who.name, around(a, b), around(b, a)))
				if len(differences) == 3 {
					return // what follows may be consequences
				}
			}
			sleep(time.Second)
		}
	})
	return differences
}

// level makes what a request takes from the process the same in both worlds: random bytes, and the counter in ids.
func level(t *testing.T, i int) {
	for want := uint16(i * 128); counter() != want; {
	}
	cryptotest.SetGlobalRandom(t, uint64(i))
}

func counter() uint16 {
	b, _ := hex.DecodeString(string(hub.NewID()))
	return binary.BigEndian.Uint16(b[6:8])
}

// look finds out what a caller sees and where he may create.
func look(t *testing.T, n *node, w *world, c caller) (seen []repo, creates map[string]bool) {
	sleep(aside)
	if r := n.do(request{method: "GET", target: "/api/whoami-v2", header: c.header}); len(c.header) > 0 && c.name != "bad" && r.status != 200 {
		t.Errorf("the credential does not work: %s", r.bytes())
	}
	seen, creates = seenBy(n, w, c), createsIn(t, n, w, c)
	sleep(time.Second)
	return seen, creates
}

// seenBy asks the hub which repositories a caller may view.
func seenBy(n *node, w *world, c caller) []repo {
	return pick(w.repos, func(r repo) bool {
		sleep(time.Second)
		return n.do(request{method: "GET", target: r.APIPath(), header: c.header}).status == 200
	})
}

// createsIn finds out where a caller may create, by doing so.
func createsIn(t *testing.T, n *node, w *world, c caller) map[string]bool {
	out := map[string]bool{}
	for i, ns := range w.people {
		sleep(time.Second)
		level(t, i)
		q := request{method: "POST", target: "/api/repos/create", header: c.header.Clone(), body: fmt.Appendf(nil, `{"type":"model","organization":%q,"name":"new0"}`, ns)}
		q.header.Set("Content-Type", asJSON)
		out[ns] = n.do(q).status == 200
	}
	return out
}

func seedOf(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

// TestGrammarKnowsEveryRoute fails when the program has a route that the grammar cannot make requests for.
func TestGrammarKnowsEveryRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := open(t, t.TempDir())
		defer n.close()
		known := map[string]bool{}
		for _, route := range n.routes() {
			known[route] = true
			method, pattern, _ := strings.Cut(route, " ")
			if _, ok := bodies[route]; !ok && method != "GET" && method != "HEAD" {
				t.Errorf("bodies has nothing for %s", route)
			}
			for _, v := range variable.FindAllString(pattern, -1) {
				name := strings.Trim(v, "{}.")
				if values[name] == nil && name != "repo" && name != "type" {
					t.Errorf("values has nothing for %s of %s", v, route)
				}
			}
		}
		for route := range bodies {
			if !known[route] {
				t.Errorf("bodies has %s, which the program has not", route)
			}
		}
	})
}

// around shows status and first lines of an answer and the part of it where it departs from another.
func around(a, b []byte) string {
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	status, _, _ := bytes.Cut(a, []byte("\n"))
	return fmt.Sprintf("%s ... %q", status, a[max(0, at-200):min(len(a), at+300)])
}
