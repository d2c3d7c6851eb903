package identity

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	snapshotTTL = 60 * time.Second // a belt: changes make snapshots stale at once
	negativeTTL = 10 * time.Second
	maxNegative = 10_000
	shardCount  = 16
	stampCount  = 1 << 16
)

// digest is the key of the cache: the HMAC of a credential under the newest key. Digests of tokens and of
// sessions are made under different keys, so they never meet.
type digest [32]byte

// entry is a cached answer: one block of memory, what the subject points to apart. Only the atomic fields change after it
// was installed. What a lookup reads stands before the subject, of which a decision then reads the beginning.
type entry struct {
	until   uint32        // seconds since 1970
	touched atomic.Uint32 // minute since 1970 in which the last use was noted
	fresh   atomic.Uint64 // number of the newest change that the facts are known to include
	subject access.Subject
}

// endsBy lets the entry count no longer than until t.
func (e *entry) endsBy(t time.Time) {
	if sec := t.Unix(); sec < int64(e.until) {
		e.until = uint32(max(sec, 0))
	}
}

// place is where in a shard an entry is: half of its digest, which nobody finds another credential for who does not know
// the key. Source: RFC 4868 truncates HMAC-SHA-256 alike.
type place [16]byte

type shard struct {
	mu      sync.RWMutex // guards entries
	entries map[place]*entry
}

// cache keeps subject snapshots by credential digest. There is no index from changes to what they concern: a change
// leaves its number in the stamp of what it is about, and a snapshot is not used when a stamp of what it was made of is
// newer than its facts. So a change counts from the moment it is stamped, before the changing call returns; and a
// fill that read before a change and finishes after it is not used either. Two things that share a stamp cost a fill.
type cache struct {
	max    int // entries of a shard
	shards [shardCount]shard
	stamps [stampCount]atomic.Uint64 // number of the last change of things
	seq    atomic.Uint64             // number of the last change whose stamp is set

	mu       sync.Mutex       // guards the fields below, and the order in which stamps are set
	negative map[digest]int64 // unknown credentials, until when
	lastAuth uint64           // number of the last change of a user or token: may make a credential known
}

// newCache makes a cache for max snapshots, and a few more where max is no multiple of the shards.
func newCache(max int) *cache {
	c := &cache{max: (max + shardCount - 1) / shardCount, negative: map[digest]int64{}}
	for i := range c.shards {
		c.shards[i].entries = map[place]*entry{}
	}
	return c
}

func (c *cache) place(k *digest) (*shard, place) {
	return &c.shards[k[0]%shardCount], place(k[1:])
}

func (c *cache) stamp(concern uint64) *atomic.Uint64 { return &c.stamps[concern>>48] }

// get returns the snapshot for k, nil if there is none that still counts. It allocates nothing.
func (c *cache) get(k *digest, now time.Time) *entry {
	s, at := c.place(k)
	s.mu.RLock()
	e := s.entries[at]
	s.mu.RUnlock()
	if e == nil || now.Unix() >= int64(e.until) || !c.counts(e) {
		return nil
	}
	return e
}

// counts tells whether nothing that concerns e changed after its facts were read.
func (c *cache) counts(e *entry) bool {
	seq, fresh := c.seq.Load(), e.fresh.Load() // in this order with the stamps: see drop
	if seq == fresh {
		return true
	}
	for concern := range e.subject.Concerns {
		if c.stamp(concern).Load() > fresh {
			return false
		}
	}
	e.fresh.Store(seq)
	return true
}

// isNegative tells whether k was lately found to be unknown.
func (c *cache) isNegative(k *digest, now int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	until, ok := c.negative[*k]
	return ok && now < until
}

// begin must be called before the store is read for a fill; install takes what it returns.
func (c *cache) begin() uint64 { return c.seq.Load() }

// install keeps e under k unless a change that concerns it came after the fill began. The subject is good for
// the request that filled it either way: that request began before the change was answered.
func (c *cache) install(k *digest, e *entry, began uint64) {
	if e.fresh.Store(began); !c.counts(e) {
		return
	}
	s, at := c.place(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.entries[at]; !ok && len(s.entries) >= c.max {
		for victim := range s.entries { // any: map order is random enough
			delete(s.entries, victim)
			break
		}
	}
	s.entries[at] = e
}

// installNegative remembers that k is unknown, unless a user or token changed since the fill began.
func (c *cache) installNegative(k *digest, until int64, began uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lastAuth > began {
		return
	}
	if len(c.negative) >= maxNegative {
		clear(c.negative)
	}
	c.negative[*k] = until
}

// drop makes everything stale that the changes concern. It is the store's OnChange listener. Stamps are set before the
// number is: who sees the number sees the stamps.
func (c *cache) drop(changes []hub.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seq := c.seq.Load()
	for _, ch := range changes {
		seq++
		c.stamp(access.Concern(ch)).Store(seq)
		if ch.Kind == hub.ChangeUser || ch.Kind == hub.ChangeToken {
			c.lastAuth = seq
			clear(c.negative)
		}
	}
	c.seq.Store(seq)
}
