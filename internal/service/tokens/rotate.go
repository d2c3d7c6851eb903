package tokens

import (
	"context"
	"fmt"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// Rotation says what else a rotation does.
type Rotation struct {
	Overlap   time.Duration // the old value works that much longer, with a warning in every answer
	ExpiresAt *time.Time    // new end of the token, zero for never; nil: the end stays, unless it has become too long
}

// Rotate gives a token a new value; the old one is dead when it returns, or when the overlap is over. A value that was
// still working from an earlier rotation is dead in any case. Name and permissions stay. Needs TokenManage for one's own,
// InstanceAdmin for others'. NotFound; Conflict for a token that is no longer live; InvalidInput for an overlap that is
// negative or longer than the hub allows, and for an expiry that the token cannot have.
func (s *Service) Rotate(ctx context.Context, g access.Grant, id hub.ID, r Rotation) (Created, error) {
	if err := hub.CheckOverlap(r.Overlap, s.opts.MaxOverlap); err != nil {
		return Created{}, err
	}
	t, err := s.live(ctx, g, id)
	if err != nil {
		return Created{}, err
	}
	limits, err := s.lifetimes(ctx, t.Token, nil)
	if err != nil {
		return Created{}, err
	}
	now := s.opts.Now().UTC()
	ev := s.event(g, "token.rotate", fmt.Sprintf("rotated token %q of %s", t.Name, t.UserName), t.UserID, t.ID)
	end := limits.Kept(t.ExpiresAt, now)
	if r.ExpiresAt != nil {
		if end, err = limits.Expiry(*r.ExpiresAt, r.ExpiresAt.IsZero(), now, now); err != nil {
			return Created{}, err
		}
	}
	until := now.Add(r.Overlap)
	if r.Overlap > 0 {
		ev.Message += ", its old value works until " + until.Format(time.RFC3339)
	}
	changes := !end.Equal(t.ExpiresAt)
	if changes {
		ev.Message += ", it expires " + onOrNever(end)
	}
	value := secret.New(s.format.Generate())
	t.Last4, t.RotatedAt, t.ExpiresAt = tokenfmt.Last4(value.Reveal()), now, end
	kid, digest := s.digester.TokenDigest(value)
	to := hub.Rotation{Last4: t.Last4, KID: kid, Digest: digest, At: now, Until: until}
	if changes {
		to.ExpiresAt = &end // else it stays as somebody may be changing it now
	}
	err = s.store.RotateTokenTo(ctx, t.ID, to, ev)
	if err != nil {
		return Created{}, err
	}
	t.Gen++
	return Created{t, value}, nil
}

func onOrNever(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return "on " + t.UTC().Format(time.RFC3339)
}
