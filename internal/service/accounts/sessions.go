package accounts

import (
	"context"
	"crypto/rand"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// Origin says where a request came from, for the audit log.
type Origin struct {
	IP        string
	UserAgent string
}

// SignIn checks a name and a password and begins a browser session, whose cookie value it returns: the only time
// that it is seen. Needs PublicRoute. Unauthorized, with one sentence and after the same work, for an unknown name, a user
// without a password, a wrong password and a suspended user.
func (s *Service) SignIn(ctx context.Context, g access.Grant, name string, pw secret.String, from Origin) (hub.Session, secret.String, error) {
	if err := g.Has(access.PublicRoute); err != nil {
		return hub.Session{}, secret.String{}, err
	}
	hash := ""
	u, err := s.store.UserByName(ctx, name)
	if err == nil {
		hash, err = s.store.PasswordHash(ctx, u.ID)
	}
	if err != nil && !hub.Is(err, hub.NotFound) {
		return hub.Session{}, secret.String{}, err
	}
	ok, err := s.passwords.verify(ctx, hash, pw.Reveal())
	if err != nil {
		return hub.Session{}, secret.String{}, err
	}
	if !ok || u.Suspended {
		return hub.Session{}, secret.String{}, errSignIn
	}
	now := s.now().UTC()
	se := hub.Session{ID: hub.NewIDAt(now), UserID: u.ID, CreatedAt: now, ExpiresAt: now.Add(s.lifetime)}
	cookie := secret.New(rand.Text()) // 26 characters, 130 bits
	ev := hub.Event{Type: "user.sign_in", ActorID: u.ID, ActorName: u.Name, NamespaceID: u.ID, TargetID: se.ID,
		Message: u.Name + " signed in", IP: from.IP, UserAgent: from.UserAgent}
	if err := s.store.CreateSession(ctx, se, s.digester.SessionDigest(cookie), ev); err != nil {
		return hub.Session{}, secret.String{}, err
	}
	if err := s.recheck(ctx, u, hash, se, ev); err != nil {
		return hub.Session{}, secret.String{}, err
	}
	return se, cookie, nil
}

// recheck ends a session that was begun with a password which was changed meanwhile: who changes it ends the sessions that
// are there, and this one may have come later. Unauthorized.
func (s *Service) recheck(ctx context.Context, u hub.User, hash string, se hub.Session, began hub.Event) error {
	now, err := s.store.PasswordHash(ctx, u.ID)
	if err != nil || now == hash {
		return err
	}
	end := began
	end.Type, end.Message = "user.sign_out", u.Name+" was signed out: the password was changed meanwhile"
	if err := s.store.DeleteSession(ctx, se.ID, end); err != nil && !hub.Is(err, hub.NotFound) {
		return err
	}
	return errSignIn
}

// errSignIn says nothing about which of the two is wrong.
var errSignIn = hub.Errorf(hub.Unauthorized, "The name or the password is wrong.")

// SignOut ends the session that the holder of g uses; its cookie is refused when it returns. Needs AccountManage.
// NotFound when the credential is no session.
func (s *Service) SignOut(ctx context.Context, g access.Grant) error {
	if err := g.Has(access.AccountManage); err != nil {
		return err
	}
	c, u := g.Subject().Credential(), g.Subject()
	if !c.Session {
		return hub.Errorf(hub.NotFound, "This is no browser session.")
	}
	se, _, err := s.store.SessionByDigest(ctx, c.Digest[:])
	if err != nil {
		return err
	}
	ev := event(g, "user.sign_out", u.UserName()+" signed out")
	ev.NamespaceID, ev.TargetID = u.UserID(), se.ID
	return s.store.DeleteSession(ctx, se.ID, ev)
}
