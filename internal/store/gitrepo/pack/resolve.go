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

// resolver finds out what deltas make. Deltas are grouped by their base, so that each base is read once.
type resolver struct {
	x     *indexer
	byPos []int32 // of deltas whose base is an entry, sorted by that
	byOID []int32 // of deltas whose base is named, sorted by that

	mu       sync.Mutex // guards byOID of the builder, entries that are written there, and the fields below
	done     int
	inflated int64
	err      error
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
	defer src.Close()
	x.src = src
	r := &resolver{x: x, inflated: x.inflated}
	for i := range x.deltas {
		if x.deltas[i].base >= 0 {
			r.byPos = append(r.byPos, int32(i))
		} else {
			r.byOID = append(r.byOID, int32(i))
		}
	}
	slices.SortStableFunc(r.byPos, func(a, b int32) int { return cmp.Compare(x.deltas[a].base, x.deltas[b].base) })
	slices.SortStableFunc(r.byOID, func(a, b int32) int { return bytes.Compare(x.deltas[a].oid[:], x.deltas[b].oid[:]) })

	isDelta := make(map[int]bool, len(x.deltas))
	for i := range x.deltas {
		isDelta[x.deltas[i].entry] = true
	}
	var roots []int
	for i := range x.b.entries {
		if !isDelta[i] && r.hasChildren(i) {
			roots = append(roots, i)
		}
	}
	if err := r.run(roots); err != nil {
		return err
	}
	return r.external()
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
					r.fail(w.tree(i))
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
	for i := 0; i < len(r.byOID); {
		d := x.deltas[r.byOID[i]]
		j := i
		for j < len(r.byOID) && x.deltas[r.byOID[j]].oid == d.oid {
			j++
		}
		if _, known := x.b.byOID[d.oid]; !known {
			kind, data, ok, err := x.in.Base(d.oid)
			if err != nil {
				return err
			}
			if ok {
				if err := x.addBase(d.oid, kind, data); err != nil {
					return err
				}
				w := worker{resolver: r}
				if err := w.tree(len(x.b.entries) - 1); err != nil {
					return err
				}
			}
		}
		i = j
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
	if _, err := x.b.packed.write(&x.b.spool, kind, data); err != nil {
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

// children returns the deltas that are based on an entry.
func (r *resolver) children(i int) []int32 {
	ds := r.x.deltas
	lo := sort.Search(len(r.byPos), func(k int) bool { return ds[r.byPos[k]].base >= i })
	hi := lo
	for hi < len(r.byPos) && ds[r.byPos[hi]].base == i {
		hi++
	}
	near := r.byPos[lo:hi:hi]
	if len(r.byOID) == 0 {
		return near
	}
	oid := r.x.b.entries[i].oid
	lo = sort.Search(len(r.byOID), func(k int) bool { return bytes.Compare(ds[r.byOID[k]].oid[:], oid[:]) >= 0 })
	hi = lo
	for hi < len(r.byOID) && ds[r.byOID[hi]].oid == oid {
		hi++
	}
	return append(near, r.byOID[lo:hi]...)
}

func (r *resolver) hasChildren(i int) bool { return len(r.children(i)) > 0 }

// finish computes the sums of all entries.
func (x *indexer) finish() error {
	src, err := x.b.spool.source()
	if err != nil {
		return err
	}
	es := x.b.entries
	for i := range es {
		end := src.Size()
		if i+1 < len(es) {
			end = es[i+1].offset
		}
		sum := crc32.NewIEEE()
		if _, err := io.Copy(sum, src.Reader(es[i].offset, end-es[i].offset)); err != nil {
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
