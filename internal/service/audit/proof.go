package audit

import (
	"context"
	"errors"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/auditchain"
	"github.com/ambit-hub/ambit/internal/hub"
)

// ProveAny proves that an event is in the log, which names it by its id or its number, and tells all that the log knows of it.
// NotFound when there is no such event. Needs InstanceAdmin.
func (s *Service) ProveAny(ctx context.Context, g access.Grant, event string) (auditchain.Proof, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return auditchain.Proof{}, err
	}
	id, err := hub.ParseID(event)
	if err == nil {
		r, err := s.store.AuditByID(ctx, id)
		if err != nil {
			return auditchain.Proof{}, err
		}
		return s.prove(ctx, r, true)
	}
	seq, err := strconv.ParseInt(event, 10, 64)
	if err != nil || seq < 1 {
		return auditchain.Proof{}, hub.Errorf(hub.InvalidInput, "%q is neither the id of an event nor its number.", event)
	}
	var found *Row
	if err := s.store.ScanAudit(ctx, seq-1, seq, func(r *Row) error { row := r.Clone(); found = &row; return nil }); err != nil {
		return auditchain.Proof{}, err
	}
	if found == nil {
		return auditchain.Proof{}, noEvent()
	}
	return s.prove(ctx, *found, true)
}

// Prove proves to an organization's administrator that an event of that organization is in the log, without telling the
// address that it came from. NotFound when the organization has no such event; Conflict for one that was recorded before
// addresses were concealed. The proof is recorded like an export. Needs ExportAction on the organization.
func (s *Service) Prove(ctx context.Context, g access.Grant, event hub.ID, ev hub.Event) (auditchain.Proof, error) {
	org, err := g.Namespace(ExportAction)
	if err != nil {
		return auditchain.Proof{}, err
	}
	r, err := s.store.AuditByID(ctx, event)
	if err != nil {
		return auditchain.Proof{}, err
	}
	if r.NamespaceID != org.ID {
		return auditchain.Proof{}, noEvent()
	}
	p, err := s.prove(ctx, r, false)
	if err != nil {
		return p, err
	}
	ev.Type, ev.NamespaceID, ev.TargetID, ev.Message = "org.audit_log.proof", org.ID, event, "proved an event of the audit log of "+org.Name
	return p, s.store.RecordEvents(ctx, ev)
}

func noEvent() error { return hub.Errorf(hub.NotFound, "There is no such event.") }

// prove makes the proof against the newest checkpoint, or one that is made now when none is of the event yet. It hands
// out no proof that does not hold.
func (s *Service) prove(ctx context.Context, r Row, open bool) (p auditchain.Proof, err error) {
	p = auditchain.Proof{Format: auditchain.ProofFormat, Key: s.public[0]}
	if p.Event, err = auditchain.Proven(r, open); err != nil {
		return p, hub.Wrap(err, hub.Conflict, "This event was recorded before the log concealed addresses: only the hub's operator can prove it.")
	}
	c, ok, err := s.store.LastAuditCheckpoint(ctx)
	if err == nil && (!ok || c.Size < r.Seq) {
		if err = s.Checkpoint(ctx); err == nil {
			c, _, err = s.store.LastAuditCheckpoint(ctx)
		}
	}
	if err != nil {
		return p, err
	}
	head, err := s.store.AuditHead(ctx)
	if err != nil {
		return p, err
	}
	t := &tree{s: s, base: &auditchain.Frontier{}, leaves: map[int64][]auditchain.Hash{}, subtrees: map[int64]auditchain.Hash{}}
	if head.Base > 0 {
		b, ok, err := s.store.AuditCheckpointOf(ctx, head.Base)
		if err != nil {
			return p, err
		}
		if ok {
			if t.base, err = auditchain.ParseFrontier(b.Size, b.Frontier); err != nil {
				return p, err
			}
		}
	}
	p.Checkpoint = c.Note
	path, err := tlog.ProveRecord(c.Size, r.Seq-1, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			level, n := tlog.SplitStoredHashIndex(index)
			h, err := t.node(ctx, level, n)
			if err != nil {
				return nil, err
			}
			out[i] = tlog.Hash(h)
		}
		return out, nil
	}))
	if errors.Is(err, errGone) {
		return p, hub.Wrap(err, hub.Conflict, "Events that this proof needs were deleted by retention.")
	}
	if err != nil {
		return p, err
	}
	p.Path = path
	for _, key := range s.public { // the checkpoint may be older than the newest key
		p.Key = key
		if _, err = p.Check(key); err == nil {
			return p, nil
		}
	}
	return p, hub.Wrap(err, hub.Conflict, "The log does not agree with its last checkpoint, so nothing can be proved: the hub's operator has to run ambit audit verify.")
}

// tree reads nodes of the log's tree: from the subtrees that are kept, from events, and from the checkpoint at which
// retention cut.
type tree struct {
	s        *Service
	base     *auditchain.Frontier        // of the events that are gone
	leaves   map[int64][]auditchain.Hash // by subtree
	subtrees map[int64]auditchain.Hash   // that are kept
	asked    [][2]int64                  // ranges of subtrees that were looked for
}

var errGone = errors.New("what the proof needs was deleted by retention")

// node returns the root of the n-th subtree of 1<<level events.
func (t *tree) node(ctx context.Context, level int, n int64) (h auditchain.Hash, err error) {
	begin := n << level
	end := begin + 1<<level
	if end <= t.base.Size() {
		if h, ok := t.base.Peak(level, begin); ok {
			return h, nil
		}
	}
	switch {
	case level >= auditchain.SubtreeLevel:
		if err := t.look(ctx, begin>>auditchain.SubtreeLevel, end>>auditchain.SubtreeLevel); err != nil {
			return h, err
		}
		if level == auditchain.SubtreeLevel {
			if h, ok := t.subtrees[n]; ok {
				return h, nil
			}
		}
	case end <= t.base.Size():
		return h, errGone
	case level == 0:
		return t.leaf(ctx, n)
	}
	left, err := t.node(ctx, level-1, 2*n)
	if err != nil {
		return h, err
	}
	right, err := t.node(ctx, level-1, 2*n+1)
	return auditchain.Node(left, right), err
}

// look reads the kept subtrees of a range, once.
func (t *tree) look(ctx context.Context, from, until int64) error {
	for _, r := range t.asked {
		if r[0] <= from && until <= r[1] {
			return nil
		}
	}
	list, err := t.s.store.AuditSubtrees(ctx, from, until)
	for _, s := range list {
		if len(s.Hash) == len(auditchain.Hash{}) {
			t.subtrees[s.N] = auditchain.Hash(s.Hash)
		}
	}
	t.asked = append(t.asked, [2]int64{from, until})
	return err
}

// leaf returns the leaf of the event after the first n, reading all of its subtree.
func (t *tree) leaf(ctx context.Context, n int64) (h auditchain.Hash, err error) {
	at := n >> auditchain.SubtreeLevel
	list, ok := t.leaves[at]
	if !ok {
		list = make([]auditchain.Hash, auditchain.SubtreeSize)
		begin := at << auditchain.SubtreeLevel
		err := t.s.store.ScanAudit(ctx, begin, begin+auditchain.SubtreeSize, func(r *Row) error {
			list[r.Seq-1-begin] = auditchain.Leaf(auditchain.Record(nil, *r))
			return nil
		})
		if err != nil {
			return h, err
		}
		t.leaves[at] = list
	}
	return list[n&(auditchain.SubtreeSize-1)], nil
}
