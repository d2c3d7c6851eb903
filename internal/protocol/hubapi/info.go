package hubapi

import (
	"bufio"
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// repoInfo describes a repository at its default branch or at a revision.
// Source: huggingface_hub hf_api.py, model_info, dataset_info, space_info.
func (a *API) repoInfo(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	blobs, err := r.QueryBool("blobs")
	if err != nil {
		return err
	}
	security, err := r.QueryBool("securityStatus")
	if err != nil {
		return err
	}
	t := r.Repo.Type
	chosen := defaults(t, inInfo)
	if names := r.Query("expand"); len(names) > 0 {
		if chosen, err = expanded(t, names); err != nil {
			return err
		}
		security = false
	}
	view, err := a.Repos.View(r.Context(), g, r.Param("rev"))
	if err != nil {
		return err
	}
	defer view.Close()
	d := described{repo: view.Repo, view: view, blobs: blobs, api: a}
	if d.card, err = view.Card(r.Context()); err != nil {
		return err
	}
	members, err := d.members(r.Context(), chosen)
	if err != nil {
		return err
	}
	if security {
		members = append(members, member{"securityRepoStatus", map[string]any{"scansDone": false, "filesWithIssues": []string{}}})
	}
	return respond(w, func(out *bufio.Writer) error { return writeObject(out, members) })
}
