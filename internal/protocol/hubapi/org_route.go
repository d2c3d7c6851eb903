package hubapi

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// maxOrgBody is the size in bytes of what routes about an organization read.
const maxOrgBody = 256 << 10

// orgRequest is a request about the organization in its path. Its body is read after authorization, so that what is
// wrong with it is told only to those who may make it.
type orgRequest struct {
	name   string
	action access.Action
}

func (q orgRequest) Needs() []access.Need {
	return []access.Need{{Action: q.action, Target: access.Namespace(q.name)}}
}

// groupRequest is a request about one resource group.
type groupRequest struct {
	org    string
	id     hub.ID
	action access.Action
}

func (q groupRequest) Needs() []access.Need {
	return []access.Need{{Action: q.action, Target: access.Group(q.org, q.id)}}
}

type grantHandler = func(http.ResponseWriter, *httpd.Request, access.Grant) error

// orgRoute adds a route below an organization that needs one action on it. pattern is "METHOD /path" relative to
// /api/organizations/{name}.
func orgRoute(s *httpd.Server, method, path string, action access.Action, h grantHandler) {
	httpd.Add(s, httpd.Root, method+" /api/organizations/{name}"+path,
		func(r *httpd.Request) (orgRequest, error) { return orgRequest{r.Param("name"), action}, nil },
		func(w http.ResponseWriter, r *httpd.Request, _ orgRequest, g access.Grant) error { return h(w, r, g) },
		httpd.MaxBody(maxOrgBody))
}

// groupRoute adds a route below a resource group.
func groupRoute(s *httpd.Server, method, path string, action access.Action, h grantHandler) {
	httpd.Add(s, httpd.Root, method+" /api/organizations/{name}/resource-groups/{id}"+path,
		func(r *httpd.Request) (groupRequest, error) {
			return groupRequest{r.Param("name"), hub.ID(r.Param("id")), action}, nil
		},
		func(w http.ResponseWriter, r *httpd.Request, _ groupRequest, g access.Grant) error { return h(w, r, g) },
		httpd.MaxBody(maxOrgBody))
}

// optionalJSON is JSON for calls whose body may be missing.
func optionalJSON(r *httpd.Request, v any) error {
	if r.ContentLength == 0 {
		return nil
	}
	return r.JSON(v)
}

// success is the answer of calls that only say that they worked.
// Source: Hub documentation, "Programmatic user access control".
func success(w http.ResponseWriter) error {
	httpd.WriteJSON(w, http.StatusOK, map[string]bool{"success": true})
	return nil
}

// instant is a time in a body: RFC 3339, or a date, which means the beginning of that day in UTC.
type instant struct{ time.Time }

// UnmarshalJSON reads an instant; null leaves it zero.
func (t *instant) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil || s == nil {
		return err
	}
	var err error
	t.Time, err = parseInstant("date", *s)
	return err
}

// parseInstant reads a time; "" is the zero time. InvalidInput.
func parseInstant(name, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, hub.Errorf(hub.InvalidInput, "The %s must be a date or a time such as 2027-01-31T00:00:00Z.", name)
}

// optionalDate is date for what may not have happened.
func optionalDate(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := date(t)
	return &s
}
