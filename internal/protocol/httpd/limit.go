package httpd

import (
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Quotas are the requests of one window by class of route; 0 is any number.
type Quotas struct {
	API       int // paths below /api/
	Resolvers int // files, git, LFS and chunk storage
	Pages     int // everything else
}

// Limits say how many requests a caller may make. A request with a token counts for the token and for its user, one with
// a session for the user, any other for its network: an IPv4 address, or 64 bits of an IPv6 address. The zero Limits let
// everything pass.
type Limits struct {
	Window   time.Duration // 5 minutes if zero
	Token    Quotas
	User     Quotas
	Address  Quotas
	Failures int              // refused credentials of one network; 0 is any number
	Entries  int              // callers that are remembered, 100,000 if zero
	Now      func() time.Time // time.Now if nil
}

// Unlimited makes a route one that never counts: health checks.
func Unlimited() Option { return func(r *route) { r.unlimited = true } }

// class is a group of routes with a quota of its own.
// Source: Hub documentation, "Rate limits".
type class uint8

const (
	classAPI class = iota
	classResolvers
	classPages
	classFailures   // of credentials; it has no routes
	classChallenges // of callers who made too many requests without a credential, and may be about to show one
)

var classNames = [...]string{"api", "resolvers", "pages", "failures", "challenges"}

func (c class) quota(q Quotas) int { return [...]int{q.API, q.Resolvers, q.Pages}[c] }

// classOf sorts a request. Chunk storage answers below /xet/.
func classOf(r *Request) class {
	path := r.URL.Path
	switch {
	case strings.HasPrefix(path, "/api/"):
		return classAPI
	case r.route != nil && r.route.mount == RepoWeb, strings.HasPrefix(path, "/xet/"):
		return classResolvers
	}
	return classPages
}

// caller is who is counted: a token, a user or a network, and the class of route.
type caller struct {
	class class
	kind  byte
	id    access.Key
	net   netip.Prefix
}

const (
	byToken byte = iota
	byUser
	byAddress
)

// window counts the requests of one caller since it began.
type window struct {
	began time.Time
	used  int
}

// standing is how a caller stands after a request.
type standing struct {
	class class
	quota int
	left  int           // requests in this window
	reset time.Duration // until the next window
	over  bool          // this request was one too many
}

const limitShards = 16

// limiter counts. It is bounded: beyond Entries callers, the one that was silent longest is forgotten, which only ever
// lets it make more requests.
type limiter struct {
	Limits
	seed   maphash.Seed
	shards [limitShards]struct {
		mu      sync.Mutex // guards windows
		windows *simplelru.LRU[caller, *window]
	}
}

// newLimiter returns nil when nothing is limited.
func newLimiter(l Limits) *limiter {
	if l.Token == (Quotas{}) && l.User == (Quotas{}) && l.Address == (Quotas{}) && l.Failures == 0 {
		return nil
	}
	if l.Window <= 0 {
		l.Window = 5 * time.Minute
	}
	if l.Entries <= 0 {
		l.Entries = 100_000
	}
	if l.Now == nil {
		l.Now = time.Now
	}
	m := &limiter{Limits: l, seed: maphash.MakeSeed()}
	for i := range m.shards {
		lru, err := simplelru.NewLRU[caller, *window](max(1, l.Entries/limitShards), nil)
		if err != nil {
			panic(err) // the size is positive
		}
		m.shards[i].windows = lru
	}
	return m
}

// take counts one request of c, unless its window is full.
func (m *limiter) take(c caller, quota int) standing {
	now := m.Now()
	s := &m.shards[maphash.Comparable(m.seed, c)%limitShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.windows.Get(c)
	if !ok || now.Sub(w.began) >= m.Window || now.Before(w.began) {
		w = &window{began: now}
		s.windows.Add(c, w)
	}
	st := standing{class: c.class, quota: quota, reset: m.Window - now.Sub(w.began)}
	if w.used >= quota {
		st.over = true
		return st
	}
	w.used++
	st.left = quota - w.used
	return st
}

// give takes one request of c back.
func (m *limiter) give(c caller) {
	s := &m.shards[maphash.Comparable(m.seed, c)%limitShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.windows.Get(c); ok && w.used > 0 {
		w.used--
	}
}

// network reduces an address to what one caller is taken to hold.
func network(ip netip.Addr) netip.Prefix {
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, err := ip.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address is known: all such callers are one
	}
	return p
}

// count counts a request of its subject, tells the caller how it stands, and returns TooManyRequests when it has made
// too many. A request that the token's quota refuses does not count for its user.
func (s *Server) count(w http.ResponseWriter, r *Request) error {
	m := s.limiter
	if m == nil || r.route != nil && r.route.unlimited {
		return nil
	}
	cl := classOf(r)
	var worst *standing
	try := func(who caller, quota int) bool {
		if quota == 0 {
			return true
		}
		who.class = cl
		st := m.take(who, quota)
		if worst == nil || st.over || st.left < worst.left {
			worst = &st
		}
		return !st.over
	}
	switch sub := r.Subject; {
	case sub == nil || sub.Kind() == access.KindAnonymous:
		try(caller{kind: byAddress, net: network(r.IP)}, cl.quota(m.Address))
	case !sub.HasToken() || try(caller{kind: byToken, id: sub.TokenKey()}, cl.quota(m.Token)):
		try(caller{kind: byUser, id: sub.ActorKey()}, cl.quota(m.User))
	}
	if worst == nil {
		return nil
	}
	if !worst.over {
		worst.tell(w.Header(), m.Window)
		return nil
	}
	over := func() error {
		worst.tell(w.Header(), m.Window)
		return tooMany("You have made too many requests: %d of the kind %s are allowed in %d seconds. Try again in %d seconds.",
			worst.quota, classNames[cl], seconds(m.Window), seconds(worst.reset))
	}
	if s.mayBeAsked(r) && !m.take(caller{class: classChallenges, kind: byAddress, net: network(r.IP)}, worst.quota).over {
		r.over = over
		return nil
	}
	return over()
}

// mayBeAsked tells whether a caller who has made too many requests without a credential may hold one all the same: git and git-lfs
// show theirs only when they were asked for it, so that the neighbours at an address would keep out whoever has one. Such a
// request is refused only after it was found to need none. As many of them are let through as downloads are.
func (s *Server) mayBeAsked(r *Request) bool {
	return r.route != nil && r.Subject != nil && r.Subject.Kind() == access.KindAnonymous && slices.Contains(r.route.style.Challenges, BasicChallenge)
}

// failed counts a refused credential for its network, and returns what the caller is told: err, or TooManyRequests when
// there were too many. Nobody's account is touched, and good credentials from the same network are not refused. A token that
// was once good is no guess: who goes on using one is counted among those who have none, and told what is wrong with it.
func (s *Server) failed(w http.ResponseWriter, r *Request, err error) error {
	if s.limiter == nil || !hub.Is(err, hub.InvalidCredentials) {
		return err
	}
	class, quota := classFailures, s.limiter.Failures
	if e, ok := errors.AsType[*hub.Error](err); ok && (e.Reason == access.ReasonTokenExpired || e.Reason == access.ReasonTokenRevoked) {
		class, quota = classAPI, s.limiter.Address.API
	}
	if quota == 0 {
		return err
	}
	st := s.limiter.take(caller{class: class, kind: byAddress, net: network(r.IP)}, quota)
	if !st.over {
		return err
	}
	st.tell(w.Header(), s.limiter.Window)
	return tooMany("Too many credentials that are not valid came from your address. Try again in %d seconds.", seconds(st.reset))
}

func tooMany(format string, args ...any) error {
	return &hub.Error{Code: hub.TooManyRequests, Reason: "rate.exceeded", Message: fmt.Sprintf(format, args...)}
}

// tell sets the headers that clients read.
// Source: huggingface_hub utils/_http.py, parse_ratelimit_headers: it sleeps t + 1 seconds when r is 0.
func (st *standing) tell(h http.Header, w time.Duration) {
	var buf [64]byte
	both := make([]string, 2)
	b := append(append(buf[:0], '"'), classNames[st.class]...)
	b = strconv.AppendInt(append(b, `";r=`...), int64(st.left), 10)
	b = strconv.AppendInt(append(b, `;t=`...), int64(seconds(st.reset)), 10)
	both[0] = string(b)
	b = append(append(buf[:0], `"fixed window";"`...), classNames[st.class]...)
	b = strconv.AppendInt(append(b, `";q=`...), int64(st.quota), 10)
	b = strconv.AppendInt(append(b, `;w=`...), int64(seconds(w)), 10)
	both[1] = string(b)
	h["Ratelimit"], h["Ratelimit-Policy"] = both[:1:1], both[1:] // as Set would; each answer has them
	if st.over {
		h.Set("Retry-After", strconv.Itoa(seconds(st.reset)))
	}
}

// seconds rounds up, so that who waits as long has waited long enough.
func seconds(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) }
