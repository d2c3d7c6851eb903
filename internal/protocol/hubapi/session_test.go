package hubapi_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/accounts"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// TestSignIn goes from a password to a token and back out, and counts what is guessed wrong.
func TestSignIn(t *testing.T) {
	const password = "correct horse battery"
	var acc *accounts.Service
	h := testkit.New(t, func(h *testkit.Hub) {
		acc = accounts.New(h.DB, h.Keys, accounts.Options{PasswordMinLength: 10, SessionLifetime: time.Hour})
		hubapi.New(hubapi.Services{Accounts: acc, Tokens: tokens.New(h.DB, h.Zone, h.Keys, testkit.Instance, tokens.Options{MaxPerUser: 10, MaxScopes: 10})}).Register(h.Server)
	}, func(h *testkit.Hub) { h.HTTP.Limits = httpd.Limits{Failures: 4, Window: time.Hour} })
	operator, err := h.Zone.Authorize(t.Context(), access.Operator(), access.Need{Action: access.InstanceAdmin, Target: access.Hub()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := acc.CreateUser(t.Context(), operator, accounts.NewUser{Name: "alice", Password: secret.New(password)}); err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	call := func(c *http.Client, method, path, body string, header ...string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequest(method, h.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(b)
	}
	in := `{"name":"alice","password":"` + password + `"}`

	// Not for other sites' pages, and what is wrong is not told.
	if res, _ := call(browser, "POST", "/api/sessions", in, "Sec-Fetch-Site", "cross-site"); res.StatusCode != 403 || len(res.Cookies()) > 0 {
		t.Errorf("from another site: %d", res.StatusCode)
	}
	_, unknown := call(browser, "POST", "/api/sessions", `{"name":"nobody","password":"x"}`)
	res, wrong := call(browser, "POST", "/api/sessions", `{"name":"alice","password":"x"}`)
	if res.StatusCode != 401 || wrong != unknown || len(res.Cookies()) > 0 || strings.Contains(wrong, "nobody") {
		t.Errorf("%d %s %s", res.StatusCode, wrong, unknown)
	}
	for range 10 { // those that succeed are no guesses
		if res, body := call(&http.Client{}, "POST", "/api/sessions", in); res.StatusCode != 200 {
			t.Fatalf("%d %s", res.StatusCode, body)
		}
	}
	res, body := call(browser, "POST", "/api/sessions", in)
	if res.StatusCode != 200 || len(res.Cookies()) != 1 {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	if c := res.Cookies()[0]; c.Name != "token" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure || c.Path != "/" || strings.Contains(body, c.Value) {
		t.Errorf("cookie %+v", c)
	}
	if res, body := call(browser, "POST", "/api/settings/tokens", `{"role":"read","displayName":"laptop"}`); res.StatusCode != 200 || !strings.Contains(body, `"token":"hf_`) {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if res, body := call(browser, "DELETE", "/api/sessions/current", ""); res.StatusCode != 200 {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if res, _ := call(&http.Client{}, "GET", "/api/settings/tokens", "", "Cookie", "token="+res.Cookies()[0].Value); res.StatusCode != 401 {
		t.Errorf("signed out: %d", res.StatusCode)
	}

	// Two wrong ones before, and the last attempt with an ended session: then even the right password has to wait.
	for range 5 {
		call(browser, "POST", "/api/sessions", `{"name":"alice","password":"x"}`)
	}
	res, body = call(browser, "POST", "/api/sessions", in)
	if res.StatusCode != 429 || res.Header.Get("Retry-After") == "" {
		t.Errorf("after too many: %d %s", res.StatusCode, body)
	}
	if strings.Contains(h.Log.String(), password) {
		t.Error("the log has the password")
	}
}
