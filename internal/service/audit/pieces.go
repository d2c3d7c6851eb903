package audit

import (
	"bytes"
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/ambit-hub/ambit/internal/format/auditchain"
	"github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
)

// pieceEvents is how many numbers a piece of the log spans: whole subtrees.
const pieceEvents = 8 * auditchain.SubtreeSize

// link is what checking keeps of an event.
type link struct {
	seq  int64
	leaf auditchain.Hash
	hash auditchain.Hash // as stored
	bad  *hub.AuditRow   // not nil: the hash is not what follows from the event and the one before it
}

// piece is a run of the log, read and hashed apart from all others, so that several can be at once. What it takes the
// event before the first one to say is left for later.
type piece struct {
	links     []link
	first     hub.AuditRow
	record    []byte                    // of the first event
	subtrees  map[int64]auditchain.Hash // by the number of their last event: the complete and sound ones
	explained bool                      // an event tells of the deletion up to base

	leaves []auditchain.Hash // room for making a subtree
}

// pieces that were done with: a piece takes most of a megabyte.
var pieces = sync.Pool{New: func() any {
	return &piece{links: make([]link, 0, pieceEvents), subtrees: map[int64]auditchain.Hash{}, leaves: make([]auditchain.Hash, auditchain.SubtreeSize)}
}}

func (p *piece) release() {
	clear(p.links) // they hold bad events
	clear(p.subtrees)
	*p = piece{links: p.links[:0], subtrees: p.subtrees, leaves: p.leaves}
	pieces.Put(p)
}

// readPiece reads the events with numbers above after and at most until. base is the number of the last event that
// retention took, or 0.
func (s *Service) readPiece(ctx context.Context, after, until, base int64) (*piece, error) {
	p := pieces.Get().(*piece)
	var hasher auditchain.Hasher
	sound := 0 // links at the end that follow one another
	err := s.store.ScanAudit(ctx, after, until, func(r *hub.AuditRow) error {
		record := hasher.Record(r)
		l := link{seq: r.Seq, leaf: hasher.Leaf()}
		if len(r.Hash) == len(l.hash) {
			l.hash = auditchain.Hash(r.Hash)
		}
		sound++
		if n := len(p.links); n == 0 {
			p.first, p.record = r.Clone(), bytes.Clone(record)
		} else if last := &p.links[n-1]; r.Seq != last.seq+1 {
			sound = 1 // what is missing is told when all is put together
		} else if hasher.Next(&last.hash) != l.hash || len(r.Hash) != len(l.hash) {
			row := r.Clone()
			l.bad, sound = &row, 0
		}
		p.explained = p.explained || base > 0 && r.Type == retentionType && r.Message == retentionMessage(base)
		p.links = append(p.links, l)
		if sound >= auditchain.SubtreeSize && r.Seq%auditchain.SubtreeSize == 0 {
			whole := p.links[len(p.links)-auditchain.SubtreeSize:]
			for i := range whole {
				p.leaves[i] = whole[i].leaf
			}
			p.subtrees[r.Seq] = hasher.SubtreeRoot(p.leaves)
		}
		return nil
	})
	return p, err
}

// readers is how many pieces are read at once: one more than there are processors, since one waits for a database server,
// and never all of its connections.
func readers() int { return min(runtime.GOMAXPROCS(0)+1, 6) }

// eachPiece reads the events above after and up to until, several pieces at once, and calls f with them in their order; f must
// not keep them.
func (s *Service) eachPiece(ctx context.Context, after, until, base int64, f func(*piece) error) error {
	type slot chan *piece // gets one piece
	slots := make(chan slot, readers())
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(slots)
		readers, ctx := errgroup.WithContext(ctx)
		readers.SetLimit(cap(slots))
		for at := after; at < until; {
			from, end := at, min(until, (at/pieceEvents+1)*pieceEvents)
			at = end
			to := make(slot, 1)
			select {
			case slots <- to:
			case <-ctx.Done():
				return readers.Wait()
			}
			readers.Go(func() error {
				return guard.Call(func() error {
					p, err := s.readPiece(ctx, from, end, base)
					if err == nil {
						to <- p
					}
					return err
				})
			})
		}
		return readers.Wait()
	})
	g.Go(func() error {
		for to := range slots {
			select {
			case p := <-to:
				err := guard.Call(func() error { return f(p) })
				p.release()
				if err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return g.Wait()
}
