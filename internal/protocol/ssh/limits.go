package ssh

import (
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/ambit-hub/ambit/internal/hub"
)

// maxRemembered is how many networks with failed sign-ins are remembered; the one that was silent longest is forgotten.
const maxRemembered = 20_000

// limits count the connections of networks and of people, and sign-ins that failed.
type limits struct {
	cfg Config

	mu     sync.Mutex // guards all below; held only briefly
	nets   map[netip.Prefix]int
	users  map[hub.ID]int
	failed *simplelru.LRU[netip.Prefix, *failures]
}

// failures are those of one network since a time.
type failures struct {
	since time.Time
	n     int
}

func newLimits(cfg Config) *limits {
	failed, err := simplelru.NewLRU[netip.Prefix, *failures](maxRemembered, nil)
	if err != nil {
		panic(err) // the size is positive
	}
	return &limits{cfg: cfg, nets: map[netip.Prefix]int{}, users: map[hub.ID]int{}, failed: failed}
}

// networkOf is what counts as one stranger: an IPv4 address, or 64 bits of an IPv6 address, as over HTTP.
func networkOf(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// connect counts a connection of a network until the returned function is called; ok is false when it has too many.
func (l *limits) connect(n netip.Prefix) (leave func(), ok bool) {
	return take(l, l.nets, n, l.cfg.MaxPerAddress)
}

// signIn counts a connection of somebody until the returned function is called; ok is false when he has too many.
func (l *limits) signIn(user hub.ID) (leave func(), ok bool) {
	return take(l, l.users, user, l.cfg.MaxPerUser)
}

func take[K comparable](l *limits, of map[K]int, k K, most int) (leave func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if of[k] >= most {
		return nil, false
	}
	of[k]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if of[k]--; of[k] == 0 {
			delete(of, k)
		}
	}, true
}

// fail counts a sign-in that failed.
func (l *limits) fail(n netip.Prefix) {
	if l.cfg.Failures == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.failed.Get(n)
	if !ok || time.Since(f.since) >= l.cfg.FailureWindow {
		f = &failures{since: time.Now()}
		l.failed.Add(n, f)
	}
	f.n++
}

// tooMany tells whether a network has failed so often that it is let in with a known key only.
func (l *limits) tooMany(n netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.failed.Get(n)
	return ok && l.cfg.Failures > 0 && f.n >= l.cfg.Failures && time.Since(f.since) < l.cfg.FailureWindow
}
