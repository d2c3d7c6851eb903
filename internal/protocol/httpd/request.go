package httpd

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Request is an HTTP request whose path has been read and whose caller is known.
type Request struct {
	*http.Request
	ID      string          // request id, also sent as X-Request-Id
	Subject *access.Subject // never nil; anonymous without a credential
	Repo    hub.RepoID      // of the path, on repository mounts; the name as the caller wrote it
	IP      netip.Addr      // of the caller, a trusted proxy's word taken into account
	Country string          // of the caller, two capital letters on the word of a trusted proxy; "" when it is not known
	BaseURL string          // scheme://host under which the caller reached the hub, without a trailing slash
	vars    pathVars
	route   *route
	rest    []string
	watch   *watch
	over    func() error // what a yes becomes when the caller has made too many requests; nil: it stays one
}

// Param returns a decoded path variable, "" if the pattern has none of that name.
func (r *Request) Param(name string) string { return r.vars.get(name) }

// Query returns the values of a query parameter; "name" and "name[]" are the same parameter.
func (r *Request) Query(name string) []string {
	q := r.URL.Query()
	return append(append([]string(nil), q[name]...), q[name+"[]"]...)
}

// QueryBool reads a boolean parameter as Python and JS clients write it: true, True, 1 and their opposites.
// Absent is false; anything else is InvalidInput.
func (r *Request) QueryBool(name string) (bool, error) {
	if r.URL.RawQuery == "" {
		return false, nil
	}
	return ParseBool(name, r.URL.Query().Get(name))
}

// ParseBool is QueryBool for a parameter of a form.
func ParseBool(name, v string) (bool, error) {
	switch strings.ToLower(v) {
	case "", "0", "false", "no":
		return false, nil
	case "1", "true", "yes":
		return true, nil
	default:
		return false, hub.Errorf(hub.InvalidInput, "The parameter %s is neither true nor false.", name)
	}
}

// QueryInt reads a whole number between lo and hi; absent is def, anything else InvalidInput.
func (r *Request) QueryInt(name string, def, lo, hi int) (int, error) {
	v := r.URL.Query().Get(name)
	if v == "" {
		return def, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < lo || n > hi {
		return 0, hub.Errorf(hub.InvalidInput, "The parameter %s must be a whole number from %d to %d.", name, lo, hi)
	}
	return n, nil
}

// JSON decodes the body, one JSON value, into v. Unknown keys are ignored, as newer clients send more.
// Malformed JSON is InvalidInput, a body over the route's limit TooLarge.
func (r *Request) JSON(v any) error {
	d := json.NewDecoder(r.Body)
	if err := d.Decode(v); err != nil {
		return bodyError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			return hub.Errorf(hub.InvalidInput, "The body holds more than one JSON value.")
		}
		return bodyError(err)
	}
	return nil
}

func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return hub.Wrap(err, hub.TooLarge, "The body is larger than %d bytes.", tooLarge.Limit)
	}
	var ours *hub.Error
	if errors.As(err, &ours) { // a value of a type of ours says itself what is wrong with it
		return ours
	}
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) && typ.Field != "" {
		return hub.Wrap(err, hub.InvalidInput, "The field %q of the JSON body has the wrong type.", typ.Field)
	}
	return hub.Wrap(err, hub.InvalidInput, "The body is not valid JSON.")
}

// IsForm tells whether the body is a form, as some Python calls send it.
func (r *Request) IsForm() bool {
	t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return t == "application/x-www-form-urlencoded"
}

// Event starts an audit event of this request: who, with which token, from where.
func (r *Request) Event(typ string) hub.Event {
	return hub.Event{
		Type: typ, ActorID: r.Subject.ActorID(), ActorName: r.Subject.ActorName(), TokenID: r.Subject.TokenID(),
		IP: r.IP.String(), UserAgent: truncate(r.UserAgent(), 256),
	}
}

func truncate(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
