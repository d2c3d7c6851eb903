package hubapi

import (
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/repos"
)

func (a *API) registerDuplicates(s *httpd.Server) {
	httpd.Add(s, httpd.RepoAPI, "POST /duplicate", parseDuplicate, a.duplicateRepo)
}

// duplication asks for a copy of the path's repository.
// Source: huggingface_hub hf_api.py, duplicate_repo.
type duplication struct {
	source, target hub.RepoID
	group          hub.ID // resource group of the new repository, "" for none
	new            repos.NewRepo
}

// Needs are reading the files here and creating there.
func (q duplication) Needs() []access.Need {
	create := createRequest{id: q.target, group: q.group, new: q.new}.Needs()
	return append([]access.Need{{Action: access.RepoContentRead, Target: access.Repo(q.source)}}, create...)
}

func parseDuplicate(r *httpd.Request) (q duplication, err error) {
	var b struct {
		createBody
		Repository string `json:"repository"`
	}
	if err := r.JSON(&b); err != nil {
		return q, err
	}
	if err := b.refuseUnknown(); err != nil {
		return q, err
	}
	q.source = r.Repo
	if q.target, err = hub.ParseRepoID(r.Repo.Type, b.Repository); err != nil {
		return q, err
	}
	if err := hub.CheckRepoName(q.target.Name); err != nil {
		return q, err
	}
	v, err := visibility(b.Visibility, b.Private)
	if err != nil {
		return q, err
	}
	if v != nil {
		q.new.Visibility = *v
	}
	if b.Group != nil && *b.Group != "" {
		q.group, err = hub.ParseID(string(*b.Group))
	}
	return q, err
}

func (a *API) duplicateRepo(w http.ResponseWriter, r *httpd.Request, q duplication, g access.Grant) error {
	repo, err := a.Duplicates.Duplicate(r.Context(), g, q.new, r.Event("repo.duplication"))
	if err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, struct {
		URL     string `json:"url"`
		ID      hub.ID `json:"id"`
		Pending bool   `json:"filesCopyPending"`
	}{r.BaseURL + repo.WebPath(), repo.ID, false})
	return nil
}
