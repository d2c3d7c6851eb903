package policies

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// maxReason is the length in characters of a reviewer's reason.
const maxReason = 500

// Query selects tokens for review; zero fields select all.
type Query struct {
	Owner       string // name
	Kind        hub.TokenKind
	State       hub.TokenState
	Revoked     bool // also those revoked in this organization
	UnusedSince time.Time
	Carries     hub.Permission
	Sign        hub.Sign // has this sign
	After       hub.ID
	Limit       int // 1 to 1000
}

// Reviewed is a token as an administrator sees it. Under every policy but approval Name is empty and, unless the
// token was revoked, so is the state: the badges belong to the approval flow.
// Source: Hub documentation, "Tokens management".
type Reviewed struct {
	hub.OrgToken
	Signs []hub.Sign
}

// Page is a page of tokens with the policy under which they are seen.
type Page struct {
	Policy hub.TokenPolicy
	Tokens []Reviewed
	Next   hub.ID // "" at the end
}

// Review lists the tokens that have access to an organization. Needs OrgTokens on it, or InstanceAdmin. NotFound.
func (s *Service) Review(ctx context.Context, g access.Grant, org string, q Query) (Page, error) {
	o, err := orgs.Find(ctx, s.store, g, access.OrgTokens, org)
	if err != nil {
		return Page{}, err
	}
	rules, err := s.store.OrgRules(ctx, o.ID)
	if err != nil {
		return Page{}, err
	}
	if q.Sign != "" && !slices.Contains(hub.Signs, q.Sign) {
		return Page{}, hub.Errorf(hub.InvalidInput, "Unknown sign %q: there are %s.", string(q.Sign), hub.JoinWords(hub.Signs))
	}
	if q.Carries != "" && !hub.IsPermission(q.Carries) {
		return Page{}, hub.Errorf(hub.InvalidInput, "Unknown permission %q: use one that a fine-grained token may have, such as repo.write.", string(q.Carries))
	}
	sq := hub.OrgTokenQuery{OrgID: o.ID, Kind: q.Kind, State: q.State, WithRevoked: q.Revoked, UnusedSince: q.UnusedSince,
		Carries: q.Carries, After: q.After, Limit: q.Limit}
	if q.Owner != "" {
		u, err := s.store.UserByName(ctx, q.Owner)
		if hub.Is(err, hub.NotFound) {
			return Page{Policy: rules.Tokens, Tokens: []Reviewed{}}, nil
		}
		if err != nil {
			return Page{}, err
		}
		sq.OwnerID = u.ID
	}
	p := Page{Policy: rules.Tokens, Tokens: []Reviewed{}}
	for range maxScans {
		list, err := s.store.OrgTokens(ctx, sq)
		if err != nil {
			return Page{}, err
		}
		for _, t := range list {
			r := s.reviewed(t, rules)
			if q.Sign != "" && !slices.Contains(r.Signs, q.Sign) {
				continue
			}
			if len(p.Tokens) == q.Limit {
				p.Next = p.Tokens[q.Limit-1].ID
				return p, nil
			}
			p.Tokens = append(p.Tokens, r)
		}
		if len(list) < sq.Limit {
			p.Next = ""
			return p, nil
		}
		sq.After = list[len(list)-1].ID
		p.Next = sq.After
		if q.Sign == "" {
			return p, nil
		}
	}
	return p, nil
}

// maxScans is how many pages of the store one page of a listing by signs looks at. A page may then be short, or empty,
// and still have one after it.
const maxScans = 20

func (s *Service) reviewed(t hub.OrgToken, rules hub.OrgRules) Reviewed {
	r := Reviewed{OrgToken: t, Signs: SignsOf(t.Token, rules, s.now())}
	// What the token may do elsewhere is not this organization's business, and names may be hidden there.
	r.Scopes = slices.DeleteFunc(slices.Clone(r.Scopes), func(sc hub.Scope) bool { return sc.NamespaceID != rules.OrgID })
	if rules.Tokens != hub.RequireApproval {
		r.Name = ""
		if r.Grant.State != hub.TokenRevoked {
			r.Grant = hub.TokenGrant{TokenID: t.ID, OrgID: rules.OrgID, State: hub.TokenNone}
		}
	}
	return r
}

// Decide approves, denies or revokes a token's access to an organization, for its next use. Revoking twice is no
// error; nothing undoes it. Of d the token, To, Reason and Seen are read. Needs OrgTokens on the organization, or
// InstanceAdmin. NotFound for a token without access there; InvalidInput for revoking one's own; Conflict where the state
// does not allow it, and for a token that changed since it was seen: its owner could widen it just before it is approved.
func (s *Service) Decide(ctx context.Context, g access.Grant, org string, d hub.TokenDecision, from hub.Event) (Reviewed, error) {
	o, err := orgs.Find(ctx, s.store, g, access.OrgTokens, org)
	if err != nil {
		return Reviewed{}, err
	}
	none := hub.Errorf(hub.NotFound, "No token with this id has access to %s.", o.Name)
	if _, err := hub.ParseID(string(d.TokenID)); err != nil {
		return Reviewed{}, none
	}
	t, err := s.store.TokenByID(ctx, d.TokenID)
	if hub.Is(err, hub.NotFound) {
		return Reviewed{}, none
	}
	if err != nil {
		return Reviewed{}, err
	}
	return s.decide(ctx, g, o, t, d, from, none)
}

// RevokeValue is Decide(revoked) for a token that is known by its value. The answer for a value that is no token, or
// one without access to the organization, is one and the same NotFound, so that it tells nothing about the value.
func (s *Service) RevokeValue(ctx context.Context, g access.Grant, org string, value secret.String, reason string, from hub.Event) error {
	o, err := orgs.Find(ctx, s.store, g, access.OrgTokens, org)
	if err != nil {
		return err
	}
	none := hub.Errorf(hub.NotFound, "No token with this value has access to %s.", o.Name)
	for _, digest := range s.digester.TokenDigests(value) {
		f, err := s.store.TokenFacts(ctx, digest)
		switch hub.CodeOf(err) {
		case "":
		case hub.NotFound, hub.Unauthorized, hub.InvalidCredentials:
			continue
		default:
			return err
		}
		if f.Token == nil || f.Service != nil {
			return none
		}
		_, err = s.decide(ctx, g, o, *f.Token, hub.TokenDecision{To: hub.TokenRevoked, Reason: reason}, from, none)
		return err
	}
	return none
}

// The kinds of notices.
const (
	NoticeReview   = "org.tokens_to_review" // to the admins: approval is required from now on
	NoticeDecision = "token.decided"        // to the owner of a token
)

// decisions are the events of the Hub's audit log, and the words for people.
var decisions = map[hub.TokenState]struct{ event, past, effect string }{
	hub.TokenApproved: {"org.token_approval.authorized", "approved", "It works there from now on."},
	hub.TokenDenied: {"org.token_approval.denied", "denied",
		"It is refused there, and works everywhere else as before. An administrator can still approve it."},
	hub.TokenRevoked: {"org.token_approval.revoked", "revoked",
		"It is refused there for good, and works everywhere else as before. Make a new one for what used it there."},
}

func (s *Service) decide(ctx context.Context, g access.Grant, o hub.Organization, t hub.Token, d hub.TokenDecision, from hub.Event, none error) (Reviewed, error) {
	words, ok := decisions[d.To]
	if !ok {
		return Reviewed{}, hub.Errorf(hub.InvalidInput, "A token is approved, denied or revoked.")
	}
	reason, err := orgs.Text("reason", d.Reason, 0, maxReason, true)
	if err != nil {
		return Reviewed{}, err
	}
	before, err := s.find(ctx, o.ID, t)
	if hub.Is(err, hub.NotFound) {
		return Reviewed{}, none
	}
	if err != nil {
		return Reviewed{}, err
	}
	if d.To == hub.TokenRevoked && t.UserID == g.Subject().ActorID() {
		return Reviewed{}, hub.Errorf(hub.InvalidInput, "You cannot revoke a token of your own: delete it in your settings instead.")
	}
	if d.To != hub.TokenRevoked && before.Grant.State == hub.TokenRevoked {
		return Reviewed{}, hub.Errorf(hub.Conflict, "The token was revoked here, which is for good: its owner can make a new one.")
	}
	if d.To != hub.TokenRevoked || before.Grant.State != hub.TokenRevoked {
		ev := orgs.Event(g, from, words.event, fmt.Sprintf("%s token %s (…%s) of %s for %s", words.past, t.ID, t.Last4, before.OwnerName, o.Name), o.ID, t.ID)
		ev.Notices = []hub.Notice{{Kind: NoticeDecision, To: t.UserID, Data: map[string]string{
			"organization": o.Name, "token": t.Name, "last4": t.Last4, "decision": words.past, "effect": words.effect, "reason": reason}}}
		_, err = s.store.DecideToken(ctx, hub.TokenDecision{TokenID: t.ID, OrgID: o.ID, To: d.To, ReviewerID: g.Subject().ActorID(), Reason: reason, Seen: d.Seen}, ev)
	}
	if hub.Is(err, hub.NotFound) {
		return Reviewed{}, none
	}
	if err != nil {
		return Reviewed{}, err
	}
	rules, err := s.store.OrgRules(ctx, o.ID)
	if err != nil {
		return Reviewed{}, err
	}
	after, err := s.find(ctx, o.ID, t)
	if err != nil {
		return Reviewed{}, err
	}
	return s.reviewed(after, rules), nil
}

// find reads a token as the organization sees it. NotFound when it has no access there.
func (s *Service) find(ctx context.Context, org hub.ID, t hub.Token) (hub.OrgToken, error) {
	for after := hub.ID(""); ; {
		page, err := s.store.OrgTokens(ctx, hub.OrgTokenQuery{OrgID: org, OwnerID: t.UserID, WithRevoked: true, After: after, Limit: findPage})
		if err != nil {
			return hub.OrgToken{}, err
		}
		for _, x := range page {
			if x.ID == t.ID {
				return x, nil
			}
		}
		if len(page) < findPage {
			return hub.OrgToken{}, hub.Errorf(hub.NotFound, "This token has no access to the organization.")
		}
		after = page[len(page)-1].ID
	}
}

const findPage = 1000
