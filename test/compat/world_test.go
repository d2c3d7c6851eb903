package compat

import (
	"fmt"
	"testing"
)

// The people of the shared hub: their role in the organization acme, and what a test may use them for.
//
//	alice  admin        bob    write       carol  read
//	erin   contributor  dan    not a member
//
// Each has one plain read and one plain write token, made once because issuing tokens is not what most tests test.
var people = map[string]string{"alice": "admin", "bob": "write", "carol": "read", "erin": "contributor", "dan": ""}

// populate makes the people, the organization and the tokens.
func (h *hub) populate() error {
	run := func(stdin string, args ...string) error {
		_, err := h.ambit(stdin, args...)
		return err
	}
	for _, name := range []string{"alice", "bob", "carol", "dan", "erin"} {
		err := run("correct horse battery staple\n", "admin", "user", "create", name,
			"--email", name+"@example.org", "--full-name", "Person "+name, "--password-stdin")
		if err != nil {
			return err
		}
		for _, kind := range []string{"read", "write"} {
			tok, err := h.newToken(name, "--kind", kind)
			if err != nil {
				return err
			}
			h.tokens[name+" "+kind] = tok
		}
	}
	if err := run("", "admin", "org", "create", "acme", "--admin", "alice"); err != nil {
		return err
	}
	for name, role := range people {
		if role == "" || role == "admin" {
			continue
		}
		if err := run("", "admin", "member", "set", "acme", name, role); err != nil {
			return err
		}
	}
	return nil
}

// plain returns the value of one of the plain tokens.
func (h *hub) plain(t *testing.T, person, kind string) string {
	t.Helper()
	tok, ok := h.tokens[person+" "+kind]
	if !ok {
		t.Fatal(fmt.Errorf("no %s token of %s", kind, person))
	}
	return tok.Value
}
