package pack

import (
	"bytes"
	"cmp"
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// heldBytes is how many bytes of bases one worker keeps in memory while it resolves what is based on them; what is
// dropped beyond is made again when it is needed.
const heldBytes = 64 << 20

// at returns the entry that begins at an offset.
func (x *indexer) at(off int64) (int, bool) {
	es := x.b.entries
	i := sort.Search(len(es), func(i int) bool { return es[i].offset >= off })
	return i, i < len(es) && es[i].offset == off
}

// resolver finds out what deltas make.
type resolver struct {
	x *indexer
	// first are by number of entry the first of the deltas on it, or noDelta; each of them has the next one. Whoever finds out what
	// an entry is adds those that name it, and nobody else touches what belongs to that entry.
	first    []int32
	inflated atomic.Int64

	mu   sync.Mutex // guards byOID of the builder and the fields below
	done int
	err  error
}

// resolve makes all deltas known: first those on objects of the pack, then those on objects of the repository.
func (x *indexer) resolve() error {
	if len(x.deltas) == 0 {
		return nil
	}
	src, err := x.b.spool.source()
	if err != nil {
		return err
	}
	x.src = src
	defer func() { x.src.Close() }() // a memory map, perhaps another one than now
	r := &resolver{x: x, first: make([]int32, len(x.b.entries))}
	r.inflated.Store(x.inflated)
	for i := range r.first {
		r.first[i] = noDelta
	}
	for i := len(x.deltas) - 1; i >= 0; i-- {
		if d := &x.deltas[i]; d.base != noEntry {
			d.next, r.first[d.base] = r.first[d.base], int32(i)
		}
	}
	slices.SortFunc(x.named, func(a, b named) int {
		return cmp.Or(bytes.Compare(a.base[:], b.base[:]), cmp.Compare(b.delta, a.delta))
	})
	var roots []int
	for i := range x.b.entries {
		if !x.b.entries[i].kind.IsObject() {
			continue
		}
		if r.link(i); r.first[i] != noDelta {
			roots = append(roots, i)
		}
	}
	if err := r.run(roots); err != nil {
		return err
	}
	return r.external()
}

// link adds to the deltas on an entry, now that its id is known, those that name it.
func (r *resolver) link(i int) {
	if len(r.x.named) == 0 {
		return
	}
	oid := r.x.b.entries[i].oid
	lo, _ := slices.BinarySearchFunc(r.x.named, oid, func(n named, oid hub.OID) int { return bytes.Compare(n.base[:], oid[:]) })
	for _, n := range r.x.named[lo:] {
		if n.base != oid {
			return
		}
		r.x.deltas[n.delta].next, r.first[i] = r.first[i], n.delta
	}
}

// run resolves everything that is based on the given entries.
func (r *resolver) run(roots []int) error {
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(roots)) {
		wg.Go(func() {
			w := worker{resolver: r}
			for i := range next {
				if !r.failed() {
					r.fail(guard.Call(func() error { return w.tree(i) })) // packs are foreign bytes
				}
			}
		})
	}
	for _, i := range roots {
		next <- i
	}
	close(next)
	wg.Wait()
	return r.err
}

func (r *resolver) failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err != nil
}

func (r *resolver) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = cmp.Or(r.err, err)
}

// external resolves deltas whose bases only the repository has, as those bases are added to the pack.
func (r *resolver) external() error {
	x := r.x
	for i, n := range x.named {
		if i > 0 && n.base == x.named[i-1].base {
			continue
		}
		if _, known := x.b.byOID[n.base]; known {
			continue
		}
		kind, data, ok, err := x.in.Base(n.base)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := x.addBase(n.base, kind, data); err != nil {
			return err
		}
		r.first = append(r.first, noDelta)
		at := len(x.b.entries) - 1
		r.link(at)
		w := worker{resolver: r}
		if err := w.tree(at); err != nil {
			return err
		}
	}
	if r.done != len(x.deltas) {
		return malformed("a delta's base is neither in it nor in the repository")
	}
	return nil
}

func (x *indexer) addBase(oid hub.OID, kind object.Kind, data []byte) error {
	e := entry{oid: oid, offset: x.b.spool.size, size: int64(len(data)), kind: kind}
	if err := x.look(&e, data); err != nil {
		return err
	}
	var err error
	if e.crc, err = x.b.packed.write(&x.b.spool, kind, data); err != nil {
		return err
	}
	x.bases = append(x.bases, oid)
	x.b.hold(e)
	// What was mapped does not have the new bytes.
	src, err := x.b.spool.source()
	if err != nil {
		return err
	}
	err = x.src.Close()
	x.src = src
	return err
}

// finish computes the sums of the entries that were not summed up when they arrived.
func (x *indexer) finish() error {
	if len(x.unsummed) == 0 {
		return nil
	}
	src, err := x.b.spool.source()
	if err != nil {
		return err
	}
	es := x.b.entries
	for _, i := range x.unsummed {
		end := src.Size()
		if int(i)+1 < len(es) {
			end = es[i+1].offset
		}
		sum := crc32.NewIEEE()
		if _, err := io.Copy(io.MultiWriter(sum, &x.pace), src.Reader(es[i].offset, end-es[i].offset)); err != nil {
			return errors.Join(err, src.Close())
		}
		es[i].crc = sum.Sum32()
	}
	return src.Close()
}

// source returns what was written so far, to be read any number of times at once. Writing on does not change it.
func (s *spool) source() (Source, error) {
	if s.f == nil {
		return Memory(s.mem), nil
	}
	if err := s.w.Flush(); err != nil {
		return nil, diskError(err)
	}
	data, err := mapFile(s.f, s.size)
	if err != nil {
		return nil, err
	}
	return &memory{data: data, mapped: true}, nil
}
