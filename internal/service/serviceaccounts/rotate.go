package serviceaccounts

import (
	"context"
	"fmt"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// lifetimes is how long a value of a token of a may live.
func (s *Service) lifetimes(ctx context.Context, a hub.ServiceAccount) (hub.Lifetimes, error) {
	r, err := s.store.OrgRules(ctx, a.OrgID)
	return hub.Lifetimes{Longest: s.opts.MaxLifetime, Usual: s.opts.Lifetime}.Within(r, a.OrgName), err
}

// Rotation says what else a rotation does.
type Rotation struct {
	Overlap   time.Duration // the old value works that much longer, with a warning in every answer
	ExpiresAt *time.Time    // new end of the token, zero for never; nil: the end stays, unless it has become too long
}

// RotateToken gives a token a new value; permissions and exemption stay, and the old value is refused when it returns, or
// when the overlap is over. Whoever gets the new value must hold what it carries. Needs ServiceAccountsWrite on the
// organization, or InstanceAdmin. NotFound, Forbidden; Conflict for an expired token; InvalidInput for an overlap that is
// negative or longer than the hub allows, and for an expiry that the token cannot have.
func (s *Service) RotateToken(ctx context.Context, g access.Grant, org string, account, id hub.ID, r Rotation, from hub.Event) (Created, error) {
	for tries := 1; ; tries++ {
		c, err := s.rotate(ctx, g, org, account, id, r, from)
		if hub.Is(err, hub.Conflict) && tries < editTries {
			continue // it was changed meanwhile, and may carry more now: whoever gets the new value must hold that too
		}
		return c, err
	}
}

func (s *Service) rotate(ctx context.Context, g access.Grant, org string, account, id hub.ID, r Rotation, from hub.Event) (Created, error) {
	a, t, err := s.token(ctx, g, org, account, id)
	if err != nil {
		return Created{}, err
	}
	if err := hub.CheckOverlap(r.Overlap, s.opts.MaxOverlap); err != nil {
		return Created{}, err
	}
	now := s.now().UTC()
	if !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt) {
		return Created{}, hub.Errorf(hub.Conflict, "The token expired on %s. Make a new one.", t.ExpiresAt.UTC().Format(time.DateOnly))
	}
	limits, err := s.lifetimes(ctx, a)
	if err != nil {
		return Created{}, err
	}
	end := limits.Kept(t.ExpiresAt, now)
	if r.ExpiresAt != nil {
		if end, err = limits.Expiry(*r.ExpiresAt, r.ExpiresAt.IsZero(), now, now); err != nil {
			return Created{}, err
		}
	}
	t.ExpiresAt = end
	if err := s.within(ctx, g, a, t); err != nil {
		return Created{}, err
	}
	ev := orgs.Event(g, from, "org.service_account.token.rotate", fmt.Sprintf("rotated token %q of service account %q of %s", t.Name, a.Name, a.OrgName), a.OrgID, t.ID)
	until := now.Add(r.Overlap)
	if r.Overlap > 0 {
		ev.Message += ", its old value works until " + until.Format(time.RFC3339)
	}
	value := secret.New(s.format.Generate())
	t.Last4, t.RotatedAt = tokenfmt.Last4(value.Reveal()), now
	kid, digest := s.digester.TokenDigest(value)
	err = s.store.RotateServiceToken(ctx, t.ID, hub.Rotation{Last4: t.Last4, KID: kid, Digest: digest, At: now, Until: until, ExpiresAt: &end, Gen: t.Gen}, ev)
	if err != nil {
		return Created{}, err
	}
	t.Gen++
	return Created{t, value}, nil
}
