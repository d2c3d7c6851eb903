package hubapi

import (
	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// maxProbeBody is the size in bytes of the largest preupload call: 1000 samples of 512 bytes in base64, paths, and
// the two files of rules.
const maxProbeBody = 8 << 20

func (a *API) registerUploads(s *httpd.Server) {
	s.Repo(httpd.RepoAPI, "POST /preupload/{rev}", access.RepoPreupload, a.preupload, httpd.MaxBody(maxProbeBody))
	s.Repo(httpd.RepoAPI, "POST /commit/{rev}", access.RepoWrite, a.commit, httpd.Upload())
}

// refusePullRequest answers create_pr, which needs discussions.
func refusePullRequest(r *httpd.Request) error {
	pr, err := r.QueryBool("create_pr")
	if err != nil {
		return err
	}
	if pr {
		return &hub.Error{Code: hub.Forbidden, Reason: "pull_requests.unavailable",
			Message: "Pull requests are not available on this hub yet: commit to a branch instead (create_pr=False)."}
	}
	return nil
}
