package xet

import (
	"errors"
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

const (
	maxDuplicate      = 8 << 20 // bytes of a body
	maxDuplicateFiles = 10_000
)

// duplication asks to link files of the path's repository to another one.
// Source: huggingface_hub hf_api.py, duplicate of large files.
type duplication struct {
	Target struct {
		Type string `json:"type"`
		Name string `json:"name"`
	} `json:"target"`
	Files []struct {
		XetHash  string `json:"xetHash"`
		SHA256   string `json:"sha256"`
		Filename string `json:"filename"`
	} `json:"files"`
	source, target hub.RepoID
}

// Needs is reading here and writing there.
func (q duplication) Needs() []access.Need {
	return []access.Need{
		{Action: access.RepoContentRead, Target: access.Repo(q.source)},
		{Action: access.RepoWrite, Target: access.Repo(q.target)},
	}
}

func parseDuplicate(r *httpd.Request) (q duplication, err error) {
	if err := r.JSON(&q); err != nil {
		return q, err
	}
	if len(q.Files) > maxDuplicateFiles {
		return q, hub.Errorf(hub.TooLarge, "At most %d files can be copied at once.", maxDuplicateFiles)
	}
	t, err := hub.ParseRepoType(q.Target.Type)
	if err != nil {
		return q, err
	}
	q.source = r.Repo
	q.target, err = hub.ParseRepoID(t, q.Target.Name)
	return q, err
}

type failedCopy struct {
	SHA256 string `json:"sha256"`
	Error  string `json:"error"`
}

// duplicate links each file, and lists those that could not be.
func (a *API) duplicate(w http.ResponseWriter, r *httpd.Request, q duplication, g access.Grant) error {
	failed := []failedCopy{}
	for _, f := range q.Files {
		h, err := xethash.Parse(f.XetHash)
		var d hub.Digest
		if err == nil {
			d, err = hub.ParseDigest(f.SHA256)
		}
		if err == nil {
			err = a.copies.Copy(r.Context(), g, h, d, r.Event("xet.copy"))
		}
		var e *hub.Error
		switch {
		case err == nil:
		case errors.As(err, &e) && e.Code != hub.Internal:
			failed = append(failed, failedCopy{f.SHA256, e.Message})
		default:
			return err
		}
	}
	httpd.WriteJSON(w, http.StatusOK, struct {
		Failed []failedCopy `json:"failed"`
	}{failed})
	return nil
}
