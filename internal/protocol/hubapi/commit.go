package hubapi

import (
	"mime"
	"net/http"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/transfer"
)

// commit makes one commit of the operations in the body, which is read as a stream.
// Source: huggingface_hub hf_api.py, create_commit; @huggingface/hub lib/commit.ts.
func (a *API) commit(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return err
	}
	legacy := false
	switch t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); t {
	case "application/x-ndjson", "application/ndjson", "application/jsonlines", "":
	case "application/json":
		legacy = true
	default:
		return hub.Errorf(hub.InvalidInput, "A commit is sent as application/x-ndjson, one JSON object on each line.")
	}
	var warnings []string
	tell := warnToken(w)
	oid, err := a.Transfer.Commit(r.Context(), g, transfer.CommitRequest{
		Rev: r.Param("rev"), Body: r.Body, Legacy: legacy, Event: r.Event("repo.commit"),
		Warn: func(s string) {
			warnings = append(warnings, s)
			tell(s)
		},
	})
	if err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, struct {
		Success    bool   `json:"success"`
		CommitURL  string `json:"commitUrl"`
		CommitOID  string `json:"commitOid"`
		HookOutput string `json:"hookOutput"`
	}{true, r.BaseURL + repo.WebPath() + "/commit/" + oid.String(), oid.String(), strings.Join(warnings, "\n")})
	return nil
}

// warnToken returns what tells the caller about an access token in what he brings.
func warnToken(w http.ResponseWriter) func(sentence string) {
	return func(s string) { httpd.Warn(w, "access-token", s) }
}
