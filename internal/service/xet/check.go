package xet

import (
	"context"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
)

// checker compares a shard with what is stored.
type checker struct {
	svc    *Service
	scope  scope
	held   map[xethash.Hash]bool // xorbs that may be referred to: true for those that the domain holds
	cover  *cover                // of the repository, for proposals
	chunks int64                 // named so far
}

// unproven is the error for a term whose xorb is not there for the caller and for one without a valid proof: which of the
// two it is, is not told, or the answer would say what others store.
func unproven(f xethash.Hash) error {
	return hub.Errorf(hub.InvalidInput, "The file %s refers to chunks that were not uploaded.", f)
}

// table returns the table of a xorb that files of this upload may refer to, and whether to all of it; NotFound.
func (k *checker) table(ctx context.Context, h xethash.Hash) (t xorb.Table, whole bool, err error) {
	own, seen := k.held[h]
	if !seen {
		_, err := k.svc.meta.XetXorbOf(ctx, k.scope.domain, h)
		own = err == nil
		if hub.Is(err, hub.NotFound) && k.scope.proposal {
			var runs []run
			if runs, err = k.cover.of(ctx, h); err == nil && len(runs) == 0 {
				err = noXorb()
			}
		}
		if err != nil {
			return nil, false, err
		}
		k.held[h] = own
	}
	if t, err = k.svc.soundTable(ctx, h); err == nil && t == nil {
		err = noXorb()
	}
	return t, own, err
}

func noXorb() error { return hub.Errorf(hub.NotFound, "There is no such xorb.") }

// may tells whether a file of this upload may refer to a run of chunks of a xorb.
func (k *checker) may(ctx context.Context, t shard.Term, whole bool) (bool, error) {
	if whole {
		return true, nil
	}
	runs, err := k.cover.of(ctx, t.Xorb)
	return within(runs, t.Start, t.End), err
}

// file checks a file and returns the hash of its first chunk.
func (k *checker) file(ctx context.Context, f *shard.File) (first xethash.Hash, err error) {
	size := f.Size()
	switch {
	case !f.Ranged:
		return first, hub.Errorf(hub.InvalidInput, "The file %s carries no verification hashes.", f.Hash)
	case size > uint64(k.svc.cfg.MaxFile):
		return first, hub.Errorf(hub.InvalidInput, "The file %s is larger than %d bytes.", f.Hash, k.svc.cfg.MaxFile)
	case uint64(len(f.Terms)) > leastTerms+size/(64<<10)*termsPerTarget:
		return first, hub.Errorf(hub.InvalidInput, "The file %s is cut into too many pieces for its size.", f.Hash)
	}
	var named int64
	for _, t := range f.Terms {
		named += int64(t.End - t.Start)
	}
	if k.chunks += named; named > leastChunks+int64(size/meanChunk) || k.chunks > maxShardChunks {
		return first, hub.Errorf(hub.InvalidInput, "The file %s names too many chunks.", f.Hash)
	}
	var tree xethash.Tree
	for i, t := range f.Terms {
		if err := ctx.Err(); err != nil {
			return first, err
		}
		table, whole, err := k.table(ctx, t.Xorb)
		if hub.Is(err, hub.NotFound) {
			return first, unproven(f.Hash)
		}
		if err != nil {
			return first, err
		}
		if ok, err := k.may(ctx, t, whole); err != nil {
			return first, err
		} else if !ok {
			return first, unproven(f.Hash)
		}
		start, end := int(t.Start), int(t.End)
		if end > len(table) || table.RangeHash(start, end) != t.Range || table.Unpacked(start, end) != int64(t.Unpacked) {
			return first, unproven(f.Hash)
		}
		if i == 0 {
			first = table[start].Hash
		}
		for c := start; c < end; c++ {
			tree.Add(xethash.Leaf{Hash: table[c].Hash, Size: uint64(table.Unpacked(c, c+1))})
		}
	}
	if tree.File() != f.Hash {
		return first, hub.Errorf(hub.InvalidInput, "The chunks do not make up the file %s.", f.Hash)
	}
	return first, nil
}

// xorb holds a section on a xorb against the stored table. Everything that can be computed from the xorb is not looked at.
func (k *checker) xorb(ctx context.Context, x *shard.Xorb) error {
	table, whole, err := k.table(ctx, x.Hash)
	if hub.Is(err, hub.NotFound) || err == nil && !whole {
		return hub.Errorf(hub.InvalidInput, "The xorb %s was not uploaded.", x.Hash)
	}
	if err != nil {
		return err
	}
	same := len(x.Chunks) == len(table)
	for i := 0; same && i < len(table); i++ {
		same = x.Chunks[i].Hash == table[i].Hash && int64(x.Chunks[i].Unpacked) == table.Unpacked(i, i+1)
	}
	if !same {
		// The same words as above: a stranger's list of chunks must not be confirmed piece by piece.
		return hub.Errorf(hub.InvalidInput, "The xorb %s was not uploaded.", x.Hash)
	}
	return nil
}
