package hubapi

import (
	"net/http"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/accounts"
)

// maxSessionBody is the size in bytes of a name and a password.
const maxSessionBody = 16 << 10

// sessionCookie is the cookie that carries a browser session.
// Source: access-model 1.2.
const sessionCookie = "token"

// registerSessions adds signing in and out. Ours.
func (a *API) registerSessions(s *httpd.Server) {
	httpd.Add(s, httpd.Root, "POST /api/sessions", httpd.ParseOpen, a.signIn, httpd.SignIn(), httpd.MaxBody(maxSessionBody))
	httpd.Add(s, httpd.Root, "DELETE /api/sessions/current", parseOwnAccount, a.signOut)
}

// ownAccount is a request about the caller's account.
type ownAccount struct{}

func (ownAccount) Needs() []access.Need {
	return []access.Need{{Action: access.AccountManage, Target: access.Self()}}
}

func parseOwnAccount(*httpd.Request) (ownAccount, error) { return ownAccount{}, nil }

// signIn begins a session for a name and a password, and sets its cookie. Whatever is wrong with them is answered alike.
func (a *API) signIn(w http.ResponseWriter, r *httpd.Request, _ httpd.Open, g access.Grant) error {
	var b struct {
		Name     string        `json:"name"`
		Password secret.String `json:"password"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	ev := r.Event("")
	se, value, err := a.Accounts.SignIn(r.Context(), g, b.Name, b.Password, accounts.Origin{IP: ev.IP, UserAgent: ev.UserAgent})
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: value.Reveal(), Path: "/", Expires: se.ExpiresAt, HttpOnly: true,
		Secure: strings.HasPrefix(r.BaseURL, "https:"), SameSite: http.SameSiteLaxMode})
	noStore(w)
	httpd.WriteJSON(w, http.StatusOK, struct {
		ID        hub.ID `json:"_id"`
		ExpiresAt string `json:"expiresAt"`
	}{se.ID, date(se.ExpiresAt)})
	return nil
}

// signOut ends the session that asks.
func (a *API) signOut(w http.ResponseWriter, r *httpd.Request, _ ownAccount, g access.Grant) error {
	if err := a.Accounts.SignOut(r.Context(), g); err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return success(w)
}
