package hubapi

import (
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/gateform"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/gates"
)

// askAccess takes a request for access, as a form or as JSON whose keys are the labels of the form's fields, and sends
// the caller back to the repository's page whatever became of it.
// Source: access-model 4.3, observed.
func (a *API) askAccess(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	answers, err := readAnswers(r)
	if err != nil {
		return err
	}
	if _, err := a.Gates.Ask(r.Context(), g, gates.Asking{Answers: answers, Country: r.Country}, r.Event("")); err != nil {
		return err
	}
	repo, err := g.Repo(access.RepoAccessRequest)
	if err != nil {
		return err
	}
	w.Header().Set("Location", r.BaseURL+repo.WebPath())
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

func readAnswers(r *httpd.Request) (map[string]any, error) {
	answers := map[string]any{}
	if !r.IsForm() {
		return answers, optionalJSON(r, &answers)
	}
	if err := r.ParseForm(); err != nil {
		return nil, formError(err)
	}
	for k, v := range r.PostForm {
		answers[k] = v[0]
	}
	return answers, nil
}

// gateStanding tells where the caller stands before the gate, and what the form asks. The route is ours.
func (a *API) gateStanding(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	st, err := a.Gates.Standing(r.Context(), g)
	if err != nil {
		return err
	}
	type request struct {
		Status    hub.GateState `json:"status"`
		Timestamp string        `json:"timestamp"`
		Until     *string       `json:"until"`
	}
	var out struct {
		Gated   any           `json:"gated"`
		Open    bool          `json:"canReadFiles"`
		Request *request      `json:"request"`
		Form    gateform.Form `json:"form"`
	}
	out.Gated, out.Open, out.Form = gated(st.Mode), st.Open, st.Form
	if q := st.Request; q != nil {
		out.Request = &request{q.State, date(gates.When(*q)), optionalDate(q.Until)}
	}
	noStore(w)
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

// admission is something other than a person that a gate lets in. The routes are ours.
type admission struct {
	ID    hub.ID  `json:"id"`
	Kind  string  `json:"kind"` // org, group or service
	Name  string  `json:"name"`
	Since string  `json:"since"`
	Until *string `json:"until"`
	By    string  `json:"admittedBy,omitempty"`
}

func (a *API) listAdmissions(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	list, err := a.Gates.Admissions(r.Context(), g, r.Repo)
	if err != nil {
		return err
	}
	out := []admission{}
	for _, x := range list {
		out = append(out, admission{x.ID, string(x.Kind), x.SubjectName, date(x.DecidedAt), optionalDate(x.Until), x.Reviewer})
	}
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) admit(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		Kind  hub.GateSubject `json:"kind"`
		Name  string          `json:"name"`
		ID    hub.ID          `json:"id"`
		Until instant         `json:"until"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	if err := a.Gates.Admit(r.Context(), g, r.Repo, gates.Party{Kind: b.Kind, Name: b.Name, ID: b.ID}, b.Until.Time, r.Event("")); err != nil {
		return err
	}
	return ok(w)
}

func (a *API) dismiss(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	if err := a.Gates.Dismiss(r.Context(), g, r.Repo, hub.ID(r.Param("id")), r.Event("")); err != nil {
		return err
	}
	return ok(w)
}
