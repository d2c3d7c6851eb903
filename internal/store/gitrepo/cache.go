package gitrepo

import (
	"container/list"
	"sync"

	"github.com/ambit-hub/ambit/internal/hub"
)

// cache keeps parsed trees and commits up to a number of bytes and drops those unused for longest. An object's
// id says what it is for ever, so nothing in it can become stale. The repository is part of the key: a cached
// object is no proof that another repository has it too.
//
// The libraries for this weigh by samples or count entries; a hundred lines of container/list bound bytes exactly.
type cache struct {
	mu    sync.Mutex // guards all fields; held only briefly
	limit int64
	size  int64
	items map[cacheKey]*list.Element
	order *list.List // of *cacheItem, most recently used first
}

type cacheKey struct {
	repo hub.ID
	oid  hub.OID
}

type cacheItem struct {
	key    cacheKey
	value  any
	weight int64
}

// itemOverhead is what an entry costs besides its value: list element, map slot, item.
const itemOverhead = 200

func newCache(limit int64) *cache {
	return &cache{limit: limit, items: map[cacheKey]*list.Element{}, order: list.New()}
}

func (c *cache) get(key cacheKey) (any, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[key]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cacheItem).value, true
}

// replace is put for a value that takes the place of an older one.
func (c *cache) replace(key cacheKey, value any, weight int64) {
	c.mu.Lock()
	if e, ok := c.items[key]; ok {
		item := c.order.Remove(e).(*cacheItem)
		delete(c.items, key)
		c.size -= item.weight
	}
	c.mu.Unlock()
	c.put(key, value, weight)
}

// put keeps a value. One that would take more than half of the cache is not kept.
func (c *cache) put(key cacheKey, value any, weight int64) {
	weight += itemOverhead
	if weight > c.limit/2 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.items[key]; ok {
		return
	}
	c.items[key] = c.order.PushFront(&cacheItem{key: key, value: value, weight: weight})
	c.size += weight
	for c.size > c.limit {
		last := c.order.Back()
		item := c.order.Remove(last).(*cacheItem)
		delete(c.items, item.key)
		c.size -= item.weight
	}
}
