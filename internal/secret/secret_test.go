package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestNoPrintingReveals(t *testing.T) {
	const text = "hf_mustnotleak"
	s := New(text)
	type holder struct {
		S String
		p String
		q *String
	}
	h := holder{S: s, p: s, q: &s}
	var buf bytes.Buffer
	for _, f := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		fmt.Fprintf(&buf, f+"\n", s)
		fmt.Fprintf(&buf, f+"\n", &s)
		fmt.Fprintf(&buf, f+"\n", h)
		fmt.Fprintf(&buf, f+"\n", []String{s})
		fmt.Fprintf(&buf, f+"\n", map[string]any{"k": h})
	}
	json.NewEncoder(&buf).Encode(h)
	slog.New(slog.NewJSONHandler(&buf, nil)).Info("x", "s", s, "h", h)
	slog.New(slog.NewTextHandler(&buf, nil)).Info("x", "s", s, "h", h)
	fmt.Fprintln(&buf, fmt.Errorf("failed with %v", s))
	hex := fmt.Sprintf("%x", text)
	if out := buf.String(); strings.Contains(out, "mustnotleak") || strings.Contains(out, hex) {
		t.Errorf("the secret leaks:\n%s", out)
	}
	if s.Reveal() != text || s.IsZero() || !s.Equal(New(text)) || s.Equal(New("other")) {
		t.Error("Reveal, IsZero or Equal is wrong")
	}
	var zero String
	if zero.Reveal() != "" || !zero.IsZero() {
		t.Error("the zero secret is empty")
	}
}
