package compat

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/testkit/law"
)

// The decision tables by the official Python client: every row that one of its functions can ask, with the class of the
// exception and the words of its message. The hub is in this process, with the world of the tables.
func TestLaw(t *testing.T) {
	tables := filepath.Join(root, "internal/access/testdata")
	for name, rows := range law.Read(t, tables) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := law.Build(t, law.Start(t), tables)
			var asked []vars
			for _, r := range rows {
				if v, ok := question(w, r); ok {
					asked = append(asked, v)
				}
			}
			if len(asked) == 0 { // a table of credentials that this client cannot send, such as SSH keys
				return
			}
			out := python(t, &hub{url: w.URL}, "law", vars{"rows": asked})
			t.Logf("%d rows, %d questions: %s", len(rows), len(asked), out)
		})
	}
}

// question is a row as the script takes it; false for credentials and names that the client cannot send.
func question(w *law.World, r law.Row) (vars, bool) {
	header, value, ok := w.Credential(r)
	if !ok || header == "Cookie" {
		return nil, false
	}
	kind, name, _ := strings.Cut(strings.TrimPrefix(r.Target, "new:"), ":")
	if strings.ContainsAny(name, "@+") || strings.HasPrefix(name, "/") || strings.ContainsFunc(name, func(c rune) bool { return c > 126 }) {
		return nil, false
	}
	outcome, moved, _ := strings.Cut(r.Outcome, "=")
	return vars{
		"at": r.At, "token": strings.TrimPrefix(value, "Bearer "), "address": r.Address(), "action": r.Action, "type": kind, "name": name,
		"outcome": outcome, "moved": moved, "says": append([]string{}, r.Says...),
	}, true
}
