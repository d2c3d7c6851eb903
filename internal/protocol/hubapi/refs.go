package hubapi

import (
	"net/http"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/repos"
)

type refEntry struct {
	Name   string  `json:"name"`
	Ref    string  `json:"ref"`
	Target hub.OID `json:"targetCommit"`
}

func refEntries(refs []hub.Ref, prefix string) []refEntry {
	out := make([]refEntry, len(refs))
	for i, r := range refs {
		out[i] = refEntry{Name: strings.TrimPrefix(r.Name, prefix), Ref: r.Name, Target: r.Target}
	}
	return out
}

// listRefs lists branches, tags, conversions and, if asked, pull requests.
// Source: huggingface_hub hf_api.py, list_repo_refs.
func (a *API) listRefs(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	withPulls, err := r.QueryBool("include_prs")
	if err != nil {
		return err
	}
	refs, err := a.Repos.Refs(r.Context(), g)
	if err != nil {
		return err
	}
	body := struct {
		Tags     []refEntry  `json:"tags"`
		Branches []refEntry  `json:"branches"`
		Converts []refEntry  `json:"converts"`
		Pulls    *[]refEntry `json:"pullRequests,omitempty"`
	}{refEntries(refs.Tags, "refs/tags/"), refEntries(refs.Branches, "refs/heads/"), refEntries(refs.Converts, "refs/convert/"), nil}
	if withPulls {
		pulls := refEntries(refs.Pulls, "refs/pr/")
		body.Pulls = &pulls
	}
	httpd.WriteJSON(w, http.StatusOK, body)
	return nil
}

func (a *API) createBranch(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		Start     string `json:"startingPoint"`
		Empty     bool   `json:"emptyBranch"`
		Overwrite bool   `json:"overwrite"`
	}
	if r.ContentLength != 0 {
		if err := r.JSON(&b); err != nil {
			return err
		}
	}
	if b.Empty && b.Start != "" {
		return hub.Errorf(hub.InvalidInput, "An empty branch has no starting point.")
	}
	branch := repos.NewBranch{Name: r.Param("branch"), Start: b.Start, Empty: b.Empty, Overwrite: b.Overwrite}
	if err := a.Repos.CreateBranch(r.Context(), g, branch, r.Event("repo.branch.create")); err != nil {
		return err
	}
	return ok(w)
}

func (a *API) deleteBranch(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	if err := a.Repos.DeleteBranch(r.Context(), g, r.Param("branch"), r.Event("repo.branch.delete")); err != nil {
		return err
	}
	return ok(w)
}

func (a *API) createTag(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		Tag     string `json:"tag"`
		Message string `json:"message"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	if err := a.Repos.CreateTag(r.Context(), g, b.Tag, r.Param("rev"), b.Message, r.Event("repo.tag.create"), warnToken(w)); err != nil {
		return err
	}
	return ok(w)
}

func (a *API) deleteTag(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	if err := a.Repos.DeleteTag(r.Context(), g, r.Param("tag"), r.Event("repo.tag.delete")); err != nil {
		return err
	}
	return ok(w)
}

func (a *API) squash(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		Message string `json:"message"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	if strings.TrimSpace(b.Message) == "" {
		b.Message = "Super-squash branch '" + r.Param("rev") + "'"
	}
	commit, err := a.Repos.Squash(r.Context(), g, r.Param("rev"), b.Message, r.Event("repo.squash"), warnToken(w))
	if err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, map[string]string{"commitId": commit.String()})
	return nil
}
