package daemon

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// refresher reads subjects anew: those of tokens and sessions by their credential, and those of people who have none by
// who they are: signed in with an SSH key, whose connection sees to the key, or named by the operator.
type refresher struct {
	*identity.Authenticator
	db *meta.DB
}

// Refresh implements access.Refresher. Somebody who is gone is InvalidCredentials.
func (r refresher) Refresh(ctx context.Context, s *access.Subject) (*access.Subject, error) {
	if s.Credential() != (access.Credential{}) || s.Kind() != access.KindSSH && s.Kind() != access.KindSession {
		return r.Authenticator.Refresh(ctx, s)
	}
	facts, err := r.db.UserFacts(ctx, s.UserID())
	if hub.Is(err, hub.NotFound) {
		return nil, hub.Wrap(err, hub.InvalidCredentials, "This account is gone.")
	}
	if err != nil {
		return nil, err
	}
	if s.Kind() == access.KindSSH {
		return access.NewSSHSubject(facts).From(s.Addr()), nil
	}
	return access.NewSubject(facts, access.Credential{}).From(s.Addr()), nil
}
