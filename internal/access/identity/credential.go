package identity

import (
	"encoding/base64"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
)

// maxHeader is the length in bytes above which an Authorization header or cookie cannot be one of ours.
const maxHeader = 4096

// Reason codes of refused credentials, for the log: callers are told only what refusal says.
const (
	reasonMalformed    = "credential.malformed"
	reasonScheme       = "credential.scheme"
	reasonForeign      = "credential.foreign"
	reasonOrganization = "credential.organization_token"
	reasonLegacy       = "credential.legacy_token"
	reasonPassword     = "credential.password"
	reasonUserName     = "credential.user_name"
	reasonUnknown      = "credential.unknown"
)

// refusal is the answer to a bad credential. The message is the constant that the Python client compares: with any other it
// takes a 401 on a repository's URL for a repository that is not there. What to use instead stands in the body, which it
// prints as well. Passwords come from git, which compares nothing.
func refusal(reason string) *hub.Error {
	e := &hub.Error{Code: hub.InvalidCredentials, Reason: reason, Message: hub.MessageInvalidCredentials}
	switch reason {
	case reasonOrganization:
		e.Hint = "Organization tokens (api_org_...) no longer exist: create a user access token of an account that is a member of the organization, and use that."
	case reasonLegacy:
		e.Hint = "Tokens that begin with api_ no longer exist: create a user access token, which begins with hf_, and use that."
	case reasonPassword:
		e.Message = "Account passwords are not accepted here: create a user access token and give it as the password."
	case reasonUserName:
		e.Message = "The access token stands in the place of the user name: give your user name there, and the token as the password."
	case reasonForeign:
		e.Hint = "This token was not issued by this hub, or a character of it is wrong. Check that the token and the endpoint belong together, or create a token here."
	case reasonMalformed, reasonScheme:
		e.Hint = "The Authorization header does not carry an access token of this hub: send \"Bearer hf_...\", or Basic with the token as password."
	}
	return e
}

// parseHeader returns the token of an Authorization header. Anything that is not a token of this hub is
// refused here, before it is hashed or looked up.
func parseHeader(f tokenfmt.Format, header string) (token string, err error) {
	scheme, rest, _ := strings.Cut(header, " ")
	rest = strings.TrimSpace(rest)
	basic := strings.EqualFold(scheme, "Basic")
	user := ""
	switch {
	case len(header) > maxHeader:
		return "", refusal(reasonMalformed)
	case basic:
		if user, rest, err = userAndPassword(rest); err != nil {
			return "", err
		}
	case !strings.EqualFold(scheme, "Bearer"):
		return "", refusal(reasonScheme)
	}
	switch f.Classify(rest) {
	case tokenfmt.Ours:
		return rest, nil
	case tokenfmt.Foreign:
		return "", refusal(reasonForeign)
	case tokenfmt.Organization:
		return "", refusal(reasonOrganization)
	case tokenfmt.Legacy:
		return "", refusal(reasonLegacy)
	case tokenfmt.OAuth:
		return "", refusal(reasonUnknown)
	}
	if c := f.Classify(user); c == tokenfmt.Ours || c == tokenfmt.Foreign { // as other hosts of git have it
		return "", refusal(reasonUserName)
	}
	if basic && rest != "" && !strings.HasPrefix(rest, "hf_") {
		return "", refusal(reasonPassword)
	}
	return "", refusal(reasonMalformed)
}

// userAndPassword decodes "user:password". The user name opens nothing, as clients fill it with anything.
func userAndPassword(encoded string) (user, password string, err error) {
	b, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", "", refusal(reasonMalformed)
	}
	user, password, ok := strings.Cut(string(b), ":")
	if !ok {
		return "", "", refusal(reasonMalformed)
	}
	return user, password, nil
}

// isUnknown tells a credential that the store does not know from a failure of the store.
func isUnknown(err error) bool { return hub.Is(err, hub.NotFound) || hub.Is(err, hub.Unauthorized) }

var _ access.Refresher = (*Authenticator)(nil)
