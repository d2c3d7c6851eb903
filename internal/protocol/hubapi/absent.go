package hubapi

import (
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// What the public Hub has and this hub has not. Its routes answer 501 with a sentence, and only after everything that
// comes before: a bad credential is still 401, a hidden repository still missing, a deed that the caller might not do
// still refused. So a client's error names what is missing, and nothing is told that another route would not tell.
const (
	noDiscussions = "This hub has no discussions and pull requests: commit to a branch instead."
	noLikes       = "This hub counts no likes."
	noCollections = "This hub has no collections."
	noWebhooks    = "This hub has no webhooks."
	noRuntime     = "This hub keeps the files of Spaces and does not run them."
	noBuckets     = "This hub has no buckets: keep files in a repository."
	noJobs        = "This hub runs no jobs."
	noKernels     = "This hub has no kernel repositories."
	noPapers      = "This hub has no papers."
	noTags        = "This hub keeps no list of tags: filter by any tag that a card names."
	noOAuth       = "This hub gives no tokens by OAuth: sign in with an access token."
	noUploads     = "This hub takes no attachments, because it has no discussions."
	noBoards      = "This hub has no leaderboards."
	noTensorIndex = "This hub does not sum up the headers of a sharded checkpoint: read those of its files."
)

// absent answers that this hub has no such thing.
func absent(text string) error { return hub.Errorf(hub.NotImplemented, "%s", text) }

// repoType reads the type of a repository that moves: the client moves buckets by the same route.
func repoType(s string) (hub.RepoType, error) {
	switch s {
	case "bucket":
		return "", absent(noBuckets)
	case "kernel":
		return "", absent(noKernels)
	}
	return hub.ParseRepoType(s)
}

// registerAbsent adds the routes of what is not here.
func (a *API) registerAbsent(s *httpd.Server) {
	for _, x := range absentOfRepos {
		s.Repo(httpd.RepoAPI, x.pattern, x.action, func(http.ResponseWriter, *httpd.Request, access.Grant) error { return absent(x.text) }, httpd.MaxBody(maxCreateBody))
	}
	for _, x := range absentPages {
		for _, m := range x.methods {
			no := func(http.ResponseWriter, *httpd.Request, access.Grant) error { return absent(x.text) }
			for _, p := range x.paths {
				addAbsent(s, m+" "+p, x.open && m == http.MethodGet, no)
			}
		}
	}
	for _, p := range []string{"GET /api/users/{name}/followers", "GET /api/users/{name}/following", "GET /api/organizations/{name}/followers"} {
		httpd.Add(s, httpd.Root, p, parseProfile, noneOfProfile)
	}
	for _, p := range []string{"GET /.well-known/openid-configuration", "GET /oauth/authorize", "GET /oauth/userinfo", "POST /oauth/device", "POST /oauth/register", "POST /oauth/token"} {
		httpd.Add(s, httpd.Root, p, httpd.ParseOpen, func(http.ResponseWriter, *httpd.Request, httpd.Open, access.Grant) error { return absent(noOAuth) })
	}
	httpd.Add(s, httpd.Root, "GET /api/users/{name}/likes", parseProfile, noneOfProfile)
	s.Repo(httpd.RepoAPI, "GET /likers", access.RepoView, none)
	s.Repo(httpd.RepoAPI, "DELETE /like", access.RepoPreupload, func(w http.ResponseWriter, _ *httpd.Request, _ access.Grant) error { return ok(w) })
}

// none is the list of what cannot be made here, and so is empty: nobody likes or follows anything. What takes a like back
// has nothing to do.
func none(w http.ResponseWriter, _ *httpd.Request, _ access.Grant) error {
	httpd.WriteJSON(w, http.StatusOK, []string{})
	return nil
}

func noneOfProfile(w http.ResponseWriter, r *httpd.Request, _ profile, g access.Grant) error {
	return none(w, r, g)
}

// addAbsent adds a route for everybody, or for those who have signed in.
func addAbsent(s *httpd.Server, pattern string, open bool, no grantHandler) {
	if open {
		httpd.Add(s, httpd.Root, pattern, httpd.ParseOpen, func(w http.ResponseWriter, r *httpd.Request, _ httpd.Open, g access.Grant) error { return no(w, r, g) })
		return
	}
	httpd.Add(s, httpd.Root, pattern, parseSelf, func(w http.ResponseWriter, r *httpd.Request, _ self, g access.Grant) error { return no(w, r, g) })
}

// absentOfRepos are routes below a repository, each with the action that it would need.
// Source: huggingface_hub hf_api.py; access-model 3.2 and 7.4.
var absentOfRepos = []struct {
	pattern string
	action  access.Action
	text    string
}{
	{"GET /discussions", access.RepoView, noDiscussions},
	{"GET /discussions/{num}", access.RepoView, noDiscussions},
	{"POST /discussions", access.DiscussionWrite, noDiscussions},
	{"POST /discussions/{num}/comment", access.DiscussionWrite, noDiscussions},
	{"POST /discussions/{num}/comment/{comment}/edit", access.DiscussionWrite, noDiscussions},
	{"POST /discussions/{num}/comment/{comment}/hide", access.DiscussionWrite, noDiscussions},
	{"POST /discussions/{num}/title", access.DiscussionWrite, noDiscussions},
	{"POST /discussions/{num}/status", access.DiscussionWrite, noDiscussions},
	{"POST /discussions/{num}/merge", access.RepoWrite, noDiscussions},
	{"POST /like", access.RepoPreupload, noLikes}, // whoever has signed in and sees it
	{"GET /leaderboard", access.RepoView, noBoards},
	{"GET /safetensors-metadata/{path...}", access.RepoContentRead, noTensorIndex},
	{"GET /runtime", access.RepoView, noRuntime},
	{"GET /variables", access.RepoView, noRuntime},
	{"POST /variables", access.RepoSettings, noRuntime},
	{"DELETE /variables", access.RepoSettings, noRuntime},
	{"GET /secrets", access.RepoSettings, noRuntime},
	{"POST /secrets", access.RepoSettings, noRuntime},
	{"DELETE /secrets", access.RepoSettings, noRuntime},
	{"POST /hardware", access.RepoSettings, noRuntime},
	{"POST /sleeptime", access.RepoSettings, noRuntime},
	{"POST /pause", access.RepoSettings, noRuntime},
	{"POST /restart", access.RepoSettings, noRuntime},
	{"POST /dev-mode", access.RepoSettings, noRuntime},
	{"POST /volumes", access.RepoSettings, noRuntime},
	{"PUT /volumes", access.RepoSettings, noRuntime},
	{"DELETE /volumes", access.RepoSettings, noRuntime},
	{"GET /logs/{topic}", access.RepoSettings, noRuntime},
}

var (
	anyMethod = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	getMethod = []string{http.MethodGet}
	posted    = []string{http.MethodPost}
)

// absentPages are routes that belong to no repository. Open ones are read without signing in.
var absentPages = []struct {
	text    string
	open    bool
	methods []string
	paths   []string
}{
	{noCollections, true, anyMethod, []string{"/api/collections", "/api/collections/{path...}"}},
	{noWebhooks, false, anyMethod, []string{"/api/settings/webhooks", "/api/settings/webhooks/{path...}"}},
	{noBuckets, true, anyMethod, []string{"/api/buckets/{path...}", "/buckets/{path...}"}},
	{noJobs, false, anyMethod, []string{"/api/jobs/{path...}", "/api/scheduled-jobs/{path...}"}},
	{noKernels, true, anyMethod, []string{"/api/kernels", "/api/kernels/{path...}"}},
	{noPapers, true, getMethod, []string{"/api/papers/{path...}", "/api/daily_papers", "/papers/{path...}"}},
	{noTags, true, getMethod, []string{"/api/models-tags-by-type", "/api/datasets-tags-by-type"}},
	{noRuntime, true, getMethod, []string{"/api/spaces/templates", "/api/spaces/hardware", "/api/spaces/semantic-search", "/api/spaces/zero-gpu/quota"}},
	{noUploads, false, posted, []string{"/uploads"}},
}
