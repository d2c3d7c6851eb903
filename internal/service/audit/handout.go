package audit

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/ambit-hub/ambit/internal/format/auditchain"
)

// handOut appends to the file the checkpoints that it does not have. A file that was taken away begins anew.
func (s *Service) handOut(ctx context.Context) error {
	if s.sink.path == "" {
		return nil
	}
	s.handing.Lock()
	defer s.handing.Unlock()
	size, note, err := s.sink.last(func(msg []byte) (int64, error) {
		c, err := auditchain.Open(msg, auditchain.Origin(s.opts.Instance), s.keys)
		return c.Size, err
	})
	if err != nil {
		return err
	}
	known := map[auditchain.Hash]bool{} // when sizes do not tell what the file has
	switch lost, err := s.isLost(ctx, size, note); {
	case err != nil:
		return err
	case lost:
		// The numbers beyond the common part are given once more, to other events. Their checkpoints must not wait until there
		// are as many of them as there were.
		if !s.lost {
			s.opts.LogError(ctx, "the file of audit checkpoints knows of another log", fmt.Errorf("it has a checkpoint of %d events that the database does not have: "+
				"an older copy of the database was put back, or the end of the log was cut off; run ambit audit verify", size))
		}
		if err := s.sink.each(func(msg []byte, _ int64) { known[sha256.Sum256(msg)] = true }); err != nil {
			return err
		}
		size = 0
	}
	s.lost = len(known) > 0
	for {
		list, err := s.store.AuditCheckpoints(ctx, size, page)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, c := range list {
			size = c.Size
			if known[sha256.Sum256([]byte(c.Note))] {
				continue
			}
			if err := s.sink.append(c.Size, []byte(c.Note)); err != nil {
				return err
			}
		}
	}
}

// isLost tells whether the file's last checkpoint is not one of this log.
func (s *Service) isLost(ctx context.Context, size int64, note []byte) (bool, error) {
	if size == 0 {
		return false, nil
	}
	c, ok, err := s.store.AuditCheckpointOf(ctx, size)
	if err != nil || ok {
		return ok && c.Note != string(note), err
	}
	head, err := s.store.AuditHead(ctx)
	return head.Base <= size, err // else retention took it
}
