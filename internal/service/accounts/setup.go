package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// setupSetting keeps the digest of the one-time link that makes the first administrator.
const setupSetting = "setup.link"

// NewSetupLink makes the secret of a one-time link for a hub without users; an earlier one is void. Needs
// InstanceAdmin. Conflict when the hub has a user.
func (s *Service) NewSetupLink(ctx context.Context, g access.Grant) (secret.String, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return secret.String{}, err
	}
	if err := s.stillEmpty(ctx); err != nil {
		return secret.String{}, err
	}
	link := secret.New(rand.Text())
	return link, s.store.PutSetting(ctx, setupSetting, hex.EncodeToString(s.digester.SessionDigest(link)))
}

// SetUp makes the first administrator with the secret of the link. Needs PublicRoute. Forbidden for a wrong or used
// secret and on a hub that has users; InvalidInput for what an account cannot be.
func (s *Service) SetUp(ctx context.Context, g access.Grant, link secret.String, n NewUser, from Origin) (hub.User, error) {
	if err := g.Has(access.PublicRoute); err != nil {
		return hub.User{}, err
	}
	leave, err := s.enterSetup(ctx)
	if err != nil {
		return hub.User{}, err
	}
	defer leave()
	void := hub.Errorf(hub.Forbidden, "The set-up link is not valid any more. Starting the hub anew prints another one while it has no user.")
	want, ok, err := s.store.Setting(ctx, setupSetting)
	if err != nil {
		return hub.User{}, err
	}
	got := hex.EncodeToString(s.digester.SessionDigest(link))
	if !ok || want == "" || subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 || s.stillEmpty(ctx) != nil {
		return hub.User{}, void
	}
	if n.Password.IsZero() {
		return hub.User{}, hub.Errorf(hub.InvalidInput, "The first administrator needs a password.")
	}
	n.Admin = true
	u, err := s.createUser(ctx, n, hub.Event{Type: "user.create", ActorName: "set-up link", IP: from.IP, UserAgent: from.UserAgent})
	if err != nil {
		return hub.User{}, err
	}
	return u, s.store.PutSetting(ctx, setupSetting, "")
}

// FirstAdmin makes the administrator that the configuration names, if the hub has no user; made tells whether it did.
// Needs InstanceAdmin. InvalidInput.
func (s *Service) FirstAdmin(ctx context.Context, g access.Grant, name string, pw secret.String) (made bool, err error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return false, err
	}
	leave, err := s.enterSetup(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	if err := s.stillEmpty(ctx); hub.Is(err, hub.Conflict) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	_, err = s.createUser(ctx, NewUser{Name: name, Password: pw, Admin: true}, event(g, "user.create", ""))
	return err == nil, err
}

func (s *Service) stillEmpty(ctx context.Context) error {
	n, err := s.store.CountUsers(ctx)
	if err == nil && n > 0 {
		return hub.Errorf(hub.Conflict, "The hub has users already.")
	}
	return err
}

// enterSetup lets one caller at a time make the first account.
func (s *Service) enterSetup(ctx context.Context) (leave func(), err error) {
	select {
	case s.setupTurn <- struct{}{}:
		return func() { <-s.setupTurn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
