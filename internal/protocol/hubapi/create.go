package hubapi

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/repos"
)

// repoName is how create and delete name a repository: without an organization it is the caller's own.
type repoName struct {
	Name         string  `json:"name"`
	Organization *string `json:"organization"`
	Type         string  `json:"type"`
}

func (n repoName) id(r *httpd.Request) (hub.RepoID, error) {
	t, err := hub.ParseRepoType(n.Type)
	if err != nil {
		return hub.RepoID{}, err
	}
	id := hub.RepoID{Type: t, Name: n.Name}
	if n.Organization != nil {
		id.Namespace = *n.Organization
	}
	if id.Namespace == "" {
		id.Namespace = r.Subject.UserName()
	}
	if id.Name == "" {
		return hub.RepoID{}, hub.Errorf(hub.InvalidInput, "The name of the repository is missing.")
	}
	return id, nil
}

// createBody has every field that clients send.
// Source: huggingface_hub hf_api.py, create_repo; @huggingface/hub create-repo.ts.
type createBody struct {
	repoName
	Visibility       *string    `json:"visibility"`
	Private          *bool      `json:"private"`
	SDK              *string    `json:"sdk"`
	License          string     `json:"license"`
	LicenseName      string     `json:"license_name"`
	LicenseLink      string     `json:"license_link"`
	ShortDescription string     `json:"short_description"`
	Files            []fileBody `json:"files"`

	// What this hub does not have, and says so rather than ignoring it.
	Template    any `json:"template"`
	Hardware    any `json:"hardware"`
	StorageTier any `json:"storageTier"`
	SleepTime   any `json:"sleepTimeSeconds"`
	Secrets     any `json:"secrets"`
	Variables   any `json:"variables"`
	Volumes     any `json:"volumes"`
	Region      any `json:"region"`

	Group *hub.ID `json:"resourceGroupId"`
}

type fileBody struct {
	Path     string `json:"path"`
	Content  string `json:"content"`
	Encoding string `json:"encoding"`
}

type createRequest struct {
	id    hub.RepoID
	group hub.ID // resource group, "" for none
	new   repos.NewRepo
}

// Needs says that the caller must be allowed to create exactly this repository, there, and in everybody's sight if that
// is asked for.
func (q createRequest) Needs() []access.Need {
	action := access.RepoCreate
	if q.new.Visibility == hub.Public {
		action = access.RepoCreatePublic
	}
	return []access.Need{{Action: action, Target: access.NewRepoIn(q.id, q.group)}}
}

func parseCreate(r *httpd.Request) (createRequest, error) {
	if r.Subject.IsAnonymous() { // before so long a body is read
		return createRequest{}, access.NeedsCredential()
	}
	var b createBody
	if err := r.JSON(&b); err != nil {
		return createRequest{}, err
	}
	id, err := b.id(r)
	if err != nil {
		return createRequest{}, err
	}
	if err := b.refuseUnknown(); err != nil {
		return createRequest{}, err
	}
	v, err := visibility(b.Visibility, b.Private)
	if err != nil {
		return createRequest{}, err
	}
	q := createRequest{id: id, new: repos.NewRepo{License: b.License, LicenseName: b.LicenseName,
		LicenseLink: b.LicenseLink, ShortDescription: b.ShortDescription}}
	if v != nil {
		q.new.Visibility = *v
	}
	if b.Group != nil && *b.Group != "" {
		if q.group, err = hub.ParseID(string(*b.Group)); err != nil {
			return createRequest{}, err
		}
	}
	if b.SDK != nil {
		q.new.SDK = *b.SDK
	}
	for _, f := range b.Files {
		content, err := f.decode()
		if err != nil {
			return createRequest{}, err
		}
		q.new.Files = append(q.new.Files, repos.File{Path: f.Path, Content: content})
	}
	return q, repos.CheckNewRepo(id, q.new)
}

// refuseUnknown names the first thing asked for that would silently not happen. Empty values ask for nothing.
func (b *createBody) refuseUnknown() error {
	running := "This hub keeps the files of Spaces and does not run them, so %s cannot be set."
	for _, f := range []struct {
		name, text string
		value      any
	}{
		{"template", "This hub has no Space templates.", b.Template},
		{"hardware", running, b.Hardware}, {"storageTier", running, b.StorageTier}, {"sleepTimeSeconds", running, b.SleepTime},
		{"secrets", running, b.Secrets}, {"variables", running, b.Variables}, {"volumes", running, b.Volumes},
		{"region", "This hub has one place for all data, so a region cannot be chosen.", b.Region},
	} {
		if !asks(f.value) {
			continue
		}
		return hub.Errorf(hub.NotImplemented, "%s", strings.ReplaceAll(f.text, "%s", f.name))
	}
	return nil
}

func asks(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	}
	return true
}

func (f fileBody) decode() ([]byte, error) {
	switch f.Encoding {
	case "", "utf-8":
		return []byte(f.Content), nil
	case "base64":
		b, err := base64.StdEncoding.DecodeString(f.Content)
		if err != nil {
			return nil, hub.Errorf(hub.InvalidInput, "The content of the file %q is not valid base64.", f.Path)
		}
		return b, nil
	}
	return nil, hub.Errorf(hub.InvalidInput, "Unknown encoding %q: use base64 or utf-8.", f.Encoding)
}

// visibility reads the newer field and the older one; both together must agree. Nil when neither is there.
func visibility(v *string, private *bool) (*hub.Visibility, error) {
	var out *hub.Visibility
	if private != nil {
		x := hub.Public
		if *private {
			x = hub.Private
		}
		out = &x
	}
	if v == nil || *v == "" {
		return out, nil
	}
	x := hub.Visibility(*v)
	switch x {
	case hub.Public, hub.Private, hub.Protected:
	default:
		return nil, hub.Errorf(hub.InvalidInput, "Unknown visibility %q: use public, private or, for Spaces, protected.", *v)
	}
	if out != nil && (*out == hub.Public) != (x == hub.Public) {
		return nil, hub.Errorf(hub.InvalidInput, "The fields visibility and private contradict each other.")
	}
	return &x, nil
}

func (a *API) createRepo(w http.ResponseWriter, r *httpd.Request, q createRequest, g access.Grant) error {
	q.new.Warn = warnToken(w)
	repo, err := a.Repos.Create(r.Context(), g, q.new, r.Event("repo.create"))
	if err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, struct {
		URL  string `json:"url"`
		Name string `json:"name"`
		ID   hub.ID `json:"id"`
	}{r.BaseURL + repo.WebPath(), repo.FullName(), repo.ID})
	return nil
}
