package meta

import (
	"sync"
	"sync/atomic"
)

// memo keeps the answers of point reads that every request makes, as long as nothing at all has been committed since
// they were read. It exists only where this process is the only one that writes, which is SQLite under the data
// folder's lock: there the count of commits says exactly whether an answer still holds. On PostgreSQL other nodes
// write too, so nothing is kept.
//
// While a COMMIT is running nobody can tell whether others see it yet: a plain read may, and a kept answer read after it
// must not take the reader back to before. So no answer is given from the moment that a COMMIT begins until the count
// has grown.
//
// A missing row is kept like a found one: otherwise a name that does not exist would take longer to refuse than one
// that the caller may not know about.
type memo struct {
	commits atomic.Uint64 // grows by one before each COMMIT and by one after it: odd while one is running

	mu      sync.RWMutex // guards entries
	entries map[memoKey]memoEntry
}

// maxMemo is how many answers are kept. When there are more, all are forgotten: nobody can then keep out what others
// read often for longer than it takes to read it again.
const maxMemo = 16384

type memoKey struct{ what, a, b, c string }

type memoEntry struct {
	commits uint64
	answer  any
	err     error // a domain error such as RepoNotFound, which is an answer too
}

func newMemo() *memo { return &memo{entries: map[memoKey]memoEntry{}} }

// committing makes all answers stale. It is called before a COMMIT, by the one who commits, and committed follows.
func (m *memo) committing() {
	if m != nil {
		m.commits.Add(1)
	}
}

// committed is called after a COMMIT, however it ended, and before anybody hears of it.
func (m *memo) committed() {
	if m != nil {
		m.commits.Add(1)
	}
}

// remember returns the kept answer of key, or reads it. The answer is shared: nobody may change what it points to.
// Errors are kept only when lasting says that they are answers.
func remember[T any](m *memo, key memoKey, lasting func(error) bool, read func() (T, error)) (T, error) {
	if m == nil {
		return read()
	}
	// Counted before the read begins: a commit that overtakes the read makes the answer stale at once.
	now := m.commits.Load()
	if now&1 == 1 {
		return read()
	}
	m.mu.RLock()
	e, ok := m.entries[key]
	m.mu.RUnlock()
	if ok && e.commits == now {
		t, _ := e.answer.(T)
		return t, e.err
	}
	t, err := read()
	if err == nil || lasting(err) {
		m.mu.Lock()
		if len(m.entries) >= maxMemo {
			clear(m.entries)
		}
		m.entries[key] = memoEntry{now, t, err}
		m.mu.Unlock()
	}
	return t, err
}
