package explain

import (
	"context"
	"fmt"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Effect is what a token policy would do to the tokens of an organization.
type Effect struct {
	Policy   hub.TokenPolicy `json:"policy"`
	Tokens   int             `json:"tokens"` // looked at
	Stops    []Affected      `json:"stops"`  // work now and would not
	Starts   []Affected      `json:"starts"` // do not work now and would
	Sentence string          `json:"sentence"`
}

// Affected is one token that a policy concerns. Its name belongs to its owner and is not here.
type Affected struct {
	ID    hub.ID         `json:"id"`
	Owner string         `json:"owner"`
	Kind  hub.TokenKind  `json:"kind"`
	Last4 string         `json:"last4"`
	State hub.TokenState `json:"state"` // that it would have
}

// Policy tells which tokens a policy would stop and which it would let in again, before it is set. The grant is for
// OrgTokens.
func (s *Service) Policy(ctx context.Context, g access.Grant, p hub.TokenPolicy) (Effect, error) {
	ns, err := g.Namespace(access.OrgTokens)
	if err != nil {
		return Effect{}, err
	}
	return s.effect(ctx, ns, p)
}

// PolicyOf is Policy for administrators of the hub; the grant is for InstanceAdmin. NotFound when there is no such
// organization.
func (s *Service) PolicyOf(ctx context.Context, g access.Grant, org string, p hub.TokenPolicy) (Effect, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return Effect{}, err
	}
	ns, err := s.store.Namespace(ctx, org)
	if err != nil {
		return Effect{}, err
	}
	return s.effect(ctx, ns, p)
}

func (s *Service) effect(ctx context.Context, ns hub.Namespace, p hub.TokenPolicy) (Effect, error) {
	now, err := s.store.OrgRules(ctx, ns.ID)
	if err != nil {
		return Effect{}, err
	}
	e := Effect{Policy: p, Stops: []Affected{}, Starts: []Affected{}}
	for q := (hub.OrgTokenQuery{OrgID: ns.ID, WithRevoked: true, Limit: 1000}); ; {
		page, err := s.store.OrgTokens(ctx, q)
		if err != nil {
			return Effect{}, err
		}
		for i := range page {
			e.look(&page[i], ns, now)
		}
		if len(page) < q.Limit {
			break
		}
		q.After = page[len(page)-1].ID
	}
	e.Sentence = fmt.Sprintf("Under the policy %s %d of %d tokens with access to %s would stop working, and %d would work again.",
		p, len(e.Stops), e.Tokens, ns.Name, len(e.Starts))
	return e, nil
}

// look compares what the organization says about a token now and under the policy.
func (e *Effect) look(t *hub.OrgToken, ns hub.Namespace, now hub.OrgRules) {
	now.IPRanges = nil // where a request comes from is another matter
	f := hub.SubjectFacts{
		Token: &t.Token, User: hub.User{ID: t.UserID, Name: t.OwnerName},
		Memberships: []hub.Member{{OrgID: ns.ID, OrgName: ns.Name, UserID: t.UserID, Role: t.OwnerRole}},
		Rules:       []hub.OrgRules{now}, Grants: []hub.TokenGrant{t.Grant},
	}
	works := len(access.NewSubject(f, access.Credential{}).Restrictions(ns.ID)) == 0
	now.Tokens = e.Policy
	state := t.Grant
	if e.Policy == hub.RequireApproval && t.Kind == hub.TokenFineGrained { // others are refused by their kind
		state.State = entered(state)
	}
	f.Rules, f.Grants = []hub.OrgRules{now}, []hub.TokenGrant{state}
	would := len(access.NewSubject(f, access.Credential{}).Restrictions(ns.ID)) == 0
	a := Affected{t.ID, t.OwnerName, t.Kind, t.Last4, state.State}
	e.Tokens++
	switch {
	case works && !would:
		e.Stops = append(e.Stops, a)
	case !works && would:
		e.Starts = append(e.Starts, a)
	}
}
