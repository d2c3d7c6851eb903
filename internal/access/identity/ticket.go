package identity

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Ticket is what a signed URL allows, for clients that come without their credential: git-lfs and Xet
// transfers. It allows nothing by itself: at redemption its holder's subject is read anew, and the caller
// must authorize Action on the repository again.
type Ticket struct {
	Method  string // of the HTTP request: PUT, GET, POST
	Action  access.Action
	RepoID  hub.ID
	Digest  hub.Digest // of the object; empty if it is not bound to one
	Size    int64      // bytes, -1 if not bound
	Upload  hub.ID     // upload session, empty if none
	Part    int        // of the upload, 0 if none
	Expires time.Time
}

// Need is what must be authorized again when the ticket is redeemed.
func (t Ticket) Need() access.Need {
	return access.Need{Action: t.Action, Target: access.RepoRow(t.RepoID)}
}

// Mint returns the text of a ticket for s: URL-safe, about 200 characters. It dies with the credential of s.
func (a *Authenticator) Mint(s *access.Subject, t Ticket) string { return "" }

// Redeem checks a ticket's text for a request with the given method and returns the subject as it is now.
// A ticket that is forged, expired or for another method is Forbidden; one whose parent credential is dead is
// InvalidCredentials.
func (a *Authenticator) Redeem(ctx context.Context, text, method string) (*access.Subject, Ticket, error) {
	return nil, Ticket{}, hub.Errorf(hub.Unavailable, "not yet")
}
