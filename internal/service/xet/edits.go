package xet

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xetterms"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Edit is what a client needs to know of a file of which it changes some ranges, to cut only those anew and name the new file
// without having the rest.
type Edit struct {
	Chunks  int
	Size    int64
	Windows []Span            // what has to be cut anew: whole chunks, around the ranges and on until cutting is sure to be in step again
	Gaps    []xethash.Subtree // before, between and behind the windows; without nodes where there are no chunks
	Proofs  []xethash.Hash    // of each term that no window touches, in the order of the file
}

// maxEditChunks bounds the memory for one file, at 40 bytes a chunk: 64 GiB of what clients cut.
const maxEditChunks = 1 << 20

// maxDirty is how many ranges one request may name.
const maxDirty = 10_000

// Edit plans a change of ranges of a file of the repository, which must be in order, apart from each other and within the file;
// otherwise InvalidInput. NotFound for a file that the repository does not have, or that is too long for this: then clients
// send all of it.
func (s *Service) Edit(ctx context.Context, g access.Grant, file xethash.Hash, dirty []Span) (*Edit, error) {
	repo, err := g.Repo(access.RepoContentRead)
	if err != nil {
		return nil, err
	}
	row, err := s.meta.XetFileOf(ctx, repo.ID, file)
	if err != nil {
		return nil, err
	}
	if err := checkDirty(dirty, row.Size); err != nil {
		return nil, err
	}
	f, err := xetterms.Decode(row.Terms)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, t := range f.Terms {
		n += int(t.End - t.Start)
	}
	if n > maxEditChunks {
		return nil, hub.Errorf(hub.NotFound, "The file is too long to be edited in parts: upload it whole.")
	}
	leave, err := enter(ctx, s.shards)
	if err != nil {
		return nil, err
	}
	defer leave()
	e := &Edit{Chunks: n, Size: row.Size}
	w := windower{edit: e, dirty: dirty, first: true}
	for _, t := range f.Terms {
		table, err := s.table(ctx, f.Xorbs[t.Xorb])
		if err != nil {
			s.noteRot(ctx, err)
			return nil, err
		}
		for _, l := range table.Leaves(int(t.Start), int(t.End)) {
			w.add(l)
		}
	}
	w.end()
	return e, s.prove(ctx, f, e)
}

func checkDirty(dirty []Span, size int64) error {
	at := int64(-1)
	for _, d := range dirty {
		if d.Start <= at || d.End <= d.Start || d.End > size {
			return hub.Errorf(hub.InvalidInput, "The ranges are not in order, or not within the file of %d bytes.", size)
		}
		at = d.End - 1
	}
	if len(dirty) == 0 || len(dirty) > maxDirty {
		return hub.Errorf(hub.InvalidInput, "Name 1 to %d ranges in X-Range-Dirty.", maxDirty)
	}
	return nil
}

// prove adds the proofs of the terms that lie outside all windows.
func (s *Service) prove(ctx context.Context, f xetterms.File, e *Edit) error {
	at, next := int64(0), 0
	for _, t := range f.Terms {
		start := at
		at += int64(t.Unpacked)
		for next < len(e.Windows) && e.Windows[next].End <= start {
			next++
		}
		if next < len(e.Windows) && e.Windows[next].Start < at {
			continue
		}
		table, err := s.table(ctx, f.Xorbs[t.Xorb])
		if err != nil {
			return err
		}
		e.Proofs = append(e.Proofs, table.RangeHash(int(t.Start), int(t.End)))
	}
	return nil
}

// A chunk of a length between these, in bytes, was cut where its content says so, and behind two of them in a row cutting is in
// step again, wherever it began. Source: xet-core chunk_window_builder.rs; @huggingface/hub src/utils/rangeEdit.spec.ts.
const (
	leastSteady = 16 << 10
	mostSteady  = 120 << 10
)

// windower goes through the chunks of a file and parts them into windows and gaps.
type windower struct {
	edit  *Edit
	dirty []Span // those that chunks to come may overlap
	gap   []xethash.Leaf
	first bool // the gap begins the file
	at    int64
	open  bool   // the last window goes on
	last  uint64 // length of the chunk before in an open window behind its ranges, 0: none
}

func (w *windower) add(l xethash.Leaf) {
	start := w.at
	w.at += int64(l.Size)
	overlaps := false
	for len(w.dirty) > 0 && w.dirty[0].Start < w.at {
		if w.dirty[0].End > start {
			overlaps = true
		}
		if w.dirty[0].End > w.at {
			break // it goes on in the next chunk
		}
		w.dirty = w.dirty[1:]
	}
	switch {
	case overlaps && !w.open:
		w.closeGap(false)
		w.edit.Windows = append(w.edit.Windows, Span{start, w.at})
		w.open, w.last = true, 0
	case overlaps:
		w.extend(0)
	case w.open:
		steady := leastSteady <= l.Size && l.Size < mostSteady && leastSteady <= w.last && w.last < mostSteady
		w.extend(l.Size)
		w.open = !steady
	default:
		w.gap = append(w.gap, l)
	}
}

func (w *windower) extend(last uint64) {
	w.edit.Windows[len(w.edit.Windows)-1].End = w.at
	w.last = last
}

func (w *windower) closeGap(atEnd bool) {
	w.edit.Gaps = append(w.edit.Gaps, xethash.SubtreeOf(w.gap, w.first, atEnd))
	w.gap, w.first = nil, false
}

func (w *windower) end() { w.closeGap(true) }
