// Package audit keeps the audit log provable and shows it: signed checkpoints handed to a place outside of the database,
// the check of the whole log, listings, the export, and retention. Events themselves are written by the store in the
// transaction of what they tell of.
package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ambit-hub/ambit/internal/format/auditchain"
	"github.com/ambit-hub/ambit/internal/hub"
)

// The rows of the store.
type (
	Row        = hub.AuditRow
	Head       = hub.AuditHead
	Checkpoint = hub.AuditCheckpoint
	Query      = hub.AuditQuery
)

// Store is what the service needs of the metadata store.
type Store interface {
	AuditEvents(ctx context.Context, q Query) ([]Row, error) // newest first
	ScanAudit(ctx context.Context, after, until int64, f func(*Row) error) error
	AuditByID(ctx context.Context, id hub.ID) (Row, error)
	AuditSubtrees(ctx context.Context, from, until int64) ([]hub.AuditSubtree, error)
	AuditHead(ctx context.Context) (Head, error)
	AuditCheckpoints(ctx context.Context, size int64, limit int) ([]Checkpoint, error)
	AuditCheckpointOf(ctx context.Context, size int64) (Checkpoint, bool, error)
	LastAuditCheckpoint(ctx context.Context) (Checkpoint, bool, error)
	PutAuditCheckpoint(ctx context.Context, c Checkpoint, subtrees []hub.AuditSubtree) error
	ForgetAudit(ctx context.Context, before time.Time, ev hub.Event) (base int64, err error)
	RecordEvents(ctx context.Context, events ...hub.Event) error
	TokenByID(ctx context.Context, id hub.ID) (hub.Token, error)
	Namespace(ctx context.Context, name string) (hub.Namespace, error)
}

// Options are the rules.
type Options struct {
	Instance  string                                        // id of the hub
	Seeds     [][32]byte                                    // of the signing keys, the newest first; secret
	File      string                                        // gets every checkpoint; to be kept, or copied, outside of the database's reach
	Post      func(ctx context.Context, c Checkpoint) error // hands the newest checkpoint to another place; nil: nowhere. It may get one twice
	Every     time.Duration
	Retention time.Duration // 0: for ever
	Now       func() time.Time
	LogError  func(ctx context.Context, msg string, err error)
}

// Service does the above. Safe for concurrent use. Run must run in a hub that serves.
type Service struct {
	store  Store
	opts   Options
	signer note.Signer
	keys   note.Verifiers
	public []string // verifier keys, the newest first
	sink   sink

	handing sync.Mutex // guards lost, and appending to the file
	lost    bool       // it was told that the file knows of events that the log does not have

	posting sync.Mutex // guards posted
	posted  int64      // size of the last checkpoint that Post took
}

// New makes the service. It reads and starts nothing. Options without a seed are a fault and panic.
func New(store Store, o Options) (*Service, error) {
	if len(o.Seeds) == 0 {
		panic("audit: no signing key")
	}
	o.Every = cmp.Or(o.Every, time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.LogError == nil {
		o.LogError = func(context.Context, string, error) {}
	}
	s := &Service{store: store, opts: o, sink: sink{path: o.File}}
	var err error
	if s.signer, err = auditchain.Signer(o.Instance, o.Seeds[0]); err != nil {
		return nil, err
	}
	var list []note.Verifier
	for _, seed := range o.Seeds {
		text, err := auditchain.VerifierKey(o.Instance, seed)
		if err != nil {
			return nil, err
		}
		v, err := note.NewVerifier(text)
		if err != nil {
			return nil, fmt.Errorf("making the key that checks audit checkpoints: %w", err)
		}
		s.public, list = append(s.public, text), append(list, v)
	}
	s.keys = note.VerifierList(list...)
	return s, nil
}

// Page is the number of rows that are read at once.
const page = 1000

// Run makes checkpoints until ctx ends, and one more then, and applies retention.
func (s *Service) Run(ctx context.Context) error {
	t := time.NewTicker(s.opts.Every)
	defer t.Stop()
	for {
		if err := s.Checkpoint(ctx); err != nil && ctx.Err() == nil {
			s.opts.LogError(ctx, "making an audit checkpoint", err)
		}
		if err := s.forget(ctx); err != nil && ctx.Err() == nil {
			s.opts.LogError(ctx, "deleting old audit events", err)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCheckpoint)
			defer cancel()
			return s.Checkpoint(last)
		}
	}
}

// lastCheckpoint is how long the one at the end may take.
const lastCheckpoint = 10 * time.Second

// Checkpoint signs what the log is now, stores the note, and hands it to the file. Without new events it only makes sure
// that the file has all notes.
func (s *Service) Checkpoint(ctx context.Context) error {
	head, err := s.store.AuditHead(ctx)
	if err != nil {
		return err
	}
	last, ok, err := s.store.LastAuditCheckpoint(ctx)
	if err != nil {
		return err
	}
	if head.Seq > last.Size {
		if err := s.grow(ctx, last, ok, head.Seq); err != nil {
			return err
		}
	}
	return errors.Join(s.handOut(ctx), s.post(ctx))
}

// post hands the newest checkpoint out, unless it was already. One that stands for all before it is enough.
func (s *Service) post(ctx context.Context) error {
	if s.opts.Post == nil {
		return nil
	}
	s.posting.Lock()
	defer s.posting.Unlock()
	c, ok, err := s.store.LastAuditCheckpoint(ctx)
	if err != nil || !ok || c.Size == s.posted {
		return err
	}
	if err := s.opts.Post(ctx, c); err != nil {
		return fmt.Errorf("handing out a checkpoint: %w", err)
	}
	s.posted = c.Size
	return nil
}

// grow makes the checkpoint of the first size events out of the last one. It does not sign what does not fit together.
func (s *Service) grow(ctx context.Context, last Checkpoint, ok bool, size int64) error {
	f := &auditchain.Frontier{}
	var chain auditchain.Hash
	if ok {
		n, err := auditchain.Open([]byte(last.Note), auditchain.Origin(s.opts.Instance), s.keys)
		if err != nil {
			return err
		}
		if f, err = auditchain.ParseFrontier(last.Size, last.Frontier); err != nil {
			return err
		}
		if f.Root() != n.Root || f.Size() != n.Size {
			return fmt.Errorf("the last checkpoint of the audit log was changed: run ambit audit verify")
		}
		chain = n.Chain
	}
	var subtrees []hub.AuditSubtree
	f.OnSubtree = func(n int64, root auditchain.Hash) {
		subtrees = append(subtrees, hub.AuditSubtree{N: n, Hash: root[:]})
	}
	err := s.eachPiece(ctx, last.Size, size, 0, func(p *piece) error {
		for i, l := range p.links {
			if l.seq != f.Size()+1 || l.bad != nil || i == 0 && auditchain.Next(chain, p.record) != l.hash {
				return fmt.Errorf("event %d of the audit log is missing or was changed: run ambit audit verify", f.Size()+1)
			}
			f.AppendLeaf(l.leaf)
			chain = l.hash
		}
		return nil
	})
	if err != nil {
		return err
	}
	if f.Size() != size {
		return fmt.Errorf("the audit log ends at event %d, its head says %d: run ambit audit verify", f.Size(), size)
	}
	c := auditchain.Checkpoint{Size: size, Root: f.Root(), Chain: chain, At: s.opts.Now().UTC().Truncate(time.Microsecond)}
	msg, err := auditchain.Sign(c, auditchain.Origin(s.opts.Instance), s.signer)
	if err != nil {
		return err
	}
	return s.store.PutAuditCheckpoint(ctx, Checkpoint{Size: size, At: c.At, Frontier: f.Marshal(), Note: string(msg)}, subtrees)
}

// forget deletes what retention no longer wants, up to a checkpoint that the file has.
func (s *Service) forget(ctx context.Context) error {
	if s.opts.Retention <= 0 {
		return nil
	}
	before := s.opts.Now().Add(-s.opts.Retention)
	_, err := s.store.ForgetAudit(ctx, before, hub.Event{Type: retentionType, ActorName: "retention"})
	return err
}

const retentionType = "audit.retention"

// retentionMessage is what the store writes into the event of a deletion.
func retentionMessage(base int64) string {
	return fmt.Sprintf("deleted the events up to number %d", base)
}
