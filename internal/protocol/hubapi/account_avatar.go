package hubapi

import (
	"fmt"
	"hash/fnv"
	"html"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// avatarURL is where the picture of a user or an organization is. Clients want a whole URL.
func avatarURL(r *httpd.Request, name string) string {
	return r.BaseURL + "/api/avatars/" + url.PathEscape(name) + ".svg"
}

// avatar draws a picture from the name alone: the first letter on a colour. Nothing is looked up, so the answer does not
// tell whether there is anybody of that name.
func avatar(w http.ResponseWriter, r *httpd.Request, _ httpd.Open, _ access.Grant) error {
	name, ok := strings.CutSuffix(r.Param("name"), ".svg")
	if !ok || name == "" || len(name) > hub.MaxName {
		return hub.Errorf(hub.NotFound, "There is no such picture.")
	}
	key := hub.NameKey(name)
	sum := fnv.New32a()
	sum.Write([]byte(key))
	first, _ := utf8.DecodeRuneInString(key)
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Cache-Control", "public, max-age=86400")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="hsl(%d 45%% 42%%)"/>`+
		`<text x="32" y="43" font-family="sans-serif" font-size="32" text-anchor="middle" fill="#fff">%s</text></svg>`,
		sum.Sum32()%360, html.EscapeString(strings.ToUpper(string(first))))
	return err
}
