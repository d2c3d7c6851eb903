package outbox

import (
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestNamesAreNames: what people call themselves and their things stays one line in the hub's letter, in the order in which it
// was written.
func TestNamesAreNames(t *testing.T) {
	subject, text := words("gate.requested", hub.User{Name: "alice", FullName: "A\r\nBcc: x"}, map[string]string{
		"user": "bob\u2028\u2029\u202egro", "repository": "acme/a\x1b[31m\tb"}, "")
	for _, s := range []string{subject, text} {
		if strings.ContainsAny(s, "\r\x1b\t\u2028\u2029\u202e") {
			t.Errorf("got %q", s)
		}
	}
	if !strings.HasPrefix(text, "Hello A  Bcc: x,\n\n") || subject != "bob   gro asks for access to acme/a [31m b" {
		t.Errorf("got %q, %q", subject, text)
	}
}
