package repos

import (
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// maxRefName is the length in bytes that the name of a branch or tag may have.
const maxRefName = 200

// CheckBranchName tells whether a branch may have that name, without refs/heads/; the error is InvalidInput.
func CheckBranchName(name string) error {
	if strings.HasPrefix(name, "refs/") || name == "HEAD" {
		return hub.Errorf(hub.InvalidInput, "Invalid reference for a branch: %s", clip(name))
	}
	return checkRefName("branch", name)
}

// CheckTagName tells whether a tag may have that name, without refs/tags/; the error is InvalidInput.
func CheckTagName(name string) error {
	if strings.HasPrefix(name, "refs/") || name == "HEAD" {
		return hub.Errorf(hub.InvalidInput, "Invalid reference for a tag: %s", clip(name))
	}
	return checkRefName("tag", name)
}

// checkRefName applies git's rules, and one of our own: a name must not look like a commit id.
// Source: git documentation, git-check-ref-format.
func checkRefName(what, name string) error {
	bad := func(why string) error {
		return hub.Errorf(hub.InvalidInput, "Invalid %s name %q: %s.", what, clip(name), why)
	}
	if err := hub.CheckNoToken("name of the "+what, name); err != nil {
		return err
	}
	switch {
	case name == "":
		return bad("it is empty")
	case len(name) > maxRefName:
		return bad("it is too long")
	case name == "@", strings.Contains(name, "@{"), strings.Contains(name, ".."):
		return bad(`it must not be "@" nor contain "@{" or ".."`)
	case strings.HasPrefix(name, "-"):
		return bad("it must not start with a dash")
	case strings.HasSuffix(name, "."):
		return bad("it must not end with a dot")
	}
	for _, c := range name {
		if c <= ' ' || c == 0x7f || c == 0xFFFD || strings.ContainsRune(`~^:?*[\`, c) {
			return bad("spaces, control characters and any of ~ ^ : ? * [ \\ are not allowed")
		}
	}
	for _, part := range strings.Split(name, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return bad(`no part may be empty, start with a dot or end with ".lock"`)
		}
	}
	if _, err := hub.ParseOID(name); err == nil {
		return bad("it looks like a commit id")
	}
	return nil
}

func clip(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}
