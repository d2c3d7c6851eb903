package audit

import (
	"bytes"
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/ambit-hub/ambit/internal/format/auditchain"
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
}

// readPiece reads the events with numbers above after and at most until. base is the number of the last event that
// retention took, or 0.
func (s *Service) readPiece(ctx context.Context, after, until, base int64) (*piece, error) {
	p := &piece{links: make([]link, 0, min(until-after, pieceEvents)), subtrees: map[int64]auditchain.Hash{}}
	var record []byte
	sound := 0 // links at the end that follow one another
	err := s.store.ScanAudit(ctx, after, until, func(r *hub.AuditRow) error {
		record = auditchain.Record(record[:0], *r)
		l := link{seq: r.Seq, leaf: auditchain.Leaf(record)}
		if len(r.Hash) == len(l.hash) {
			l.hash = auditchain.Hash(r.Hash)
		}
		sound++
		if n := len(p.links); n == 0 {
			p.first, p.record = *r, bytes.Clone(record)
		} else if last := &p.links[n-1]; r.Seq != last.seq+1 {
			sound = 1 // what is missing is told when all is put together
		} else if auditchain.Next(last.hash, record) != l.hash || len(r.Hash) != len(l.hash) {
			row := *r
			l.bad, sound = &row, 0
		}
		p.explained = p.explained || base > 0 && r.Type == retentionType && r.Message == retentionMessage(base)
		p.links = append(p.links, l)
		if sound >= auditchain.SubtreeSize && r.Seq%auditchain.SubtreeSize == 0 {
			p.subtrees[r.Seq] = subtreeOf(p.links[len(p.links)-auditchain.SubtreeSize:])
		}
		return nil
	})
	return p, err
}

func subtreeOf(links []link) auditchain.Hash {
	leaves := make([]auditchain.Hash, len(links))
	for i, l := range links {
		leaves[i] = l.leaf
	}
	return auditchain.SubtreeRoot(leaves)
}

// eachPiece reads the events above after and up to until, as many pieces at once as there are processors, and calls f
// with them in their order.
func (s *Service) eachPiece(ctx context.Context, after, until, base int64, f func(*piece) error) error {
	type slot chan *piece // gets one piece
	slots := make(chan slot, runtime.GOMAXPROCS(0))
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
				p, err := s.readPiece(ctx, from, end, base)
				if err == nil {
					to <- p
				}
				return err
			})
		}
		return readers.Wait()
	})
	g.Go(func() error {
		for to := range slots {
			select {
			case p := <-to:
				if err := f(p); err != nil {
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
