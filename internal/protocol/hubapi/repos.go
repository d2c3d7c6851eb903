package hubapi

import (
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// Sizes of bodies, in bytes.
const (
	maxCreateBody   = 16 << 20
	maxPathsBody    = 8 << 20
	maxValidateBody = 10 << 20
)

// registerRepos adds the routes of repositories, their revisions, trees, commits and refs.
func (a *API) registerRepos(s *httpd.Server) {
	httpd.Add(s, httpd.Root, "POST /api/repos/create", parseCreate, a.createRepo, httpd.MaxBody(maxCreateBody))
	httpd.Add(s, httpd.Root, "DELETE /api/repos/delete", parseDelete, a.deleteRepo)
	httpd.Add(s, httpd.Root, "POST /api/repos/move", parseMove, a.moveRepo)
	httpd.Add(s, httpd.RepoAPI, "PUT /settings", parseSettings, a.configureRepo)
	httpd.Add(s, httpd.Root, "POST /api/validate-yaml", httpd.ParseOpen, a.validateCard, httpd.MaxBody(maxValidateBody))

	for _, t := range hub.RepoTypes {
		httpd.Add(s, httpd.Root, "GET /api/"+t.Plural(), parseList(t), a.listRepos)
	}
	httpd.Add(s, httpd.Root, "GET /api/settings/repositories", parseOwned, a.listOwned)
	httpd.Add(s, httpd.Root, "GET /api/organizations/{org}/settings/repositories", parseOwned, a.listOwned)

	repo := func(pattern string, action access.Action, h func(http.ResponseWriter, *httpd.Request, access.Grant) error, opts ...httpd.Option) {
		s.Repo(httpd.RepoAPI, pattern, action, h, opts...)
	}
	repo("GET /", access.RepoView, a.repoInfo)
	repo("GET /revision/{rev}", access.RepoView, a.repoInfo)
	repo("GET /tree/{rev}/{path...}", access.RepoView, a.listTree)
	repo("POST /paths-info/{rev}", access.RepoView, a.pathsInfo, httpd.MaxBody(maxPathsBody))
	repo("GET /commits/{rev}", access.RepoView, a.listCommits)
	repo("GET /refs", access.RepoView, a.listRefs)
	repo("POST /branch/{branch...}", access.RepoWrite, a.createBranch)
	repo("DELETE /branch/{branch...}", access.RepoWrite, a.deleteBranch)
	repo("POST /tag/{rev}", access.RepoWrite, a.createTag)
	repo("DELETE /tag/{tag...}", access.RepoWrite, a.deleteTag)
	repo("POST /super-squash/{rev}", access.RepoWrite, a.squash)
	repo("GET /lfs-files", access.RepoWrite, a.listLargeFiles)
	repo("POST /lfs-files/batch", access.RepoWrite, a.purgeLargeFiles)
	repo("DELETE /lfs-files/{oid}", access.RepoWrite, a.purgeLargeFile)
	repo("GET /auth-check", access.RepoContentRead, authCheck)
	repo("GET /auth-check/write", access.RepoWrite, authCheck)
}

// authCheck answers the question that getting here has answered already.
// Source: huggingface_hub hf_api.py, auth_check.
func authCheck(w http.ResponseWriter, _ *httpd.Request, _ access.Grant) error {
	httpd.WriteJSON(w, http.StatusOK, struct{}{})
	return nil
}

// ok is the answer of routes whose body no client reads.
func ok(w http.ResponseWriter) error {
	httpd.WriteJSON(w, http.StatusOK, struct{}{})
	return nil
}
