package accounts

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// Lengths of what people write about themselves.
const (
	maxFullName = 200 // characters
	maxEmail    = 254 // bytes; source: RFC 5321, 4.5.3.1.3, less the angle brackets
)

// NewUser is what an account is made of. An empty password makes one that can only be used through tokens.
type NewUser struct {
	Name     string
	FullName string
	Email    string
	Password secret.String
	Admin    bool // of the instance
}

// CreateUser makes an account. Needs InstanceAdmin. Codes: InvalidInput; Conflict when a user or an organization has
// the name already, in whatever case.
func (s *Service) CreateUser(ctx context.Context, g access.Grant, n NewUser) (hub.User, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return hub.User{}, err
	}
	return s.createUser(ctx, n, event(g, "user.create", ""))
}

func (s *Service) createUser(ctx context.Context, n NewUser, ev hub.Event) (hub.User, error) {
	u := hub.User{Name: n.Name, FullName: strings.TrimSpace(n.FullName), Email: strings.TrimSpace(n.Email), Admin: n.Admin, CreatedAt: s.now().UTC()}
	if err := hub.CheckNamespace(u.Name); err != nil {
		return hub.User{}, err
	}
	if err := checkProfile(u.FullName, u.Email); err != nil {
		return hub.User{}, err
	}
	hash := ""
	if !n.Password.IsZero() {
		var err error
		if hash, err = s.passwords.hash(ctx, n.Password.Reveal()); err != nil {
			return hub.User{}, err
		}
		u.HasPassword = true
	}
	ev.Message = fmt.Sprintf("created user %s", u.Name)
	if u.Admin {
		ev.Message += " as an administrator of the hub"
	}
	err := hub.GiveID(s.now(), func(id hub.ID) error {
		u.ID, ev.NamespaceID, ev.TargetID = id, id, id
		return s.store.CreateUser(ctx, u, hash, ev)
	})
	if err != nil {
		return hub.User{}, err
	}
	return u, nil
}

// UserByName finds an account and its memberships. Needs InstanceAdmin. NotFound.
func (s *Service) UserByName(ctx context.Context, g access.Grant, name string) (hub.User, []hub.Member, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return hub.User{}, nil, err
	}
	u, err := s.store.UserByName(ctx, name)
	if err != nil {
		return hub.User{}, nil, err
	}
	ms, err := s.store.MembershipsOf(ctx, u.ID)
	return u, ms, err
}

// Users lists up to limit accounts after the given one, oldest first. Needs InstanceAdmin.
func (s *Service) Users(ctx context.Context, g access.Grant, after hub.ID, limit int) ([]hub.User, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return nil, err
	}
	return s.store.ListUsers(ctx, after, limit)
}

// CountUsers tells how many accounts there are. Needs InstanceAdmin.
func (s *Service) CountUsers(ctx context.Context, g access.Grant) (int64, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return 0, err
	}
	return s.store.CountUsers(ctx)
}

// UserChange is what EditUser changes; nil fields stay as they are.
type UserChange struct {
	FullName *string
	Email    *string
	Admin    *bool // of the instance
}

// EditUser changes what an account says about its person, and whether it administers the hub. Needs InstanceAdmin.
// NotFound; InvalidInput; Forbidden for taking the hub's administration from oneself.
func (s *Service) EditUser(ctx context.Context, g access.Grant, name string, c UserChange) (hub.User, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return hub.User{}, err
	}
	u, err := s.store.UserByName(ctx, name)
	if err != nil {
		return hub.User{}, err
	}
	ev := event(g, "user.update", "")
	ev.NamespaceID, ev.TargetID = u.ID, u.ID
	err = s.store.ChangeUser(ctx, u.ID, ev, func(now *hub.User) (string, error) {
		message, err := c.apply(now, g.Subject().UserID())
		u = *now
		return message, err
	})
	return u, err
}

// apply makes the change to u, as the user by wants it, and says what it is. InvalidInput, Forbidden.
func (c UserChange) apply(u *hub.User, by hub.ID) (message string, err error) {
	message = "changed user " + u.Name
	if c.FullName != nil {
		u.FullName = strings.TrimSpace(*c.FullName)
	}
	if c.Email != nil && strings.TrimSpace(*c.Email) != u.Email {
		u.Email, u.EmailVerified = strings.TrimSpace(*c.Email), false
	}
	if c.Admin != nil && *c.Admin != u.Admin {
		if u.ID == by {
			return "", hub.Errorf(hub.Forbidden, "An administrator cannot do this to himself: ask another one.")
		}
		u.Admin = *c.Admin
		message += map[bool]string{true: ": made him an administrator of the hub", false: ": no administrator of the hub any more"}[u.Admin]
	}
	return message, checkProfile(u.FullName, u.Email)
}

// SetSuspended refuses every credential of a user from the moment it returns, or lets him in again. Needs
// InstanceAdmin. NotFound; Forbidden for oneself.
func (s *Service) SetSuspended(ctx context.Context, g access.Grant, name string, suspended bool) error {
	u, err := s.other(ctx, g, name)
	if err != nil {
		return err
	}
	ev := event(g, "user.resume", "let user "+u.Name+" in again")
	if suspended {
		ev = event(g, "user.suspend", "suspended user "+u.Name)
	}
	ev.NamespaceID, ev.TargetID = u.ID, u.ID
	return s.store.SetSuspended(ctx, u.ID, suspended, ev)
}

// DeleteUser removes an account with its tokens, sessions and memberships. Needs InstanceAdmin. NotFound; Forbidden for
// oneself; Conflict while the user owns repositories or is the only administrator of an organization.
func (s *Service) DeleteUser(ctx context.Context, g access.Grant, name string) error {
	u, err := s.other(ctx, g, name)
	if err != nil {
		return err
	}
	ev := event(g, "user.delete", "deleted user "+u.Name)
	ev.NamespaceID, ev.TargetID = u.ID, u.ID
	return s.store.DeleteUser(ctx, u.ID, ev)
}

// other finds the user that an administrator acts on, who must not be himself: an administrator who locks himself
// out may have locked everybody out.
func (s *Service) other(ctx context.Context, g access.Grant, name string) (hub.User, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return hub.User{}, err
	}
	u, err := s.store.UserByName(ctx, name)
	if err == nil && u.ID == g.Subject().UserID() {
		return hub.User{}, hub.Errorf(hub.Forbidden, "An administrator cannot do this to himself: ask another one.")
	}
	return u, err
}

// SetPassword changes a user's password; his browser sessions end. Needs InstanceAdmin. InvalidInput, NotFound.
func (s *Service) SetPassword(ctx context.Context, g access.Grant, name string, pw secret.String) error {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return err
	}
	if err := s.passwords.check(pw.Reveal()); err != nil {
		return err
	}
	u, err := s.store.UserByName(ctx, name)
	if err != nil {
		return err
	}
	hash, err := s.passwords.hash(ctx, pw.Reveal())
	if err != nil {
		return err
	}
	ev := event(g, "user.set_password", "set the password of user "+u.Name)
	ev.NamespaceID, ev.TargetID = u.ID, u.ID
	if err := s.store.SetPassword(ctx, u.ID, hash, ev); err != nil {
		return err
	}
	// Afterwards, so that nobody signs in again with the old password in between.
	end := event(g, "user.end_sessions", "ended the browser sessions of "+u.Name)
	end.NamespaceID, end.TargetID = u.ID, u.ID
	return s.store.DeleteSessionsOf(ctx, u.ID, end)
}

// checkProfile checks a full name and an e-mail address, both of which may be empty. InvalidInput.
func checkProfile(fullName, email string) error {
	if utf8.RuneCountInString(fullName) > maxFullName || !printable(fullName) {
		return hub.Errorf(hub.InvalidInput, "A full name is one line of at most %d characters.", maxFullName)
	}
	if email == "" {
		return nil
	}
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || len(email) > maxEmail {
		return hub.Errorf(hub.InvalidInput, "%q is not an e-mail address.", email)
	}
	return nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}
