package tokens

import (
	"context"
	"fmt"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// Origin says where a request without a subject came from, for the audit log.
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
		if err := s.invalidate(ctx, g, v, from); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) invalidate(ctx context.Context, g access.Grant, value secret.String, from Origin) error {
	for _, digest := range s.digester.TokenDigests(value) {
		f, err := s.store.TokenFacts(ctx, digest)
		if hub.Is(err, hub.NotFound) || hub.Is(err, hub.Unauthorized) || hub.Is(err, hub.InvalidCredentials) {
			continue
		}
		if err != nil {
			return err
		}
		if f.Token == nil || !f.Token.RevokedAt.IsZero() {
			return nil
		}
		if f.Service != nil {
			return s.invalidateService(ctx, g, f, from)
		}
		ev := event(g, "token.invalidate", fmt.Sprintf("token %q of %s was presented as leaked", f.Token.Name, f.User.Name), f.User.ID, f.Token.ID)
		ev.IP, ev.UserAgent = from.IP, from.UserAgent
		ev.Notices = []hub.Notice{{Kind: "token.leaked", To: f.User.ID, Dedupe: string(f.Token.ID), Data: describe(*f.Token)}}
		return s.store.RevokeToken(ctx, f.Token.ID, Leaked, s.opts.Now().UTC(), ev)
	}
	return nil
}

// invalidateService ends a service account's token; the admins of its organization hear of it.
func (s *Service) invalidateService(ctx context.Context, g access.Grant, f hub.SubjectFacts, from Origin) error {
	a := f.Service
	ev := event(g, "token.invalidate", fmt.Sprintf("token %q of the service account %q of %s was presented as leaked", f.Token.Name, a.Name, a.OrgName), a.OrgID, f.Token.ID)
	ev.IP, ev.UserAgent = from.IP, from.UserAgent
	ev.Notices = []hub.Notice{{Kind: "token.leaked", To: a.OrgID, Dedupe: string(f.Token.ID), Data: describe(*f.Token)}}
	return s.store.RevokeServiceToken(ctx, f.Token.ID, Leaked, s.opts.Now().UTC(), ev)
}
