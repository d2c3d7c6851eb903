package httpd

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
)

// warnBefore is how long before its expiry a token's holder is told of it with every answer.
const warnBefore = 7 * 24 * time.Hour

// Warn adds a warning about what is answered all the same. The Python client logs X-HF-Warning once for each topic.
func Warn(w http.ResponseWriter, topic, text string) {
	text = HeaderText(text)
	w.Header().Add("X-HF-Warning", topic+"; "+text)
	w.Header().Add("Warning", fmt.Sprintf(`299 ambit "%s"`, strings.ReplaceAll(text, `"`, `'`)))
}

// warn tells the caller, in headers, what the token that it used has before it: its expiry within a week, or that it has
// a new value and this one will stop. The Python client logs X-HF-Warning once for each topic.
// Source: huggingface_hub utils/_http.py, _warn_on_warning_headers: "topic; message".
func warn(w http.ResponseWriter, s *access.Subject, now time.Time) {
	if !s.HasToken() {
		return
	}
	h := w.Header()
	say := func(topic, text string) { Warn(w, topic, text) }
	if v := s.Superseded(); v != nil {
		say("token-rotated", fmt.Sprintf("This token value (...%s) was replaced by a new one and stops working on %s.", v.Last4, v.Until.UTC().Format(time.RFC3339)))
	}
	if at, last4 := s.Expires(); !at.IsZero() {
		h.Set("X-Token-Expires", at.UTC().Format(time.RFC3339))
		if at.Sub(now) <= warnBefore {
			say("token-expiry", fmt.Sprintf("Your access token (...%s) expires on %s.", last4, at.UTC().Format(time.RFC3339)))
		}
	}
}
