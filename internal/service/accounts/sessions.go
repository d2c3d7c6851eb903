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
	refused := hub.Errorf(hub.Unauthorized, "The name or the password is wrong.")
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
		return hub.Session{}, secret.String{}, refused
	}
	now := s.now().UTC()
	se := hub.Session{ID: hub.NewIDAt(now), UserID: u.ID, CreatedAt: now, ExpiresAt: now.Add(s.lifetime)}
	cookie := secret.New(rand.Text()) // 26 characters, 130 bits
	ev := hub.Event{Type: "user.sign_in", ActorID: u.ID, ActorName: u.Name, NamespaceID: u.ID, TargetID: se.ID,
		Message: u.Name + " signed in", IP: from.IP, UserAgent: from.UserAgent}
	if err := s.store.CreateSession(ctx, se, s.digester.SessionDigest(cookie), ev); err != nil {
		return hub.Session{}, secret.String{}, err
	}
	return se, cookie, nil
}

// SignOutHere ends the session that the holder of g uses; its cookie is refused when it returns. Needs AccountManage.
// NotFound when the credential is no session.
func (s *Service) SignOutHere(ctx context.Context, g access.Grant) error {
	if err := g.Has(access.AccountManage); err != nil {
		return err
	}
	c := g.Subject().Credential()
	if !c.Session {
		return hub.Errorf(hub.NotFound, "This is no browser session.")
	}
	se, _, err := s.store.SessionByDigest(ctx, c.Digest[:])
	if err != nil {
		return err
	}
	return s.SignOut(ctx, g, se.ID)
}

// SignOut ends a session of the caller; its cookie is refused when it returns. Needs AccountManage. NotFound.
func (s *Service) SignOut(ctx context.Context, g access.Grant, id hub.ID) error {
	if err := g.Has(access.AccountManage); err != nil {
		return err
	}
	u := g.Subject()
	ev := event(g, "user.sign_out", u.UserName()+" signed out")
	ev.NamespaceID, ev.TargetID = u.UserID(), id
	return s.store.DeleteSession(ctx, id, ev)
}
