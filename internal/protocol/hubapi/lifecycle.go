package hubapi

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/repos"
)

type deleteRequest struct{ id hub.RepoID }

// Needs says that the caller must be allowed to delete this repository.
func (q deleteRequest) Needs() []access.Need {
	return []access.Need{{Action: access.RepoDelete, Target: access.Repo(q.id)}}
}

func parseDelete(r *httpd.Request) (deleteRequest, error) {
	var b repoName
	if err := r.JSON(&b); err != nil {
		return deleteRequest{}, err
	}
	id, err := b.id(r)
	return deleteRequest{id}, err
}

func (a *API) deleteRepo(w http.ResponseWriter, r *httpd.Request, _ deleteRequest, g access.Grant) error {
	if err := a.Repos.Delete(r.Context(), g, r.Event("repo.delete")); err != nil {
		return err
	}
	return ok(w)
}

type moveRequest struct{ from, to hub.RepoID }

// Needs asks for a rename within the namespace, or for a transfer out of it and a creation in the other one.
func (q moveRequest) Needs() []access.Need {
	if hub.NameKey(q.from.Namespace) == hub.NameKey(q.to.Namespace) {
		return []access.Need{{Action: access.RepoMove, Target: access.Repo(q.from)}}
	}
	return []access.Need{
		{Action: access.RepoTransfer, Target: access.Repo(q.from)},
		{Action: access.RepoCreate, Target: access.NewRepo(q.to)},
	}
}

func parseMove(r *httpd.Request) (q moveRequest, err error) {
	var b struct {
		From string `json:"fromRepo"`
		To   string `json:"toRepo"`
		Type string `json:"type"`
	}
	if err := r.JSON(&b); err != nil {
		return q, err
	}
	t, err := repoType(b.Type)
	if err != nil {
		return q, err
	}
	if q.from, err = hub.ParseRepoID(t, b.From); err != nil {
		return q, err
	}
	if q.to, err = hub.ParseRepoID(t, b.To); err != nil {
		return q, err
	}
	return q, hub.CheckRepoName(q.to.Name)
}

func (a *API) moveRepo(w http.ResponseWriter, r *httpd.Request, q moveRequest, g access.Grant) error {
	id, err := a.Repos.Move(r.Context(), g, q.to, r.Event("repo.move"))
	if err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, map[string]string{"url": r.BaseURL + id.WebPath(), "name": id.FullName()})
	return nil
}

// settingsRequest remembers the fields that were sent, because the answer repeats exactly these.
type settingsRequest struct {
	repo   hub.RepoID
	change repos.Settings
	echo   map[string]any
}

// Needs asks for the right to publish only where the repository would become public.
func (q settingsRequest) Needs() []access.Need {
	needs := []access.Need{{Action: access.RepoSettings, Target: access.Repo(q.repo)}}
	if q.change.Publishes() {
		needs = append(needs, access.Need{Action: access.RepoPublish, Target: access.Repo(q.repo)})
	}
	return needs
}

func parseSettings(r *httpd.Request) (q settingsRequest, err error) {
	q = settingsRequest{repo: r.Repo, echo: map[string]any{}}
	var b struct {
		Visibility          *string         `json:"visibility"`
		Private             *bool           `json:"private"`
		Gated               json.RawMessage `json:"gated"`
		DiscussionsDisabled *bool           `json:"discussionsDisabled"`
		OrgMembersGated     *bool           `json:"orgMembersGated"`
		NotificationsEmail  *string         `json:"gatedNotificationsEmail"`
		NotificationsMode   *string         `json:"gatedNotificationsMode"`
		DiscussionsSorting  *string         `json:"discussionsSorting"`
	}
	if err := r.JSON(&b); err != nil {
		return q, err
	}
	if b.DiscussionsSorting != nil {
		return q, hub.Errorf(hub.NotImplemented, "This hub has no discussions to sort.")
	}
	if q.change.Visibility, err = visibility(b.Visibility, b.Private); err != nil {
		return q, err
	}
	if b.Visibility != nil {
		q.echo["visibility"] = *b.Visibility
	}
	if b.Private != nil {
		q.echo["private"] = *b.Private
	}
	if q.change.Gated, err = parseGate(b.Gated); err != nil {
		return q, err
	}
	if q.change.Gated != nil {
		q.echo["gated"] = gated(*q.change.Gated)
	}
	if q.change.MembersGated = b.OrgMembersGated; b.OrgMembersGated != nil {
		q.echo["orgMembersGated"] = *b.OrgMembersGated
	}
	// The notification fields are never repeated, as on the Hub.
	if q.change.GateEmail = b.NotificationsEmail; b.NotificationsMode != nil {
		m := hub.GateNotify(*b.NotificationsMode)
		q.change.GateNotify = &m
	}
	if q.change.DiscussionsDisabled = b.DiscussionsDisabled; b.DiscussionsDisabled != nil {
		q.echo["discussionsDisabled"] = *b.DiscussionsDisabled
	}
	return q, repos.CheckSettings(r.Repo.Type, q.change)
}

// parseGate reads "auto", "manual" or false; true is no mode. Nil when the field is absent or null.
func parseGate(raw json.RawMessage) (*hub.GateMode, error) {
	var m hub.GateMode
	switch string(bytes.TrimSpace(raw)) {
	case "", "null":
		return nil, nil
	case "false":
		m = hub.Ungated
	case `"auto"`:
		m = hub.GateAuto
	case `"manual"`:
		m = hub.GateManual
	default:
		return nil, hub.Errorf(hub.InvalidInput, `The field gated must be "auto", "manual" or false.`)
	}
	return &m, nil
}

// gated writes a gate mode as the Hub does.
func gated(m hub.GateMode) any {
	if m == hub.Ungated {
		return false
	}
	return string(m)
}

func (a *API) configureRepo(w http.ResponseWriter, r *httpd.Request, q settingsRequest, g access.Grant) error {
	if err := a.Repos.Configure(r.Context(), g, q.change, r.Event("repo.update_settings")); err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, q.echo)
	return nil
}
