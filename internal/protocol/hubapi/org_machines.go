package hubapi

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/serviceaccounts"
)

func (a *API) registerMachines(s *httpd.Server) {
	const one = "/service-accounts/{id}"
	orgRoute(s, "GET", "/service-accounts", access.ServiceAccountsRead, a.listMachines)
	orgRoute(s, "POST", "/service-accounts", access.ServiceAccountsWrite, a.createMachine)
	orgRoute(s, "GET", one, access.ServiceAccountsRead, a.showMachine)
	orgRoute(s, "DELETE", one, access.ServiceAccountsWrite, a.deleteMachine)
	orgRoute(s, "POST", one+"/tokens", access.ServiceAccountsWrite, a.createMachineToken)
	orgRoute(s, "PATCH", one+"/tokens/{token}", access.ServiceAccountsWrite, a.editMachineToken)
	orgRoute(s, "DELETE", one+"/tokens/{token}", access.ServiceAccountsWrite, a.deleteMachineToken)
	orgRoute(s, "POST", one+"/tokens/{token}/rotate", access.ServiceAccountsWrite, a.rotateMachineToken)
}

// machineAnswer is a service account.
// Source: Hub OpenAPI, service accounts.
type machineAnswer struct {
	ID          hub.ID         `json:"id"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	CreatedAt   string         `json:"createdAt"`
	Tokens      []machineToken `json:"tokens"`
}

type machineToken struct {
	ID               hub.ID           `json:"id"`
	Name             string           `json:"displayName"`
	Last4            string           `json:"last4"`
	Permissions      []hub.Permission `json:"permissions"`
	Repos            []hub.ID         `json:"repoIds"`
	RepoPermissions  []hub.Permission `json:"repoPermissions"`
	EndpointPatterns []string         `json:"endpointPatterns"`
	SkipNetwork      bool             `json:"skipNetworkSecurity"`
	CreatedAt        string           `json:"createdAt"`
	RotatedAt        *string          `json:"rotatedAt"`
	Expiration       *string          `json:"expiration"`
	LastUsedAt       *string          `json:"lastUsedAt"`
	Signs            []hub.Sign       `json:"signs,omitempty"` // ours; of accounts and their lists
	Value            string           `json:"token,omitempty"` // at creation and rotation only
}

func machineTokenOf(t hub.ServiceToken) machineToken {
	return machineToken{ID: t.ID, Name: t.Name, Last4: t.Last4, Permissions: notNil(t.Permissions), Repos: notNil(t.Repos),
		RepoPermissions: notNil(t.RepoPermissions), EndpointPatterns: notNil(t.EndpointPatterns), SkipNetwork: t.SkipNetwork,
		CreatedAt: date(t.CreatedAt), RotatedAt: optionalDate(t.RotatedAt), Expiration: optionalDate(t.ExpiresAt), LastUsedAt: optionalDate(t.LastUsedAt)}
}

func machineOf(f serviceaccounts.Full) machineAnswer {
	out := machineAnswer{ID: f.ID, Name: f.Name, Description: f.Description, CreatedAt: date(f.CreatedAt), Tokens: []machineToken{}}
	for _, t := range f.Tokens {
		m := machineTokenOf(t)
		m.Signs = f.Signs[t.ID]
		out.Tokens = append(out.Tokens, m)
	}
	return out
}

func (a *API) listMachines(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	list, err := a.Machines.List(r.Context(), g, "")
	if err != nil {
		return err
	}
	out := []machineAnswer{}
	for _, f := range list {
		out = append(out, machineOf(f))
	}
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) showMachine(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	f, err := a.Machines.Show(r.Context(), g, "", groupID(r))
	if err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, machineOf(f))
	return nil
}

// machineTokenBody is what creation takes, and an edit as far as it goes.
type machineTokenBody struct {
	Name             *string           `json:"displayName"`
	Permissions      *[]hub.Permission `json:"permissions"`
	Repos            *[]hub.ID         `json:"repoIds"`
	RepoPermissions  *[]hub.Permission `json:"repoPermissions"`
	EndpointPatterns *[]string         `json:"endpointPatterns"`
	SkipNetwork      *bool             `json:"skipNetworkSecurity"`
	Expiration       expiration        `json:"expiration"`
}

// expiration is the field for the end of a token: a time, or null for never.
type expiration struct{ json.RawMessage }

// UnmarshalJSON keeps what is there.
func (e *expiration) UnmarshalJSON(b []byte) error { return e.RawMessage.UnmarshalJSON(b) }

// at returns the end, the zero time for never, and nil when the field is not there. InvalidInput.
func (e expiration) at() (*time.Time, error) {
	if len(e.RawMessage) == 0 {
		return nil, nil
	}
	var t instant
	if err := json.Unmarshal(e.RawMessage, &t); err != nil {
		return nil, hub.Errorf(hub.InvalidInput, "The field expiration must be a time such as 2027-01-31T00:00:00Z, or null.")
	}
	return &t.Time, nil
}

// rotationBody is the optional body of a rotation, ours: how many seconds the old value still works, and a new end.
type rotationBody struct {
	Overlap    int64      `json:"overlap"`
	Expiration expiration `json:"expiration"`
}

func (b machineTokenBody) new() (n serviceaccounts.NewToken, err error) {
	at, err := b.Expiration.at()
	copyTo(&n.ExpiresAt, at)
	n.Never = at != nil && at.IsZero()
	copyTo(&n.Name, b.Name)
	copyTo(&n.Permissions, b.Permissions)
	copyTo(&n.Repos, b.Repos)
	copyTo(&n.RepoPermissions, b.RepoPermissions)
	copyTo(&n.EndpointPatterns, b.EndpointPatterns)
	copyTo(&n.SkipNetwork, b.SkipNetwork)
	return n, err
}

func copyTo[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (a *API) createMachine(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		Name        string            `json:"name"`
		Description string            `json:"description"`
		Token       *machineTokenBody `json:"token"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	n := serviceaccounts.NewAccount{Name: b.Name, Description: b.Description}
	if b.Token != nil {
		t, err := b.Token.new()
		if err != nil {
			return err
		}
		n.Token = &t
	}
	f, c, err := a.Machines.Create(r.Context(), g, "", n, r.Event(""))
	if err != nil {
		return err
	}
	out := machineOf(f)
	if c != nil && len(out.Tokens) == 1 {
		out.Tokens[0].Value = c.Value.Reveal()
	}
	noStore(w)
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

func noStore(w http.ResponseWriter) { w.Header().Set("Cache-Control", "private, no-store") }

func (a *API) deleteMachine(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	if err := a.Machines.Delete(r.Context(), g, "", groupID(r), r.Event("")); err != nil {
		return err
	}
	return success(w)
}

// answerValue shows a new value, the only time that it is seen.
func answerValue(w http.ResponseWriter, c serviceaccounts.Created, err error) error {
	if err != nil {
		return err
	}
	out := machineTokenOf(c.ServiceToken)
	out.Value = c.Value.Reveal()
	noStore(w)
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) createMachineToken(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b machineTokenBody
	if err := r.JSON(&b); err != nil {
		return err
	}
	n, err := b.new()
	if err != nil {
		return err
	}
	c, err := a.Machines.CreateToken(r.Context(), g, "", groupID(r), n, r.Event(""))
	return answerValue(w, c, err)
}

func (a *API) editMachineToken(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b machineTokenBody
	if err := r.JSON(&b); err != nil {
		return err
	}
	at, err := b.Expiration.at()
	if err != nil {
		return err
	}
	c := serviceaccounts.Change{Name: b.Name, Permissions: b.Permissions, Repos: b.Repos, RepoPermissions: b.RepoPermissions,
		EndpointPatterns: b.EndpointPatterns, SkipNetwork: b.SkipNetwork, ExpiresAt: at}
	t, err := a.Machines.EditToken(r.Context(), g, "", groupID(r), tokenID(r), c, r.Event(""))
	if err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, machineTokenOf(t))
	return nil
}

func tokenID(r *httpd.Request) hub.ID { return hub.ID(r.Param("token")) }

func (a *API) rotateMachineToken(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b rotationBody
	if err := optionalJSON(r, &b); err != nil {
		return err
	}
	at, err := b.Expiration.at()
	if err != nil {
		return err
	}
	how := serviceaccounts.Rotation{Overlap: hub.Seconds(b.Overlap), ExpiresAt: at}
	c, err := a.Machines.RotateToken(r.Context(), g, "", groupID(r), tokenID(r), how, r.Event(""))
	return answerValue(w, c, err)
}

func (a *API) deleteMachineToken(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	if err := a.Machines.DeleteToken(r.Context(), g, "", groupID(r), tokenID(r), r.Event("")); err != nil {
		return err
	}
	return success(w)
}
