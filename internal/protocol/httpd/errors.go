package httpd

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Style is how one protocol says no: its challenge and its body. Status, X-Error-Code, X-Error-Message and
// X-Request-Id are the same for all.
type Style struct {
	Challenges []string // values of WWW-Authenticate on a 401
	Write      func(w http.ResponseWriter, r *Request, status int, e *hub.Error)
}

// BearerChallenge and BasicChallenge ask for a token; git and git-lfs only understand the second.
const (
	BearerChallenge = `Bearer realm="Authentication required", charset="UTF-8"`
	BasicChallenge  = `Basic realm="Authentication required: use an access token as the password", charset="UTF-8"`
)

// HubJSON is the style of /api: {"error": message}, and "url" when something already exists there.
var HubJSON = Style{
	Challenges: []string{BearerChallenge},
	Write: func(w http.ResponseWriter, r *Request, status int, e *hub.Error) {
		body := struct {
			Error string `json:"error"`
			URL   string `json:"url,omitempty"`
		}{bodySentence(e), e.URL}
		if strings.HasPrefix(e.URL, "/") {
			body.URL = r.BaseURL + e.URL // clients parse it as an absolute URL of their endpoint
		}
		if body.URL == "" && isPlain(body.Error) && !strings.ContainsAny(body.Error, `"\`) {
			// Nearly always, and the same bytes: refusals must cost little, since anybody can ask for them.
			w.Header()["Content-Type"] = jsonType
			w.WriteHeader(status)
			w.Write([]byte(`{"error":"` + body.Error + `"}` + "\n"))
			return
		}
		WriteJSON(w, status, body)
	},
}

// PlainText is the style of resolve and raw: the message as text.
var PlainText = Style{
	Challenges: []string{BearerChallenge},
	Write: func(w http.ResponseWriter, _ *Request, status int, e *hub.Error) {
		h := w.Header()
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(status)
		w.Write([]byte(bodySentence(e)))
	},
}

// Sentence is what a body says: the message, and behind it the hint, which the header leaves out because
// clients compare the message there.
func Sentence(e *hub.Error) string {
	if e.Hint == "" {
		return e.Message
	}
	return strings.TrimSuffix(e.Message, ".") + ". " + e.Hint
}

// jsonType is shared by all answers: nobody changes it.
var jsonType = []string{"application/json; charset=utf-8"}

// WriteJSON answers with v as JSON. Encoding errors cannot happen for the types that we send.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	w.Header()["Content-Type"] = jsonType
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.Encode(v)
}

// public reduces any error to the one that the caller may see.
func public(err error) *hub.Error {
	if e, ok := errors.AsType[*hub.Error](err); ok && e.Code != hub.Internal {
		return e
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) { // of a temporary file, most likely
		return &hub.Error{Code: hub.InsufficientStorage, Message: "The hub's disk is full. Try again later.", Err: err}
	}
	return &hub.Error{Code: hub.Internal, Message: "Something went wrong on the hub's side. The request id says where to look in its log.", Err: err}
}

// Refused notes a refusal that the body of the answer tells, in the words of its protocol, as if it were the answer: it stands in
// the access log, and is found later by the request's id. Other errors are none of its business.
func (r *Request) Refused(err error) {
	var e *hub.Error
	if errors.As(err, &e) && e.Reason != "" {
		r.watch.s.noteRefusal(r.watch.w, r, e)
	}
}

func (s *Server) noteRefusal(w *responseWriter, r *Request, e *hub.Error) {
	w.errCode, w.reason = e.Code, e.Reason
	if e.Reason != "" && s.cfg.Denied != nil {
		s.cfg.Denied(r.ID, r.Subject, e)
	}
}

// ofContent are the headers of an answer's content, which a refusal takes back. They are in their canonical form, as challenge is.
var ofContent = []string{"Content-Length", "Content-Range", "Etag", "Last-Modified", "Content-Disposition", "Content-Encoding", "Cache-Control"}

const challenge = "Www-Authenticate"

func (s *Server) fail(w *responseWriter, r *Request, err error) {
	e := public(err)
	s.noteRefusal(w, r, e)
	if e.Code == hub.Internal || e.Code == hub.Unavailable || e.Code == hub.InsufficientStorage {
		w.cause = err
	}
	if w.status != 0 {
		// The answer has begun: cutting the connection is the only way left to say that it is not whole.
		panic(http.ErrAbortHandler)
	}
	style := HubJSON
	if r.route != nil {
		style = r.route.style
	} else if !strings.HasPrefix(r.URL.Path, "/api/") {
		style = PlainText
	}
	if e.Code == hub.GatedRepo && r.Repo.Name != "" {
		c := *e
		c.Message = r.WithPage(e.Message, r.Repo)
		e = &c
	}
	code := Status(e.Code, r.Subject == nil || r.Subject.IsAnonymous())
	h := w.Header()
	for _, k := range ofContent {
		delete(h, k)
	}
	told := [...]string{e.Code.Wire(), HeaderText(headerSentence(e))}
	if told[0] != "" {
		h["X-Error-Code"] = told[:1:1] // as Set would, in one piece of memory
	}
	h["X-Error-Message"] = told[1:]
	if code == http.StatusUnauthorized {
		h[challenge] = slices.Clip(append(h[challenge], style.Challenges...))
	}
	style.Write(w, r, code, e)
}

// WithPage names the page of a repository, which is where people ask for access, in a sentence about its gate: only the edge knows under
// which address the caller reached the hub.
func (r *Request) WithPage(sentence string, repo hub.RepoID) string {
	return strings.ReplaceAll(sentence, "its page", r.BaseURL+repo.WebPath())
}

// bodySentence is Sentence for clients that read the header as well. Without a hint it is what stands there, to the full stop:
// the Python client prints both unless they are the same. Source: huggingface_hub utils/_http.py, _format.
func bodySentence(e *hub.Error) string {
	if e.Hint == "" {
		return headerSentence(e)
	}
	return Sentence(e)
}

// headerSentence is the message as the header has it: the Python client prints "403 Forbidden: {message}." and adds the full stop
// itself.
func headerSentence(e *hub.Error) string {
	if e.Code == hub.Forbidden {
		return strings.TrimSuffix(e.Message, ".")
	}
	return e.Message
}

// maxHeaderText is how many bytes of a message stand in a header: clients refuse answers with long ones.
const maxHeaderText = 1000

// HeaderText makes a message fit for a header: one line of printable ASCII, as clients decode headers as Latin-1.
func HeaderText(s string) string {
	if len(s) <= maxHeaderText && isPlain(s) { // nearly always
		return s
	}
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '\n' || c == '\t':
			b.WriteByte(' ')
		case c == '…':
			b.WriteString("...")
		case c < ' ' || c == 0x7f:
		case c >= utf8.RuneSelf:
			b.WriteByte('?')
		default:
			b.WriteRune(c)
		}
		if b.Len() >= maxHeaderText {
			break
		}
	}
	return b.String()
}

// isPlain tells whether s is one line of printable ASCII.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
