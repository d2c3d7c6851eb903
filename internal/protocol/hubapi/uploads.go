package hubapi

import (
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// maxProbeBody is the size in bytes of the largest preupload call: 1000 samples of 512 bytes in base64, paths, and
// the two files of rules.
const maxProbeBody = 8 << 20

func (a *API) registerUploads(s *httpd.Server) {
	uploadRoute(s, "POST /preupload/{rev}", access.RepoPreupload, a.preupload, httpd.MaxBody(maxProbeBody))
	uploadRoute(s, "POST /commit/{rev}", access.RepoWrite, a.commit, httpd.Streaming())
}

// uploadRequest is a step of an upload. One that shall become a pull request asks for what opening one asks for, which
// readers may do, and not for the right to write.
// Source: access-model 7.1, rows 34 to 37.
type uploadRequest struct {
	repo        hub.RepoID
	action      access.Action
	pullRequest bool
}

func (q uploadRequest) Needs() []access.Need {
	if q.pullRequest {
		return []access.Need{{Action: access.DiscussionWrite, Target: access.Repo(q.repo)}}
	}
	return []access.Need{{Action: q.action, Target: access.Repo(q.repo)}}
}

func uploadRoute(s *httpd.Server, pattern string, action access.Action, h grantHandler, opts ...httpd.Option) {
	httpd.Add(s, httpd.RepoAPI, pattern, func(r *httpd.Request) (q uploadRequest, err error) {
		q = uploadRequest{repo: r.Repo, action: action}
		q.pullRequest, err = r.QueryBool("create_pr")
		return q, err
	}, func(w http.ResponseWriter, r *httpd.Request, q uploadRequest, g access.Grant) error {
		if q.pullRequest {
			return absent(noDiscussions)
		}
		return h(w, r, g)
	}, opts...)
}
