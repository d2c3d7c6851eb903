package hubapi

import (
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/tokens"
)

// maxTokenBody is the size in bytes of what describes a token.
const maxTokenBody = 256 << 10

// registerTokens adds the routes by which people manage their tokens. They need a browser session: no token makes, changes or
// ends another one.
// Source of POST /api/settings/tokens: access-model 2.5; the other routes are ours.
func (a *API) registerTokens(s *httpd.Server) {
	const one = "/api/settings/tokens/{token}"
	for pattern, h := range map[string]grantHandler{
		"GET /api/settings/tokens": a.listTokens, "POST /api/settings/tokens": a.createToken,
		"GET " + one: a.showToken, "PATCH " + one: a.editToken, "DELETE " + one: a.deleteToken,
		"POST " + one + "/rotate": a.rotateToken, "GET " + one + "/insight": a.tokenInsight,
	} {
		httpd.Add(s, httpd.Root, pattern, parseOwnTokens,
			func(w http.ResponseWriter, r *httpd.Request, _ ownTokens, g access.Grant) error {
				noStore(w)
				return h(w, r, g)
			}, httpd.MaxBody(maxTokenBody))
	}
	if a.Insights != nil && a.Policies != nil {
		orgRoute(s, "GET", "/settings/tokens/{token}/insight", access.OrgTokens, a.orgTokenInsight)
	}
}

// ownTokens is a request about the caller's tokens. Its body is read after authorization.
type ownTokens struct{}

func (ownTokens) Needs() []access.Need {
	return []access.Need{{Action: access.TokenManage, Target: access.Self()}}
}

func parseOwnTokens(*httpd.Request) (ownTokens, error) { return ownTokens{}, nil }

// tokens are the service for a request: what it records says from where the request came.
func (a *API) tokens(r *httpd.Request) *tokens.Service {
	ev := r.Event("")
	return a.Tokens.From(tokens.Origin{IP: ev.IP, UserAgent: ev.UserAgent})
}

// ownToken is a token as its owner sees it.
type ownToken struct {
	ID            hub.ID             `json:"_id"`
	Name          string             `json:"displayName"`
	Kind          hub.TokenKind      `json:"role"`
	Last4         string             `json:"last4"`
	FineGrained   *whoAmIFineGrained `json:"fineGrained,omitempty"`
	CreatedAt     string             `json:"createdAt"`
	RotatedAt     *string            `json:"rotatedAt"`
	ExpiresAt     *string            `json:"expiresAt"`
	LastUsedAt    *string            `json:"lastUsedAt"`
	Status        string             `json:"status"` // live, expired, or why it was revoked
	Signs         []hub.Sign         `json:"signs"`
	Organizations []ownTokenReview   `json:"organizations"` // that decide about it
	Value         string             `json:"token,omitempty"`
}

// ownTokenReview is what an organization says about a token.
type ownTokenReview struct {
	Name   string         `json:"name"`
	Status hub.TokenState `json:"status"` // pending, approved, denied or revoked
	Since  *string        `json:"since"`
	Reason *string        `json:"reason"`
}

func (a *API) ownTokenOf(r *httpd.Request, g access.Grant, t tokens.Owned) (ownToken, error) {
	t, err := a.Tokens.ShownTo(r.Context(), g, t)
	if err != nil {
		return ownToken{}, err
	}
	reviews, err := a.Tokens.Reviews(r.Context(), t)
	out := ownToken{ID: t.ID, Name: t.Name, Kind: t.Kind, Last4: t.Last4, FineGrained: authOf(&t.Token).AccessToken.FineGrained,
		CreatedAt: date(t.CreatedAt), RotatedAt: optionalDate(t.RotatedAt), ExpiresAt: optionalDate(t.ExpiresAt), LastUsedAt: optionalDate(t.LastUsedAt),
		Status: a.Tokens.Status(t), Signs: notNil(a.Tokens.Signs(t.Token)), Organizations: []ownTokenReview{}}
	for _, v := range reviews {
		out.Organizations = append(out.Organizations, ownTokenReview{v.Org, v.State, optionalDate(v.Since), optionalText(v.Reason)})
	}
	return out, err
}

// answerToken shows a token, with its value where that is new.
func (a *API) answerToken(w http.ResponseWriter, r *httpd.Request, g access.Grant, t tokens.Owned, value string, err error) error {
	if err != nil {
		return err
	}
	out, err := a.ownTokenOf(r, g, t)
	if err != nil {
		return err
	}
	out.Value = value
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) listTokens(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	list, err := a.Tokens.Of(r.Context(), g, "")
	if err != nil {
		return err
	}
	out := []ownToken{}
	for _, t := range list {
		x, err := a.ownTokenOf(r, g, t)
		if err != nil {
			return err
		}
		out = append(out, x)
	}
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) showToken(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	t, err := a.Tokens.Show(r.Context(), g, tokenID(r))
	return a.answerToken(w, r, g, t, "", err)
}

func (a *API) createToken(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b tokenBody
	if err := r.JSON(&b); err != nil {
		return err
	}
	n, err := b.new(g.Subject().UserName())
	if err != nil {
		return err
	}
	c, err := a.tokens(r).Create(r.Context(), g, n)
	if err != nil {
		return err
	}
	return a.answerToken(w, r, g, c.Owned, c.Value.Reveal(), nil)
}

func (a *API) editToken(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b tokenBody
	if err := r.JSON(&b); err != nil {
		return err
	}
	c, err := b.change(g.Subject().UserName())
	if err != nil {
		return err
	}
	t, err := a.tokens(r).Edit(r.Context(), g, tokenID(r), c)
	return a.answerToken(w, r, g, t, "", err)
}

func (a *API) rotateToken(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b rotationBody
	if err := optionalJSON(r, &b); err != nil {
		return err
	}
	at, err := b.Expiration.at()
	if err != nil {
		return err
	}
	c, err := a.tokens(r).Rotate(r.Context(), g, tokenID(r), tokens.Rotation{Overlap: hub.Seconds(b.Overlap), ExpiresAt: at})
	if err != nil {
		return err
	}
	return a.answerToken(w, r, g, c.Owned, c.Value.Reveal(), nil)
}

func (a *API) deleteToken(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	if err := a.tokens(r).Delete(r.Context(), g, tokenID(r)); err != nil {
		return err
	}
	return success(w)
}
