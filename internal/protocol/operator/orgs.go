package operator

import (
	"context"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/gates"
	"github.com/ambit-hub/ambit/internal/service/groups"
	"github.com/ambit-hub/ambit/internal/service/policies"
	"github.com/ambit-hub/ambit/internal/service/serviceaccounts"
	"github.com/ambit-hub/ambit/internal/service/tokens"
)

// Organizations are the services that the calls about organizations need.
type Organizations struct {
	Policies *policies.Service
	Groups   *groups.Service
	Gates    *gates.Service
	Machines *serviceaccounts.Service
	Repos    RepoFinder
}

// RepoFinder finds repositories by name; store/meta satisfies it.
type RepoFinder interface {
	RepoByName(ctx context.Context, id hub.RepoID) (repo hub.Repo, moved bool, err error)
}

// origin is where an operator's call comes from: nowhere that has an address.
var origin hub.Event

// AddOrganizations adds the calls about organizations. To be called before the handler serves.
func (h *Handler) AddOrganizations(o Organizations) {
	h.calls[operatorapi.PolicyShow] = call(o.policyShow)
	h.calls[operatorapi.PolicySet] = call(o.policySet)
	h.calls[operatorapi.ReviewList] = call(o.reviewList)
	h.calls[operatorapi.ReviewDecide] = call(o.reviewDecide)
	o.addGroups(h)
	o.addGates(h)
	o.addMachines(h)
}

func (o Organizations) policyShow(ctx context.Context, g access.Grant, n operatorapi.Name) (operatorapi.Policy, error) {
	r, err := o.Policies.Rules(ctx, g, n.Name)
	return policyOf(n.Name, r), err
}

func (o Organizations) policySet(ctx context.Context, g access.Grant, s operatorapi.SetPolicy) (operatorapi.Policy, error) {
	c := policies.Change{Tokens: s.Tokens, SSH: s.SSH, PrivateOnly: s.PrivateOnly, MembersPublic: s.MembersPublic, Features: s.Features, MaxLifetime: seconds(s.MaxLifetime), Lifetime: seconds(s.Lifetime), MaxTokens: s.MaxTokens, Leaks: s.Leaks}
	if s.GroupCreation != nil {
		role, err := hub.ParseRole(*s.GroupCreation)
		if err != nil {
			return operatorapi.Policy{}, err
		}
		c.GroupCreation = &role
	}
	if s.IPRanges != nil {
		ranges, err := policies.ParseRanges(*s.IPRanges)
		if err != nil {
			return operatorapi.Policy{}, err
		}
		c.IPRanges = &ranges
	}
	r, err := o.Policies.Set(ctx, g, s.Org, c, origin)
	return policyOf(s.Org, r), err
}

func seconds(n *int64) *time.Duration {
	if n == nil {
		return nil
	}
	d := hub.Seconds(*n)
	return &d
}

func policyOf(org string, r hub.OrgRules) operatorapi.Policy {
	p := operatorapi.Policy{Org: org, Tokens: r.Tokens, SSH: r.SSH, PrivateOnly: r.PrivateOnly, MembersPublic: r.MembersPublic, GroupCreation: r.GroupCreation.String(), IPRanges: []string{}, Features: r.Features,
		MaxLifetime: int64(r.MaxLifetime / time.Second), Lifetime: int64(r.Lifetime / time.Second), MaxTokens: r.MaxTokens, Leaks: r.Leaks}
	for _, x := range r.IPRanges {
		p.IPRanges = append(p.IPRanges, x.String())
	}
	return p
}

func (o Organizations) reviewList(ctx context.Context, g access.Grant, q operatorapi.ReviewQuery) (p operatorapi.ReviewedTokens, err error) {
	page, err := o.Policies.Review(ctx, g, q.Org, policies.Query{Owner: q.Owner, Kind: q.Kind, State: q.State, Revoked: q.Revoked,
		UnusedSince: instant(q.UnusedSince), Carries: q.Carries, Sign: q.Sign, After: q.After, Limit: operatorapi.Page})
	for _, t := range page.Tokens {
		p.Items = append(p.Items, reviewedOf(t))
	}
	p.Next = page.Next
	return p, err
}

func (o Organizations) reviewDecide(ctx context.Context, g access.Grant, d operatorapi.DecideToken) (operatorapi.ReviewedToken, error) {
	if d.Value != "" {
		if d.To != hub.TokenRevoked || d.ID != "" {
			return operatorapi.ReviewedToken{}, hub.Errorf(hub.InvalidInput, "By its value a token can only be revoked.")
		}
		return operatorapi.ReviewedToken{State: hub.TokenRevoked}, o.Policies.RevokeValue(ctx, g, d.Org, secret.New(d.Value), d.Reason, origin)
	}
	t, err := o.Policies.Decide(ctx, g, d.Org, hub.TokenDecision{TokenID: d.ID, To: d.To, Reason: d.Reason, Seen: d.Seen}, origin)
	return reviewedOf(t), err
}

func reviewedOf(t policies.Reviewed) operatorapi.ReviewedToken {
	out := operatorapi.ReviewedToken{Token: tokenOf(tokens.Owned{Token: t.Token, UserName: t.OwnerName}), Role: t.OwnerRole.String(),
		State: t.Grant.State, Reviewer: t.Grant.ReviewerName, Reason: t.Grant.Reason, Signs: t.Signs, Version: t.Gen}
	return out
}

// parseRepo reads "model:acme/bert", and as clients write it "acme/bert", which is a model, or "datasets/acme/squad".
func parseRepo(text string) (hub.RepoID, error) {
	if !strings.Contains(text, ":") {
		kind := hub.Model
		for _, t := range hub.RepoTypes {
			if rest, ok := strings.CutPrefix(text, t.Plural()+"/"); ok && strings.Contains(rest, "/") {
				kind, text = t, rest
				break
			}
		}
		return hub.ParseRepoID(kind, text)
	}
	e, err := tokens.ParseEntity(text)
	if err != nil {
		return hub.RepoID{}, err
	}
	return hub.ParseRepoID(hub.RepoType(e.Type), e.Name)
}
