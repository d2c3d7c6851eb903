package hub

import (
	"regexp"
	"strings"
)

// tokenText finds what has the shape of an access token: of this hub, of another one, or of the kinds that came before. Names that
// people choose do not look like that: behind the prefix stand at least 34 letters and digits.
var tokenText = regexp.MustCompile(`(hf|api)_([a-z]+_)?[A-Za-z0-9]{34,}`)

// HoldsToken tells whether a text holds something shaped like an access token. People paste them in the wrong place: as the name of a
// branch, as the title of a commit. Nothing may be called so, because names stand in URLs, logs and the audit log.
func HoldsToken(s string) bool { return mayHoldToken(s) && tokenText.MatchString(s) }

// WithoutTokens replaces whatever is shaped like an access token by "[redacted]".
func WithoutTokens(s string) string {
	if !mayHoldToken(s) {
		return s
	}
	return tokenText.ReplaceAllString(s, "[redacted]")
}

// mayHoldToken spares most texts the search.
func mayHoldToken(s string) bool { return strings.Contains(s, "hf_") || strings.Contains(s, "api_") }

// CheckNoToken refuses a name that holds something shaped like an access token; what says which kind of name it is. InvalidInput.
func CheckNoToken(what, s string) error {
	if HoldsToken(s) {
		return Errorf(InvalidInput, "The %s holds what looks like an access token. Names are no secrets: choose another one, and rotate the token.", what)
	}
	return nil
}
