package daemon

import (
	"context"
	"encoding/base64"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// refresher reads subjects anew: by their credential, and people whom the operator named, who have none, by who they are.
type refresher struct {
	*identity.Authenticator
	db *meta.DB
}

// Refresh implements access.Refresher. Somebody who is gone is InvalidCredentials.
func (r refresher) Refresh(ctx context.Context, s *access.Subject) (*access.Subject, error) {
	if s.Credential() != (access.Credential{}) || s.Kind() != access.KindSession {
		return r.Authenticator.Refresh(ctx, s)
	}
	facts, err := r.db.UserFacts(ctx, s.UserID())
	if hub.Is(err, hub.NotFound) {
		return nil, hub.Wrap(err, hub.InvalidCredentials, "This account is gone.")
	}
	if err != nil {
		return nil, err
	}
	return access.NewSubject(facts, access.Credential{}).From(s.Addr()), nil
}

// sshSubject returns the subject of the SSH key with a SHA-256. InvalidCredentials for one that nobody has.
func sshSubject(ctx context.Context, db *meta.DB, key [32]byte) (*access.Subject, error) {
	k, err := db.SSHKeyByFingerprint(ctx, "SHA256:"+base64.RawStdEncoding.EncodeToString(key[:]))
	if err == nil {
		var facts hub.SubjectFacts
		if facts, err = db.UserFacts(ctx, k.UserID); err == nil {
			return access.NewSSHKeySubject(facts, key), nil
		}
	}
	if hub.Is(err, hub.NotFound) {
		err = hub.Wrap(err, hub.InvalidCredentials, "This SSH key is not known.")
	}
	return nil, err
}
