package access

import "github.com/ambit-hub/ambit/internal/hub"

// NeedsCredential is the error for an anonymous request that cannot even be read as far as its target, on a
// route that is not open: code Unauthorized. Saying what is wrong with the request would be of no use to a
// caller who may not make it.
func NeedsCredential() error {
	return &hub.Error{Code: hub.Unauthorized, Reason: ReasonCredentialRequired, Message: "Sign in with an access token to do this."}
}
