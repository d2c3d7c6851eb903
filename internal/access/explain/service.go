package explain

import (
	"context"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// serviceFacts are those of a service account with one of its tokens: the first that may do what is asked, else the newest
// that is live. Without a live token, or with one that is supposed, they have none yet but a token that may nothing. NotFound.
func (s *Service) serviceFacts(ctx context.Context, q Question) (hub.SubjectFacts, error) {
	a, err := s.account(ctx, q.Service)
	if err != nil {
		return hub.SubjectFacts{}, err
	}
	none, err := s.store.ServiceFacts(ctx, a.ID)
	if err != nil {
		return none, err
	}
	none.Token = &hub.Token{ID: hub.NewID(), Kind: hub.TokenFineGrained, CreatedAt: time.Now()}
	if q.Suppose.Token != nil {
		return none, nil
	}
	tokens, err := s.store.ServiceTokens(ctx, a.ID)
	if err != nil {
		return none, err
	}
	found := none
	for _, t := range tokens {
		f, err := s.store.TokenFactsByID(ctx, t.ID)
		if hub.Is(err, hub.NotFound) {
			continue
		}
		if err != nil {
			return f, err
		}
		sub := access.NewSubject(f, access.Credential{})
		if sub.Check(time.Now()) != nil {
			continue
		}
		found = f
		if _, err := s.zone.Authorize(ctx, sub, access.Need{Action: q.Action, Target: q.Target}); err == nil {
			break
		}
	}
	return found, nil
}

// account finds a service account by ORG/NAME or ORG/ID.
func (s *Service) account(ctx context.Context, text string) (hub.ServiceAccount, error) {
	org, name, ok := strings.Cut(text, "/")
	if !ok {
		return hub.ServiceAccount{}, hub.Errorf(hub.InvalidInput, "A service account is named ORGANIZATION/NAME, not %q.", text)
	}
	ns, err := s.store.Namespace(ctx, org)
	if err != nil {
		return hub.ServiceAccount{}, err
	}
	all, err := s.store.ServiceAccounts(ctx, ns.ID)
	for _, a := range all {
		if a.Name == name || string(a.ID) == name {
			return a, nil
		}
	}
	if err == nil {
		err = errNoSubject
	}
	return hub.ServiceAccount{}, err
}
