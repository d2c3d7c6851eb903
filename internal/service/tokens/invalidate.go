package tokens

import (
	"context"
	"fmt"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// Origin says where a request came from, for the audit log.
type Origin struct {
	IP        string
	UserAgent string
}

// Invalidate ends every token among the values, whoever presents them: who finds a leaked token can make it harmless
// without an account. What is not a token of this hub by its checksum is neither hashed nor looked up nor logged;
// unknown and dead tokens are passed over in silence, so repeating is harmless and nothing is learnt from the answer.
// Needs PublicRoute. Source: Hub documentation, "User access tokens".
func (s *Service) Invalidate(ctx context.Context, g access.Grant, values []secret.String, from Origin) error {
	if err := g.Has(access.PublicRoute); err != nil {
		return err
	}
	for _, v := range values {
		if s.format.Classify(v.Reveal()) != tokenfmt.Ours {
			continue
		}
		if err := s.From(from).invalidate(ctx, g, v); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) invalidate(ctx context.Context, g access.Grant, value secret.String) error {
	h, err := s.known(ctx, value)
	if err != nil || h == nil || !h.token.RevokedAt.IsZero() {
		return err
	}
	ev := s.event(g, "token.invalidate", fmt.Sprintf("token %q%s was presented as leaked", h.token.Name, h.of()), h.to, h.token.ID)
	ev.Notices = []hub.Notice{{Kind: h.kind("leaked"), To: h.to, Dedupe: string(h.token.ID), Data: h.describe()}}
	err = s.revoke(ctx, *h, Leaked, s.opts.Now().UTC(), ev)
	if hub.Is(err, hub.NotFound) {
		return nil // somebody was faster
	}
	return err
}
