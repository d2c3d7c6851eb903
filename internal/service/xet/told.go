package xet

import (
	"context"
	"sync"
	"time"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
)

// tellEvery is how often at most it is written down that clients were told of a xorb. Graces are much longer.
const tellEvery = time.Hour

// told remembers what has been written down lately, so that a question costs no write. It is safe for concurrent use.
type told struct {
	mu sync.Mutex // guards at
	at map[holding]time.Time
}

type holding struct {
	domain hub.ID
	xorb   xethash.Hash
}

// maxTold bounds the memory of told, some 100 bytes for each. When there are more, all is written down anew.
const maxTold = 1 << 16

// stale returns those of the xorbs that nothing was written down about since before, and takes them as written at now.
func (t *told) stale(domain hub.ID, xorbs []hub.XetHash, now time.Time) (out []hub.XetHash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at == nil || len(t.at) > maxTold {
		t.at = map[holding]time.Time{}
	}
	for _, h := range xorbs {
		k := holding{domain, h}
		if last, ok := t.at[k]; !ok || now.Sub(last) >= tellEvery/2 || now.Before(last) {
			t.at[k] = now
			out = append(out, h)
		}
	}
	return out
}

// forget makes the xorbs stale again.
func (t *told) forget(domain hub.ID, xorbs []hub.XetHash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, h := range xorbs {
		delete(t.at, holding{domain, h})
	}
}

// tell writes down that clients are about to hear of xorbs of a domain, so that none of them is taken away while clients
// may refer to it.
func (s *Service) tell(ctx context.Context, domain hub.ID, xorbs []hub.XetHash) error {
	now := s.now()
	xorbs = s.told.stale(domain, xorbs, now)
	if len(xorbs) == 0 {
		return nil
	}
	err := s.meta.FreshenXetHoldings(ctx, domain, xorbs, now.Add(-tellEvery/2))
	if err != nil {
		s.told.forget(domain, xorbs)
	}
	return err
}
