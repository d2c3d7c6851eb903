package twin

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
)

// TestTakenNameTellsNothingElse bounds the one channel: to somebody who may create there, the answers for two names that
// are taken by hidden repositories, of different age and content, differ in the names alone.
func TestTakenNameTellsNothingElse(t *testing.T) {
	dir := t.TempDir()
	var w *world
	synctest.Test(t, func(t *testing.T) { w = build(t, dir) })
	synctest.Test(t, func(t *testing.T) {
		sleep(later)
		n := open(t, dir)
		defer n.close()
		c := w.callers[slices.IndexFunc(w.callers, func(c caller) bool { return c.name == "alice.org" })]
		var first []byte
		for _, name := range []string{"closed", "darker"} {
			q := request{method: "POST", target: "/api/repos/create", header: c.header.Clone(), body: fmt.Appendf(nil, `{"type":"model","organization":"acme","name":%q}`, name)}
			q.header.Set("Content-Type", asJSON)
			if hidden := n.do(request{method: "GET", target: "/api/models/acme/" + name, header: c.header}); hidden.status != 404 {
				t.Fatalf("%s is in sight: %s", name, hidden.bytes())
			}
			r := n.do(q)
			r.header.Del("Ratelimit")
			answer := bytes.ReplaceAll(r.bytes(), []byte(name), []byte("name"))
			if first == nil {
				first = answer
			}
			if r.status != 409 || len(name) != len("closed") || !bytes.Equal(answer, first) {
				t.Errorf("%s:\n%s\nnot\n%s", name, answer, first)
			}
		}
	})
}
