package identity

import (
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// TestDeadCredentialsHaveAnOwner: whoever presents one is told the constant; behind the error stand its owner and the
// reason, of a credential that there was.
func TestDeadCredentialsHaveAnOwner(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(b *bench, f *hub.SubjectFacts)
		says string
	}{
		"expired":   {func(b *bench, f *hub.SubjectFacts) { f.Token.ExpiresAt = b.now.Add(-time.Minute) }, "expired on 2026-11-25 11:59 UTC"},
		"deleted":   {func(b *bench, f *hub.SubjectFacts) { f.Token.RevokedAt = b.now }, "was deleted or revoked on 2026-11-25 12:00 UTC"},
		"suspended": {func(_ *bench, f *hub.SubjectFacts) { f.User.Suspended = true }, "belongs to an account that is suspended"},
	} {
		b := newBench(t)
		b.store.edit(b.digest, func(f *hub.SubjectFacts) { c.edit(b, f) }, hub.Change{Kind: hub.ChangeToken, ID: b.token.ID})
		s, err := b.get("Bearer " + b.value)
		if s != nil || !hub.Is(err, hub.InvalidCredentials) || err.(*hub.Error).Message != hub.MessageInvalidCredentials {
			t.Errorf("%s: %v %v", name, s, err)
			continue
		}
		d := Whose(err)
		if d == nil || d.Subject.UserID() != b.user.ID || d.Subject.TokenID() != b.token.ID || !strings.Contains(d.Error(), c.says) || strings.Contains(d.Error(), b.value) {
			t.Errorf("%s: %+v", name, d)
		}
	}
	b := newBench(t)
	for _, header := range []string{"Bearer nonsense", "Bearer hf_" + strings.Repeat("a", 34), "Bearer api_org_" + strings.Repeat("a", 34)} {
		if _, err := b.get(header); err == nil || Whose(err) != nil {
			t.Errorf("%s is somebody's", header)
		}
	}
	if Whose(nil) != nil || Whose(access.NeedsCredential()) != nil {
		t.Error("another error is somebody's")
	}
}
