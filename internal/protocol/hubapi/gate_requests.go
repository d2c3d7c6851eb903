package hubapi

import (
	"bufio"
	"net/http"
	"net/url"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/gates"
)

// Pages of a list of access requests. Source: Hub OpenAPI.
const (
	minGatePage = 10
	maxGatePage = 1000
)

func (a *API) registerGates(s *httpd.Server) {
	repo := func(pattern string, action access.Action, h grantHandler) {
		s.Repo(httpd.RepoAPI, pattern, action, h, httpd.MaxBody(maxOrgBody))
	}
	repo("GET /user-access-request/{status}", access.RepoAccessRead, a.listRequests)
	repo("POST /user-access-request/handle", access.RepoAccessManage, a.handleRequest)
	repo("POST /user-access-request/grant", access.RepoAccessManage, a.grantAccess)
	repo("POST /user-access-request/batch", access.RepoAccessManage, a.handleBatch)
	repo("POST /user-access-request/cancel", access.RepoAccessRequest, a.cancelRequest)
	s.Repo(httpd.RepoWeb, "POST /ask-access", access.RepoAccessRequest, a.askAccess, httpd.MaxBody(maxOrgBody), httpd.WithStyle(httpd.HubJSON))
	s.Repo(httpd.RepoWeb, "GET /user-access-report", access.RepoAccessRead, a.accessReport, httpd.WithStyle(httpd.HubJSON))
	repo("GET /gate", access.RepoView, a.gateStanding)
	repo("GET /gate/admissions", access.RepoAccessRead, a.listAdmissions)
	repo("POST /gate/admissions", access.RepoAccessManage, a.admit)
	repo("DELETE /gate/admissions/{id}", access.RepoAccessManage, a.dismiss)
}

// accessRequest is one entry of a list.
// Source: huggingface_hub hf_api.py, AccessRequest and _list_access_requests.
type accessRequest struct {
	RequestID  hub.ID         `json:"requestId"`
	User       accessPerson   `json:"user"`
	GrantedBy  *accessPerson  `json:"grantedBy,omitempty"`
	Status     hub.GateState  `json:"status"`
	Timestamp  string         `json:"timestamp"`
	Fields     map[string]any `json:"fields,omitempty"`
	ReviewedAt *string        `json:"reviewedAt,omitempty"`
	Reason     string         `json:"rejectionReason,omitempty"`
	Until      *string        `json:"until,omitempty"` // ours: end of the access
}

type accessPerson struct {
	ID        hub.ID `json:"_id"`
	AvatarURL string `json:"avatarUrl"`
	FullName  string `json:"fullname"`
	IsPro     bool   `json:"isPro"`
	User      string `json:"user"`
	Type      string `json:"type"`
	Email     string `json:"email,omitempty"`
}

func accessRequestOf(r *httpd.Request, x hub.GateRequest) accessRequest {
	out := accessRequest{
		RequestID: x.ID, Status: x.State, Timestamp: date(gates.When(x)), Fields: x.Fields, Reason: x.Reason, Until: optionalDate(x.Until),
		User: accessPerson{ID: x.SubjectID, AvatarURL: avatarURL(r, x.SubjectName), FullName: shownName(x.FullName, x.SubjectName), User: x.SubjectName, Type: "user", Email: x.Email},
	}
	if x.State != hub.GatePending {
		out.ReviewedAt = optionalDate(x.DecidedAt)
		if x.Reviewer != "" {
			out.GrantedBy = &accessPerson{ID: x.ReviewerID, AvatarURL: avatarURL(r, x.Reviewer), FullName: x.Reviewer, User: x.Reviewer, Type: "user"}
		}
	}
	return out
}

func (a *API) listRequests(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var q gates.Query
	var err error
	if q.State, err = hub.ParseGateState(r.Param("status")); err != nil {
		return err
	}
	v := r.URL.Query()
	if q.Limit, err = r.QueryInt("limit", maxGatePage, minGatePage, maxGatePage); err != nil {
		return err
	}
	if q.From, err = parseInstant("after", v.Get("after")); err != nil {
		return err
	}
	if q.To, err = parseInstant("before", v.Get("before")); err != nil {
		return err
	}
	if q.Text = v.Get("q"); len(q.Text) > maxFilterLength {
		return hub.Errorf(hub.InvalidInput, "The parameter q has at most %d bytes.", maxFilterLength)
	}
	if c := v.Get("cursor"); c != "" {
		if q.After, err = hub.ParseID(c); err != nil {
			return badCursor()
		}
	}
	list, next, err := a.Gates.List(r.Context(), g, r.Repo, q)
	if err != nil {
		return err
	}
	if next != "" {
		setNext(w, r, r.Repo.APIPath()+"/user-access-request/"+url.PathEscape(string(q.State)), map[string]string{"cursor": string(next)})
	}
	out := []accessRequest{}
	for _, x := range list {
		out = append(out, accessRequestOf(r, x))
	}
	noStore(w)
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

// whoBody names a person in one of three ways.
type whoBody struct {
	User      string `json:"user,omitempty"`
	UserID    hub.ID `json:"userId,omitempty"`
	RequestID hub.ID `json:"requestId,omitempty"`
}

func (b whoBody) who() gates.Who { return gates.Who(b) }

// decisionBody is what an owner decides.
type decisionBody struct {
	Status       string  `json:"status"`
	Rejection    string  `json:"rejectionReason"`
	ResetReason  string  `json:"resetReason"`
	AcceptedTill instant `json:"until"` // ours: end of the access
}

func (b decisionBody) decision() (gates.Decision, error) {
	st, err := hub.ParseGateState(b.Status)
	d := gates.Decision{State: st, Reason: b.Rejection, Until: b.AcceptedTill.Time}
	switch {
	case err != nil:
	case b.Rejection != "" && st != hub.GateRejected:
		err = hub.Errorf(hub.InvalidInput, "rejectionReason can only be given when a request is rejected.")
	case b.ResetReason != "" && st != hub.GateReset:
		err = hub.Errorf(hub.InvalidInput, "resetReason can only be given when a request is reset.")
	case b.ResetReason != "":
		d.Reason = b.ResetReason
	}
	return d, err
}

func (a *API) handleRequest(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		whoBody
		decisionBody
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	d, err := b.decision()
	if err != nil {
		return err
	}
	if err := a.Gates.Handle(r.Context(), g, r.Repo, b.who(), d, r.Event("")); err != nil {
		return err
	}
	return ok(w)
}

func (a *API) grantAccess(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		whoBody
		Until instant `json:"until"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	if err := a.Gates.Grant(r.Context(), g, r.Repo, b.who(), b.Until.Time, r.Event("")); err != nil {
		return err
	}
	return ok(w)
}

func (a *API) handleBatch(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		decisionBody
		Requests []whoBody `json:"requests"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	d, err := b.decision()
	if err != nil {
		return err
	}
	var whos []gates.Who
	for _, x := range b.Requests {
		whos = append(whos, x.who())
	}
	results, err := a.Gates.Batch(r.Context(), g, whos, d, r.Event(""))
	if err != nil {
		return err
	}
	type item struct {
		whoBody
		OK    bool   `json:"ok"`
		Error string `json:"error,omitempty"`
	}
	out := []item{}
	for _, x := range results {
		out = append(out, item{whoBody(x.Who), x.Error == "", x.Error})
	}
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) cancelRequest(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	if err := a.Gates.Withdraw(r.Context(), g, r.Event("")); err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, map[string]bool{"ok": true})
	return nil
}

// accessReport is a file for the owner with everybody who asked or was let in.
func (a *API) accessReport(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	repo, err := g.Repo(access.RepoAccessRead)
	if err != nil {
		return err
	}
	type line struct {
		User       string        `json:"user"`
		FullName   string        `json:"fullname"`
		Status     hub.GateState `json:"status"`
		Email      string        `json:"email,omitempty"`
		Time       string        `json:"time"`
		ReviewedAt *string       `json:"reviewedAt,omitempty"`
	}
	noStore(w)
	w.Header().Set("Content-Disposition", "attachment; filename=user-access-report-"+repo.Namespace+"-"+repo.Name+".json")
	return respond(w, func(out *bufio.Writer) error {
		return array(out, func(emit func(any) error) error {
			return a.Gates.Each(r.Context(), g, func(x hub.GateRequest) error {
				q := accessRequestOf(r, x)
				return emit(line{q.User.User, q.User.FullName, q.Status, q.User.Email, q.Timestamp, q.ReviewedAt})
			})
		})
	})
}
