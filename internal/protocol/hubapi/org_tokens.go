package hubapi

import (
	"net/http"
	"net/url"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/policies"
)

// Pages of the review of tokens.
const (
	tokensPage    = 100
	maxTokensPage = 1000
)

func (a *API) registerPolicies(s *httpd.Server) {
	orgRoute(s, "GET", "/settings/access", access.OrgWrite, a.orgRules)
	orgRoute(s, "PATCH", "/settings/access", access.OrgWrite, a.setOrgRules)
	orgRoute(s, "GET", "/settings/network-security", access.OrgNetwork, a.orgNetwork)
	orgRoute(s, "PATCH", "/settings/network-security", access.OrgNetwork, a.setOrgNetwork)
	orgRoute(s, "GET", "/settings/tokens", access.OrgTokens, a.reviewTokens)
	orgRoute(s, "POST", "/settings/tokens/revoke", access.OrgTokens, a.revokeTokenValue)
	for verb, to := range map[string]hub.TokenState{"approve": hub.TokenApproved, "deny": hub.TokenDenied, "revoke": hub.TokenRevoked} {
		orgRoute(s, "POST", "/settings/tokens/{token}/"+verb, access.OrgTokens, a.decideToken(to))
	}
}

// reviewedToken is a token in the listing for admins. Its value is nowhere.
// Source: access-model 5.3; the Hub's own shape is not public.
type reviewedToken struct {
	ID          hub.ID             `json:"_id"`
	Name        *string            `json:"displayName"` // null unless tokens need approval
	Version     int64              `json:"version"`     // grows with every change of the token: a decision can name it
	Kind        hub.TokenKind      `json:"role"`
	Last4       string             `json:"last4"`
	Owner       reviewedOwner      `json:"owner"`
	FineGrained *whoAmIFineGrained `json:"fineGrained,omitempty"`
	CreatedAt   string             `json:"createdAt"`
	RotatedAt   *string            `json:"rotatedAt"`
	ExpiresAt   *string            `json:"expiresAt"`
	LastUsedAt  *string            `json:"lastUsedAt"`
	Status      *string            `json:"status"` // pending, approved, denied, revoked or null
	AdminMade   bool               `json:"createdByAdmin"`
	RequestedAt *string            `json:"requestedAt"`
	Reviewer    *string            `json:"reviewer"`
	ReviewedAt  *string            `json:"reviewedAt"`
	Reason      *string            `json:"reason"`
	Signs       []hub.Sign         `json:"signs"`
}

type reviewedOwner struct {
	ID   hub.ID `json:"_id"`
	User string `json:"user"`
	Role string `json:"role"`
}

func reviewedOf(t policies.Reviewed) reviewedToken {
	out := reviewedToken{
		ID: t.ID, Version: t.Gen, Name: optionalText(t.Name), Kind: t.Kind, Last4: t.Last4, Owner: reviewedOwner{t.UserID, t.OwnerName, t.OwnerRole.String()},
		FineGrained: authOf(&t.Token).AccessToken.FineGrained, CreatedAt: date(t.CreatedAt), RotatedAt: optionalDate(t.RotatedAt),
		ExpiresAt: optionalDate(t.ExpiresAt), LastUsedAt: optionalDate(t.LastUsedAt), AdminMade: t.Grant.AdminMade,
		RequestedAt: optionalDate(t.Grant.RequestedAt), Reviewer: optionalText(t.Grant.ReviewerName),
		Reason: optionalText(t.Grant.Reason), Signs: t.Signs,
	}
	if st := t.Grant.State; st != hub.TokenNone {
		out.Status = optionalText(string(st))
		if st != hub.TokenPending { // of which the time is that of the request
			out.ReviewedAt = optionalDate(t.Grant.ReviewedAt)
		}
	}
	return out
}

func (a *API) reviewTokens(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	q, err := parseReview(r)
	if err != nil {
		return err
	}
	page, err := a.Policies.Review(r.Context(), g, "", q)
	if err != nil {
		return err
	}
	out := []reviewedToken{}
	for _, t := range page.Tokens {
		out = append(out, reviewedOf(t))
	}
	if page.Next != "" {
		setNext(w, r, "/api/organizations/"+url.PathEscape(r.Param("name"))+"/settings/tokens", map[string]string{"cursor": string(page.Next)})
	}
	w.Header().Set("Cache-Control", "private, no-store")
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

func parseReview(r *httpd.Request) (q policies.Query, err error) {
	v := r.URL.Query()
	q.Owner, q.Carries = v.Get("owner"), hub.Permission(v.Get("permission"))
	if k := v.Get("kind"); k != "" {
		if q.Kind, err = hub.ParseTokenKind(k); err != nil {
			return q, err
		}
	}
	if s := v.Get("status"); s != "" {
		if q.State, err = hub.ParseTokenState(s); err != nil {
			return q, err
		}
	}
	q.Sign = hub.Sign(v.Get("sign"))
	if q.Revoked, err = r.QueryBool("revoked"); err != nil {
		return q, err
	}
	if q.UnusedSince, err = parseInstant("unusedSince", v.Get("unusedSince")); err != nil {
		return q, err
	}
	if c := v.Get("cursor"); c != "" {
		if q.After, err = hub.ParseID(c); err != nil {
			return q, badCursor()
		}
	}
	q.Limit, err = pageSize(r, tokensPage, maxTokensPage)
	return q, err
}

// decision is the optional body of a decision: with a version, only about the token as it was when it had that.
type decision struct {
	Reason  string `json:"reason"`
	Version int64  `json:"version"`
}

func (a *API) decideToken(to hub.TokenState) grantHandler {
	return func(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
		var b decision
		if err := optionalJSON(r, &b); err != nil {
			return err
		}
		t, err := a.Policies.Decide(r.Context(), g, "", hub.TokenDecision{TokenID: hub.ID(r.Param("token")), To: to, Reason: b.Reason, Seen: b.Version}, r.Event(""))
		if err != nil {
			return err
		}
		httpd.WriteJSON(w, http.StatusOK, reviewedOf(t))
		return nil
	}
}

// revokeTokenValue takes a token's access by its value, as somebody has it who found it.
// Source: Hub documentation, "Tokens management".
func (a *API) revokeTokenValue(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		Token  secret.String `json:"token"`
		Reason string        `json:"reason"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	if n := len(b.Token.Reveal()); n == 0 || n > maxCredentialLength {
		return hub.Errorf(hub.InvalidInput, "The field token must be a text of 1 to %d characters.", maxCredentialLength)
	}
	if err := a.Policies.RevokeValue(r.Context(), g, "", b.Token, b.Reason, r.Event("")); err != nil {
		return err
	}
	return success(w)
}
