package identity

import (
	"errors"
	"fmt"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Dead stands behind the refusal of a credential that was good once. Its words are for who owned it and for nobody else:
// whoever presents such a credential is told no more than that it is not valid.
type Dead struct {
	Subject *access.Subject // whose it was; it opens nothing
	words   string
}

// Error says which credential it was and why it is no longer good.
func (d *Dead) Error() string { return d.words }

// Whose returns what is behind err, nil unless it is the refusal of a credential that was good once.
func Whose(err error) *Dead {
	d, _ := errors.AsType[*Dead](err)
	return d
}

// ofDead puts the subject behind the error that its Check returned.
func ofDead(err error, s *access.Subject) error {
	e, ok := errors.AsType[*hub.Error](err)
	if !ok || e.Err != nil || !s.HasToken() {
		return err
	}
	expires, last4 := s.Expires()
	d := &Dead{Subject: s, words: fmt.Sprintf("The access token %q (...%s) ", s.TokenName(), last4)}
	switch {
	case e.Reason == access.ReasonTokenExpired:
		d.words += "expired on " + expires.UTC().Format("2006-01-02 15:04 UTC") + "."
	case e.Reason == access.ReasonTokenRevoked:
		d.words += "was deleted or revoked on " + s.Revoked().UTC().Format("2006-01-02 15:04 UTC") + "."
	default:
		d.words += "belongs to an account that is suspended."
	}
	e.Err = d
	return e
}
