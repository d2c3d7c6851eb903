package audit

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/auditchain"
	"github.com/ambit-hub/ambit/internal/hub"
)

// maxProblems is how many problems a report names.
const maxProblems = 100

// Problem is one thing that is wrong with the log.
type Problem struct {
	Seq  int64  // of the event where it shows
	ID   hub.ID // of that event, where there is one
	Text string // a sentence
}

// Report is the outcome of checking the log.
type Report struct {
	First       int64    // number of the first event that is there; those before were deleted by retention
	Events      int64    // that were checked
	Checkpoints int      // of the database that were checked
	Outside     int      // of the file that were checked
	Keys        []string // public keys under which checkpoints count, the newest first
	Problems    []Problem
	More        int // problems beyond those named
}

// OK tells whether nothing is wrong.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

func (r *Report) bad(seq int64, id hub.ID, format string, args ...any) {
	if len(r.Problems) == maxProblems {
		r.More++
		return
	}
	r.Problems = append(r.Problems, Problem{seq, id, fmt.Sprintf(format, args...)})
}

// Verify checks the whole log: every event against its hash and its predecessor's, their numbers, the head, and every
// checkpoint in the database and in the file against the tree. It finds changed, deleted, exchanged and cut events, and
// a chain that was computed anew as far back as the oldest checkpoint that the file has and the database no longer
// agrees with. The log may grow meanwhile. Needs InstanceAdmin.
func (s *Service) Verify(ctx context.Context, g access.Grant) (Report, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return Report{}, err
	}
	for { // until no retention came in between
		r, base, err := s.verify(ctx)
		if err != nil {
			return r, err
		}
		head, err := s.store.AuditHead(ctx)
		if err != nil || head.Base == base {
			return r, err
		}
	}
}

// walk is the state of going through the log.
type walk struct {
	*Report
	s        *Service
	frontier *auditchain.Frontier
	chain    auditchain.Hash // of the last event, as stored
	good     int64           // size of the last checkpoint that fits
	broken   bool            // a checkpoint did not fit: later ones cannot either
	rows     int64           // number of the last row
}

func (s *Service) verify(ctx context.Context) (Report, int64, error) {
	r := Report{Keys: s.public}
	head, err := s.store.AuditHead(ctx)
	if err != nil {
		return r, 0, err
	}
	w := &walk{Report: &r, s: s, frontier: &auditchain.Frontier{}, rows: head.Base, good: head.Base}
	r.First = head.Base + 1
	if head.Base > 0 {
		if err := w.begin(ctx, head.Base); err != nil {
			return r, 0, err
		}
	}
	stored := &storedNotes{s: s, size: head.Base}
	outside, err := s.outsideNotes(&r, head.Base)
	if err != nil {
		return r, 0, err
	}
	explained := head.Base == 0
	err = s.eachPiece(ctx, head.Base, max(head.Seq, head.Last), head.Base, func(p *piece) error {
		explained = explained || p.explained
		return w.piece(ctx, p, stored, outside)
	})
	if err != nil {
		return r, 0, err
	}
	if !explained {
		r.bad(head.Base, "", "The events up to number %d are gone, and no event tells of their deletion.", head.Base)
	}
	switch {
	case w.rows < head.Seq:
		r.bad(w.rows+1, "", "The log ends at event %d; its head says %d: the last %d events were deleted.", w.rows, head.Seq, head.Seq-w.rows)
	case head.Seq < head.Last:
		r.bad(head.Seq+1, "", "There are events after number %d, where the head says that the log ends.", head.Seq)
	case !bytes.Equal(head.Hash, w.chain[:]) && w.rows > head.Base:
		r.bad(head.Seq, "", "The head does not have the hash of the last event.")
	}
	return r, head.Base, w.rest(ctx, stored, outside)
}

// begin takes up the tree where retention cut the log.
func (w *walk) begin(ctx context.Context, base int64) error {
	c, ok, err := w.s.store.AuditCheckpointOf(ctx, base)
	if err != nil {
		return err
	}
	n, nerr := auditchain.Open([]byte(c.Note), auditchain.Origin(w.s.opts.Instance), w.s.keys)
	f, ferr := auditchain.ParseFrontier(base, c.Frontier)
	if !ok || nerr != nil || ferr != nil || n.Size != base || f.Root() != n.Root {
		w.bad(base, "", "The events up to number %d are gone, and no signed checkpoint vouches for them.", base)
		w.broken = true // nothing to compare roots with
		return nil
	}
	w.frontier, w.chain = f, n.Chain
	return nil
}

// piece puts a piece behind what was read before.
func (w *walk) piece(ctx context.Context, p *piece, stored *storedNotes, outside *outsideNotes) error {
	for i := 0; i < len(p.links); i++ {
		l := p.links[i]
		if i == 0 && l.seq == w.rows+1 && (auditchain.Next(w.chain, p.record) != l.hash || len(p.first.Hash) != len(l.hash)) {
			l.bad = &p.first
		}
		// A whole subtree at once, when no checkpoint ends within it.
		end := l.seq - 1 + auditchain.SubtreeSize
		if root, ok := p.subtrees[end]; ok && l.seq == w.rows+1 && l.bad == nil && w.frontier.Size() == w.rows && w.rows%auditchain.SubtreeSize == 0 {
			next, err := w.next(ctx, stored, outside)
			if err != nil {
				return err
			}
			if next >= end {
				i += auditchain.SubtreeSize - 1
				w.frontier.AppendSubtree(root)
				w.rows, w.chain, w.Events = end, p.links[i].hash, w.Events+auditchain.SubtreeSize
				if err := w.compare(ctx, stored, outside); err != nil {
					return err
				}
				continue
			}
		}
		w.link(l)
		if err := w.compare(ctx, stored, outside); err != nil {
			return err
		}
	}
	return nil
}

// link takes one event.
func (w *walk) link(l link) {
	if l.seq != w.rows+1 {
		if l.seq == w.rows+2 {
			w.bad(w.rows+1, "", "Event %d is missing.", w.rows+1)
		} else {
			w.bad(w.rows+1, "", "Events %d to %d are missing.", w.rows+1, l.seq-1)
		}
		w.broken = true
	}
	if r := l.bad; r != nil {
		w.bad(r.Seq, r.ID, "Event %d (%s of %s) does not have the hash that follows from it: it, or the one before it, was changed.",
			r.Seq, r.Type, r.At.UTC().Format("2006-01-02 15:04:05"))
	}
	w.chain = l.hash
	w.frontier.AppendLeaf(l.leaf)
	w.rows = l.seq
	w.Events++
}

// next returns the size of the next checkpoint to compare with.
func (w *walk) next(ctx context.Context, stored *storedNotes, outside *outsideNotes) (int64, error) {
	size := int64(math.MaxInt64)
	c, ok, err := stored.peek(ctx)
	if ok {
		size = c.Size
	}
	if len(outside.list) > 0 {
		size = min(size, outside.list[0].Size)
	}
	return size, err
}

// compare holds the checkpoints of the present size against the tree.
func (w *walk) compare(ctx context.Context, stored *storedNotes, outside *outsideNotes) error {
	for {
		c, ok, err := stored.peek(ctx)
		if err != nil {
			return err
		}
		if !ok || c.Size > w.rows {
			break
		}
		stored.pop()
		n, err := auditchain.Open([]byte(c.Note), auditchain.Origin(w.s.opts.Instance), w.s.keys)
		if err != nil || n.Size != c.Size {
			w.bad(c.Size, "", "The checkpoint of %d events in the database is not signed by this hub.", c.Size)
			continue
		}
		w.Checkpoints++
		w.fits(n, "in the database")
	}
	for len(outside.list) > 0 && outside.list[0].Size <= w.rows {
		w.Outside++
		w.fits(outside.list[0], "in the file of checkpoints")
		outside.list = outside.list[1:]
	}
	return nil
}

func (w *walk) fits(n auditchain.Checkpoint, where string) {
	if w.broken {
		return
	}
	if n.Size != w.rows || n.Root != w.frontier.Root() || n.Chain != w.chain {
		w.bad(n.Size, "", "The signed checkpoint of %d events %s is of another log: something among the events %d to %d was changed or deleted, and the chain computed anew.",
			n.Size, where, w.good+1, n.Size)
		w.broken = true
		return
	}
	w.good = n.Size
}

// rest reports checkpoints of more events than there are.
func (w *walk) rest(ctx context.Context, stored *storedNotes, outside *outsideNotes) error {
	head, err := w.s.store.AuditHead(ctx)
	if err != nil {
		return err
	}
	c, ok, err := stored.peek(ctx)
	if err != nil {
		return err
	}
	if ok && c.Size > head.Last {
		w.bad(w.rows+1, "", "A checkpoint in the database is of %d events; the log has only %d.", c.Size, head.Last)
	}
	if n := len(outside.list); n > 0 && outside.list[n-1].Size > head.Last {
		w.bad(w.rows+1, "", "A signed checkpoint in the file of checkpoints is of %d events; the log has only %d: its end was deleted, or an older copy of the database was put back.", outside.list[n-1].Size, head.Last)
	}
	return nil
}

// storedNotes are the checkpoints of the database, smallest first.
type storedNotes struct {
	s    *Service
	size int64 // read so far
	list []Checkpoint
	done bool
}

func (n *storedNotes) peek(ctx context.Context) (Checkpoint, bool, error) {
	if len(n.list) == 0 && !n.done {
		list, err := n.s.store.AuditCheckpoints(ctx, n.size, page)
		if err != nil {
			return Checkpoint{}, false, err
		}
		n.list, n.done = list, len(list) == 0
		if len(list) > 0 {
			n.size = list[len(list)-1].Size
		}
	}
	if len(n.list) == 0 {
		return Checkpoint{}, false, nil
	}
	return n.list[0], true, nil
}

func (n *storedNotes) pop() { n.list = n.list[1:] }

// outsideNotes are the checkpoints of the file that are of more events than retention took.
type outsideNotes struct{ list []auditchain.Checkpoint }

func (s *Service) outsideNotes(r *Report, base int64) (*outsideNotes, error) {
	out, last := &outsideNotes{}, int64(0)
	if s.sink.path == "" {
		return out, nil
	}
	err := s.sink.each(func(msg []byte, _ int64) {
		c, err := auditchain.Open(msg, auditchain.Origin(s.opts.Instance), s.keys)
		switch {
		case err != nil:
			r.bad(0, "", "The file of checkpoints has something that this hub did not sign.")
		case c.Size < last:
			r.bad(c.Size, "", "The checkpoints of the file are not in order at %d events.", c.Size)
		case c.Size > base:
			out.list = append(out.list, c)
		}
		last = max(last, c.Size)
	})
	slices.SortStableFunc(out.list, func(a, b auditchain.Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	return out, err
}
