package tokens

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// maxName is the length in characters of a token's display name.
// Source: access-model 2.5, as for the Hub's service-account tokens.
const maxName = 100

// NewToken is what a token is made of.
type NewToken struct {
	User         string // owner; empty: whoever asks. Another than oneself needs InstanceAdmin
	Name         string
	Kind         hub.TokenKind
	Scopes       []NewScope       // fine-grained only, like the two below
	Global       []hub.Permission // atoms without an entity
	CanReadGated bool
	ExpiresAt    time.Time // zero: after the usual lifetime, if the hub or an organization of the token has one
	Never        bool      // no expiry, whatever is usual
}

// Create makes a token. Needs TokenManage for oneself, InstanceAdmin for others. InvalidInput for what a token
// cannot be; NotFound for an owner or entity; Forbidden for a suspended owner; Conflict over the limit of tokens.
func (s *Service) Create(ctx context.Context, g access.Grant, n NewToken) (Created, error) {
	owner, err := s.owner(ctx, g, n.User)
	if err != nil {
		return Created{}, err
	}
	if owner.Suspended {
		return Created{}, hub.Errorf(hub.Forbidden, "%s is suspended: a token would be refused everywhere.", owner.Name)
	}
	now := s.opts.Now().UTC()
	t := hub.Token{ID: hub.NewIDAt(now), UserID: owner.ID, Kind: n.Kind, CanReadGated: n.CanReadGated, Gen: 1, CreatedAt: now}
	if t.Name, err = checkName(n.Name); err != nil {
		return Created{}, err
	}
	if err := s.permissions(ctx, g, owner, &t, n.Scopes, n.Global); err != nil {
		return Created{}, err
	}
	limits, err := s.lifetimes(ctx, t, nil)
	if err != nil {
		return Created{}, err
	}
	if t.ExpiresAt, err = limits.Expiry(n.ExpiresAt, n.Never, now, now); err != nil {
		return Created{}, err
	}
	if err := s.checkCounts(ctx, owner.Name, t, true, nil); err != nil {
		return Created{}, err
	}
	value := secret.New(s.format.Generate())
	t.Last4 = tokenfmt.Last4(value.Reveal())
	kid, digest := s.digester.TokenDigest(value)
	ev := s.event(g, "token.create", created(t, owner.Name), owner.ID, t.ID)
	if err := s.store.CreateToken(ctx, t, kid, digest, ev); err != nil {
		return Created{}, err
	}
	return Created{Owned{t, owner.Name}, value}, nil
}

// owner finds whose token is to be made.
func (s *Service) owner(ctx context.Context, g access.Grant, name string) (hub.User, error) {
	if g.Has(access.InstanceAdmin) == nil && name != "" {
		return s.store.UserByName(ctx, name)
	}
	if err := g.Has(access.TokenManage); err != nil {
		return hub.User{}, err
	}
	u, err := s.store.UserByID(ctx, g.Subject().UserID())
	if err == nil && name != "" && hub.NameKey(name) != hub.NameKey(u.Name) {
		return hub.User{}, hub.Errorf(hub.Forbidden, "Only your own tokens can be managed here.")
	}
	return u, err
}

func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > maxName || !utf8.ValidString(name) || strings.IndexFunc(name, unicode.IsControl) >= 0 {
		return "", hub.Errorf(hub.InvalidInput, "A token needs a name of 1 to %d characters, such as the program or machine that uses it.", maxName)
	}
	return name, hub.CheckNoToken("name of a token", name)
}
