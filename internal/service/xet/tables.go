package xet

import (
	"container/list"
	"sync"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
)

// tableCache keeps the chunk tables that were used last. It is safe for concurrent use.
type tableCache struct {
	mu    sync.Mutex // guards the rest
	limit int64      // bytes
	size  int64
	order *list.List // of *cachedTable, the last used in front
	byKey map[xethash.Hash]*list.Element
}

type cachedTable struct {
	key   xethash.Hash
	table xorb.Table
}

func newTableCache(limit int64) *tableCache {
	return &tableCache{limit: limit, order: list.New(), byKey: map[xethash.Hash]*list.Element{}}
}

// sizeOf is the memory of a cached table in bytes, with what goes around it.
func sizeOf(t xorb.Table) int64 { return 40*int64(len(t)) + 200 }

func (c *tableCache) get(h xethash.Hash) (xorb.Table, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[h]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cachedTable).table, true
}

func (c *tableCache) put(h xethash.Hash, t xorb.Table) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byKey[h]; ok {
		return
	}
	c.byKey[h] = c.order.PushFront(&cachedTable{h, t})
	for c.size += sizeOf(t); c.size > c.limit && c.order.Len() > 1; {
		c.remove(c.order.Back())
	}
}

// drop forgets a table whose xorb is stored anew or removed.
func (c *tableCache) drop(h xethash.Hash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byKey[h]; ok {
		c.remove(e)
	}
}

func (c *tableCache) remove(e *list.Element) {
	t := c.order.Remove(e).(*cachedTable)
	delete(c.byKey, t.key)
	c.size -= sizeOf(t.table)
}
