package xet

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xetterms"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	// compactBatch is how many xorbs one step looks at.
	compactBatch = 50
	// compactFiles is how many files may need a xorb that is to be rewritten: all their terms change in one transaction.
	compactFiles = 1000
)

// Compacted counts what looking for dead chunks came to.
type Compacted struct {
	Looked    int   // xorbs
	Rewritten int   // of these
	Freed     int64 // bytes that will be gone when the old ones are swept
}

// Collect makes one round of Sweep and looks at some xorbs for dead chunks, unless another process is about to. more tells that
// there are more to look at.
func (w *Worker) Collect(ctx context.Context) (n hub.Collected, more bool, err error) {
	err = w.s.turn(ctx, "sweep/chunks", func(ctx context.Context) error {
		swept, serr := w.Sweep(ctx)
		looked, again, cerr := w.Compact(ctx)
		n = hub.Collected{Registrations: swept.Links, Chunked: swept.Files, Xorbs: swept.Xorbs,
			Looked: looked.Looked, Rewritten: looked.Rewritten, Freed: looked.Freed}
		more = again
		return errors.Join(serr, cerr)
	})
	return n, more, err
}

// Compact looks at the next xorbs whose turn it is: those that nobody was told of, or sent, for as long as the window is. A
// xorb of which more than half is not needed by any file is written anew without that; the hashes of files and their
// SHA-256 stay. more tells whether there may be others.
func (w *Worker) Compact(ctx context.Context) (n Compacted, more bool, err error) {
	before := w.s.now().Add(-w.s.cfg.Window)
	xorbs, err := w.s.meta.SettledXorbs(ctx, before, compactBatch)
	if err != nil {
		return n, false, err
	}
	var errs []error
	for _, x := range xorbs {
		if err := ctx.Err(); err != nil {
			return n, false, err
		}
		freed, err := w.s.compact(ctx, x, before)
		if hub.Is(err, hub.Conflict) || hub.Is(err, hub.Unavailable) || err != nil && w.s.noteRot(ctx, err) {
			err = nil // it is in use again, or no good
		}
		if err == nil && freed == 0 {
			err = w.s.meta.SetXetLooked(ctx, x.Hash)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		n.Looked++
		if freed > 0 {
			n.Rewritten, n.Freed = n.Rewritten+1, n.Freed+freed
		}
	}
	return n, len(xorbs) == compactBatch && len(errs) == 0, errors.Join(errs...)
}

// compact returns how many bytes a xorb becomes smaller, 0 if it stays.
func (s *Service) compact(ctx context.Context, x hub.XetXorb, before time.Time) (freed int64, err error) {
	rows, err := s.meta.XetFilesOf(ctx, x.Hash, compactFiles+1)
	if err != nil || len(rows) > compactFiles {
		return 0, err
	}
	files := make([]xetterms.File, len(rows))
	var runs []run
	for i, row := range rows {
		if files[i], err = xetterms.Decode(row.Terms); err != nil {
			return 0, err
		}
		for _, t := range files[i].Terms {
			if files[i].Xorbs[t.Xorb] == x.Hash {
				runs = append(runs, run{t.Start, t.End})
			}
		}
	}
	table, err := s.table(ctx, x.Hash)
	if err != nil {
		return 0, err
	}
	runs = joined(runs)
	var live int64
	for _, r := range runs {
		from, to := table.Packed(int(r.start), int(r.end))
		live += to - from
	}
	if live == 0 || live > x.Packed/2 {
		return 0, nil
	}
	slim, err := s.storeSlim(ctx, x.Hash, table, runs)
	if err != nil {
		return 0, err
	}
	change := hub.XetRewrite{Old: x.Hash, New: rowOf(slim.Hash(), slim)}
	for _, e := range slim {
		change.Chunks = append(change.Chunks, e.Hash)
	}
	for i, row := range rows {
		change.Files = append(change.Files, hub.XetTerms{FileID: row.ID, Before: row.Terms, Terms: moved(files[i], x.Hash, slim.Hash(), runs).Encode()})
	}
	return x.Packed - live, s.meta.RewriteXet(ctx, change, before)
}

// storeSlim stores a xorb of the chunks in runs of another, which are hashed anew on the way, and returns its table.
func (s *Service) storeSlim(ctx context.Context, h xethash.Hash, table xorb.Table, runs []run) (xorb.Table, error) {
	var leaves []xethash.Leaf
	for _, r := range runs {
		leaves = append(leaves, table.Leaves(int(r.start), int(r.end))...)
	}
	name := xethash.Xorb(leaves)
	// Announced for nobody: until files refer to it, it is the sweeper's.
	_, stored, err := s.meta.BeginXetXorb(ctx, "", name)
	if err != nil {
		return nil, err
	}
	o, _, err := s.openXorb(ctx, h)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	return s.takeXorb(ctx, name, stored, unknownSize, func(w io.Writer) (xorb.Table, error) {
		parts := make([]io.Reader, len(runs))
		for i, r := range runs {
			parts[i] = table.Section(o, int(r.start), int(r.end))
		}
		t, err := s.ingest(w, io.MultiReader(parts...), name)
		if hub.Is(err, hub.InvalidInput) {
			err = rot(h, err)
		}
		return t, err
	})
}

// moved returns a file whose runs of one xorb lie in another, which holds the given runs and nothing else.
func moved(f xetterms.File, from, to xethash.Hash, runs []run) xetterms.File {
	at := map[xethash.Hash]int{}
	var out xetterms.File
	for _, t := range f.Terms {
		name := f.Xorbs[t.Xorb]
		if name == from {
			before := uint32(0) // chunks of the runs before the one of this term
			for _, r := range runs {
				if t.Start < r.end {
					before += t.Start - r.start
					break
				}
				before += r.end - r.start
			}
			name, t.Start, t.End = to, before, before+t.End-t.Start
		}
		k, ok := at[name]
		if !ok {
			k = len(out.Xorbs)
			at[name] = k
			out.Xorbs = append(out.Xorbs, name)
		}
		t.Xorb = k
		out.Terms = append(out.Terms, t)
	}
	return out
}
