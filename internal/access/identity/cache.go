package identity

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	snapshotTTL = 60 * time.Second // a belt: changes drop snapshots at once
	negativeTTL = 10 * time.Second
	maxNegative = 10_000
	shardCount  = 16
	keptChanges = 1024
)

// digest is the key of the cache: the HMAC of a credential under the newest key. Digests of tokens and of
// sessions are made under different keys, so they never meet.
type digest [32]byte

// entry is a cached answer. Only touched changes after it was made.
type entry struct {
	subject *access.Subject
	until   int64        // Unix nanoseconds
	touched atomic.Int64 // minute since 1970 in which the last use was noted
}

type shard struct {
	mu      sync.RWMutex // guards entries; taken after cache.mu where both are needed
	entries map[digest]*entry
}

// cache keeps subject snapshots by credential digest. A change drops what it concerns before the changing
// call returns; a fill that read before a change and finishes after it does not install (see begin, install).
type cache struct {
	max    int
	shards [shardCount]shard

	mu       sync.Mutex // guards the fields below
	index    map[hub.Change]map[digest]struct{}
	keys     map[digest][]hub.Change // the index entries of each cached snapshot
	negative map[digest]int64        // unknown credentials, until when
	seq      uint64                  // number of changes seen
	recent   [keptChanges]hub.Change // change number n is at n % keptChanges
	lastAuth uint64                  // number of the last change of a user or token: may make a credential known
}

func newCache(max int) *cache {
	c := &cache{max: max, index: map[hub.Change]map[digest]struct{}{}, keys: map[digest][]hub.Change{}, negative: map[digest]int64{}}
	for i := range c.shards {
		c.shards[i].entries = map[digest]*entry{}
	}
	return c
}

func (c *cache) shard(k digest) *shard { return &c.shards[k[0]%shardCount] }

// get returns the snapshot for k, nil if there is none that still counts. It allocates nothing.
func (c *cache) get(k digest, now int64) *entry {
	s := c.shard(k)
	s.mu.RLock()
	e := s.entries[k]
	s.mu.RUnlock()
	if e == nil || now >= e.until {
		return nil
	}
	return e
}

// isNegative tells whether k was lately found to be unknown.
func (c *cache) isNegative(k digest, now int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	until, ok := c.negative[k]
	return ok && now < until
}

// begin must be called before the store is read for a fill; install takes what it returns.
func (c *cache) begin() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seq
}

// install keeps e under k unless a change that concerns it came after the fill began. The subject is good for
// the request that filled it either way: that request began before the change was answered.
func (c *cache) install(k digest, e *entry, began uint64) bool {
	concerns := changesThatConcern(e.subject)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seq-began >= keptChanges {
		return false // too many changes to tell
	}
	for n := began; n < c.seq; n++ {
		for _, ch := range concerns {
			if c.recent[n%keptChanges] == ch {
				return false
			}
		}
	}
	c.remove(k)
	for len(c.keys) >= c.max {
		for victim := range c.keys { // any: map order is random enough
			c.remove(victim)
			break
		}
	}
	c.keys[k] = concerns
	for _, ch := range concerns {
		set := c.index[ch]
		if set == nil {
			set = map[digest]struct{}{}
			c.index[ch] = set
		}
		set[k] = struct{}{}
	}
	s := c.shard(k)
	s.mu.Lock()
	s.entries[k] = e
	s.mu.Unlock()
	return true
}

// installNegative remembers that k is unknown, unless a user or token changed since the fill began.
func (c *cache) installNegative(k digest, until int64, began uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lastAuth > began {
		return false
	}
	if len(c.negative) >= maxNegative {
		clear(c.negative)
	}
	c.negative[k] = until
	return true
}

// drop forgets everything that the changes concern. It is the store's OnChange listener.
func (c *cache) drop(changes []hub.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ch := range changes {
		c.recent[c.seq%keptChanges] = ch
		c.seq++
		if ch.Kind == hub.ChangeUser || ch.Kind == hub.ChangeToken {
			c.lastAuth = c.seq
			clear(c.negative)
		}
		for k := range c.index[ch] {
			c.remove(k)
		}
	}
}

// remove forgets the snapshot under k. c.mu is held.
func (c *cache) remove(k digest) {
	for _, ch := range c.keys[k] {
		if set := c.index[ch]; set != nil {
			delete(set, k)
			if len(set) == 0 {
				delete(c.index, ch)
			}
		}
	}
	delete(c.keys, k)
	s := c.shard(k)
	s.mu.Lock()
	delete(s.entries, k)
	s.mu.Unlock()
}

// changesThatConcern lists the changes that make a snapshot stale: of its user or service account, its token, the organizations
// of its memberships, and whatever its scopes name, because their owners and names are in it.
func changesThatConcern(s *access.Subject) []hub.Change {
	f := s.Facts()
	out := []hub.Change{{Kind: hub.ChangeUser, ID: s.ActorID()}}
	for _, m := range f.Memberships {
		out = append(out, hub.Change{Kind: hub.ChangeOrg, ID: m.OrgID})
	}
	if f.Token == nil {
		return out
	}
	out = append(out, hub.Change{Kind: hub.ChangeToken, ID: f.Token.ID})
	for _, sc := range f.Token.Scopes {
		switch sc.EntityType {
		case hub.EntityOrg:
			out = append(out, hub.Change{Kind: hub.ChangeOrg, ID: sc.EntityID})
		case hub.EntityModel, hub.EntityDataset, hub.EntitySpace:
			out = append(out, hub.Change{Kind: hub.ChangeRepo, ID: sc.EntityID})
		}
	}
	return out
}
