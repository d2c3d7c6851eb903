// Package secret holds text that no way of printing reveals.
package secret

import (
	"crypto/subtle"
	"log/slog"
)

// String is a secret text. Printing, logging and marshalling it gives "[redacted]"; Reveal is the only way out.
// The text sits behind a pointer, because fmt cannot call methods on unexported fields of a struct and would
// print a plain string inside one. The zero value is the empty secret.
type String struct{ p *string }

// New makes a secret of s.
func New(s string) String { return String{&s} }

// Reveal returns the text. Search for its callers to see where secrets go.
func (s String) Reveal() string {
	if s.p == nil {
		return ""
	}
	return *s.p
}

// IsZero tells whether the secret is empty.
func (s String) IsZero() bool { return s.p == nil || *s.p == "" }

// Equal compares two secrets in time that depends on their lengths only.
func (s String) Equal(o String) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(o.Reveal())) == 1
}

const redacted = "[redacted]"

// String returns "[redacted]".
func (String) String() string { return redacted }

// GoString returns "[redacted]".
func (String) GoString() string { return redacted }

// LogValue returns "[redacted]".
func (String) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]".
func (String) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText takes the text as the secret, so that configuration files can hold one.
func (s *String) UnmarshalText(b []byte) error {
	t := string(b)
	s.p = &t
	return nil
}
