package identity

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
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
	Bound   string     // what else it is for, such as a revision or a range of bytes; at most 255 bytes, longer is a fault
	Expires time.Time  // whole seconds
}

// Need is what must be authorized again when the ticket is redeemed.
func (t Ticket) Need() access.Need {
	return access.Need{Action: t.Action, Target: access.RepoRow(t.RepoID)}
}

const (
	ticketVersion = 2
	tagSize       = 32
	maxTicket     = 1024 // bytes of text
)

// ticketActions are the actions that a ticket may carry, by the name it carries them under: numbers may
// change between versions of the program.
var ticketActions = map[string]access.Action{
	access.RepoContentRead.String(): access.RepoContentRead,
	access.RepoWrite.String():       access.RepoWrite,
	access.DiscussionWrite.String(): access.DiscussionWrite,
}

// The credential that a ticket descends from.
const (
	parentAnonymous byte = iota
	parentToken
	parentSession
	parentSSH
)

// Mint returns the text of a ticket for s: URL-safe, about 250 characters. It dies with the credential of s.
// An action other than RepoContentRead, RepoWrite and DiscussionWrite, or the operator's subject, is a fault and gives a
// ticket that Redeem refuses.
func (a *Authenticator) Mint(s *access.Subject, t Ticket) string {
	c := s.Credential()
	parent := parentToken
	switch {
	case s.IsAnonymous():
		parent = parentAnonymous
	case c.Session:
		parent = parentSession
	case s.Kind() == access.KindSSH:
		parent = parentSSH
	}
	b := append(make([]byte, 0, 256), ticketVersion, parent)
	b = append(b, c.Digest[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(t.Expires.Unix()))
	b = binary.BigEndian.AppendUint64(b, uint64(t.Size))
	b = binary.BigEndian.AppendUint32(b, uint32(t.Part))
	for _, field := range []string{t.Method, t.Action.String(), string(t.RepoID), string(t.Digest), string(t.Upload), t.Bound} {
		field = field[:min(len(field), 255)]
		b = append(b, byte(len(field)))
		b = append(b, field...)
	}
	tag := a.keys.newest().ticket.sum(string(b))
	return base64.RawURLEncoding.EncodeToString(append(b, tag[:]...))
}

// Redeem checks a ticket's text for a request with the given method and returns the subject as it is now.
// A ticket that is forged, expired or for another method is Forbidden; one whose parent credential is dead is
// InvalidCredentials.
func (a *Authenticator) Redeem(ctx context.Context, text, method string) (*access.Subject, Ticket, error) {
	body, ok := a.verifyTicket(text)
	if !ok {
		return nil, Ticket{}, badTicket("ticket.invalid", "This link is not valid.")
	}
	t, parent, d, ok := parseTicket(body)
	switch {
	case !ok:
		return nil, Ticket{}, badTicket("ticket.invalid", "This link is not valid.")
	case t.Method != method:
		return nil, Ticket{}, badTicket("ticket.method", "This link is for another method.")
	case !a.opts.Now().Before(t.Expires):
		return nil, Ticket{}, badTicket("ticket.expired", "This link has expired: ask for a new one.")
	}
	if parent == parentAnonymous {
		return access.Anonymous(), t, nil
	}
	var s *access.Subject
	var err error
	if parent == parentSSH {
		s, err = a.ofKey(ctx, d)
	} else {
		s, err = a.resolve(ctx, d, nil, parent == parentSession, Credentials{})
	}
	if err != nil {
		return nil, Ticket{}, err
	}
	return s, t, nil
}

func badTicket(reason, message string) *hub.Error {
	return &hub.Error{Code: hub.Forbidden, Reason: reason, Message: message}
}

// verifyTicket returns the signed part of a ticket. Tags are compared in constant time.
func (a *Authenticator) verifyTicket(text string) ([]byte, bool) {
	if len(text) > maxTicket {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) <= tagSize {
		return nil, false
	}
	body, tag := b[:len(b)-tagSize], b[len(b)-tagSize:]
	valid := false
	for _, k := range a.keys.entries() {
		want := k.ticket.sum(string(body))
		valid = hmac.Equal(want[:], tag) || valid
	}
	return body, valid
}

// parseTicket reads what Mint wrote. The bytes are ours, but of whatever version wrote them.
func parseTicket(b []byte) (t Ticket, parent byte, d digest, ok bool) {
	const fixed = 2 + len(d) + 8 + 8 + 4
	if len(b) < fixed || b[0] != ticketVersion || b[1] > parentSSH {
		return t, 0, d, false
	}
	parent = b[1]
	copy(d[:], b[2:])
	rest := b[2+len(d):]
	t.Expires = time.Unix(int64(binary.BigEndian.Uint64(rest)), 0)
	t.Size = int64(binary.BigEndian.Uint64(rest[8:]))
	t.Part = int(binary.BigEndian.Uint32(rest[16:]))
	rest = rest[20:]
	var fields [6]string
	for i := range fields {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			return t, 0, d, false
		}
		fields[i] = string(rest[1 : 1+int(rest[0])])
		rest = rest[1+int(rest[0]):]
	}
	t.Method, t.RepoID, t.Digest, t.Upload = fields[0], hub.ID(fields[2]), hub.Digest(fields[3]), hub.ID(fields[4])
	t.Bound = fields[5]
	t.Action, ok = ticketActions[fields[1]]
	return t, parent, d, ok && len(rest) == 0
}
