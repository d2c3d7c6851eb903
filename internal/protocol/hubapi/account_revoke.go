package hubapi

import (
	"net/http"
	"unicode/utf8"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/accounts"
	"github.com/ambit-hub/ambit/internal/service/tokens"
)

// Limits of one call of credentials/revoke.
// Source: Hub documentation, "User access tokens".
const (
	maxCredentials      = 1000
	maxCredentialLength = 200 // characters
)

// revocation is a list of values that somebody found where they should not be.
type revocation struct {
	httpd.Open
	values []secret.String
}

func parseRevoke(r *httpd.Request) (q revocation, err error) {
	var body struct {
		Credentials []secret.String `json:"credentials"`
	}
	if err := r.JSON(&body); err != nil {
		return q, err
	}
	if n := len(body.Credentials); n < 1 || n > maxCredentials {
		return q, hub.Errorf(hub.InvalidInput, "credentials must be a list of 1 to %d strings.", maxCredentials)
	}
	for _, v := range body.Credentials {
		if utf8.RuneCountInString(v.Reveal()) > maxCredentialLength {
			return q, hub.Errorf(hub.InvalidInput, "A credential has at most %d characters.", maxCredentialLength)
		}
	}
	q.values = body.Credentials
	return q, nil
}

// revokeCredentials ends the tokens among the values and always answers the same.
func (a *API) revokeCredentials(w http.ResponseWriter, r *httpd.Request, q revocation, g access.Grant) error {
	ev := r.Event("")
	if err := a.Tokens.Invalidate(r.Context(), g, q.values, tokens.Origin{IP: ev.IP, UserAgent: ev.UserAgent}); err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusAccepted, struct{}{})
	return nil
}

// setup makes the first administrator.
type setup struct {
	httpd.Open
	link secret.String
	user accounts.NewUser
}

func parseSetup(r *httpd.Request) (q setup, err error) {
	var body struct {
		Name     string        `json:"name"`
		Password secret.String `json:"password"`
		FullName string        `json:"fullname"`
		Email    string        `json:"email"`
	}
	if err := r.JSON(&body); err != nil {
		return q, err
	}
	q.link = secret.New(r.Param("link"))
	q.user = accounts.NewUser{Name: body.Name, Password: body.Password, FullName: body.FullName, Email: body.Email}
	return q, nil
}

// setUp uses the one-time link that a hub without users prints at its start.
func (a *API) setUp(w http.ResponseWriter, r *httpd.Request, q setup, g access.Grant) error {
	ev := r.Event("")
	u, err := a.Accounts.SetUp(r.Context(), g, q.link, q.user, accounts.Origin{IP: ev.IP, UserAgent: ev.UserAgent})
	if err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusCreated, map[string]string{"id": string(u.ID), "name": u.Name})
	return nil
}
