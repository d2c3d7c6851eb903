package hubapi

import (
	"encoding/base64"
	"net/http"
	"slices"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/transfer"
)

// maxSample is how many characters of base64 a sample may have: clients send 512 bytes.
const maxSample = 8 << 10

type probeAnswer struct {
	Path         string `json:"path"`
	UploadMode   string `json:"uploadMode"`
	ShouldIgnore bool   `json:"shouldIgnore"`
	OID          string `json:"oid,omitempty"`
}

// preupload tells clients how to upload files.
// Source: huggingface_hub _commit_api.py, _fetch_upload_modes; @huggingface/hub lib/commit.ts.
func (a *API) preupload(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		Files []struct {
			Path   string `json:"path"`
			Size   int64  `json:"size"`
			Sample string `json:"sample"`
		} `json:"files"`
		GitIgnore     *string `json:"gitIgnore"`
		GitAttributes *string `json:"gitAttributes"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	if len(b.Files) > transfer.MaxProbes {
		return hub.Errorf(hub.TooLarge, "Ask about at most %d files at a time.", transfer.MaxProbes)
	}
	q := transfer.PreuploadRequest{Rev: r.Param("rev"), Files: make([]transfer.Probe, len(b.Files))}
	for i, f := range b.Files {
		if len(f.Sample) > maxSample {
			return hub.Errorf(hub.TooLarge, "The sample of %q is longer than %d characters; 512 bytes are enough.", f.Path, maxSample)
		}
		sample, err := base64.StdEncoding.DecodeString(f.Sample)
		if err != nil {
			return hub.Errorf(hub.InvalidInput, "The sample of %q is not valid base64.", f.Path)
		}
		q.Files[i] = transfer.Probe{Path: f.Path, Size: f.Size, Sample: sample}
	}
	if b.GitIgnore != nil {
		q.Ignore = append([]byte{}, *b.GitIgnore...)
	}
	if b.GitAttributes != nil {
		q.Attributes = append([]byte{}, *b.GitAttributes...)
	}
	advice, head, err := a.Transfer.Preupload(r.Context(), g, q)
	if err != nil {
		return err
	}
	if err := a.refuseLargeUploads(r, g, advice); err != nil {
		return err
	}
	ans := struct {
		Files     []probeAnswer `json:"files"`
		CommitOID string        `json:"commitOid,omitempty"`
	}{Files: make([]probeAnswer, len(advice))}
	for i, x := range advice {
		mode := "regular"
		if x.LFS {
			mode = "lfs"
		}
		ans.Files[i] = probeAnswer{Path: x.Path, UploadMode: mode, ShouldIgnore: x.Ignore, OID: x.OID}
	}
	if !head.IsZero() {
		ans.CommitOID = head.String()
	}
	httpd.WriteJSON(w, http.StatusOK, ans)
	return nil
}

// refuseLargeUploads tells who may not write so before the first large file: hf_xet, which would be told next, does not pass
// the sentence on. Probes for small files stay open to readers.
// Source: hf_xet 1.8, which raises ConnectionError with the status alone.
func (a *API) refuseLargeUploads(r *httpd.Request, g access.Grant, advice []transfer.Advice) error {
	if a.Authz == nil || g.Allows(access.RepoWrite) || !slices.ContainsFunc(advice, func(x transfer.Advice) bool { return x.LFS }) {
		return nil
	}
	_, err := a.Authz.Authorize(r.Context(), g.Subject(), access.Need{Action: access.RepoWrite, Target: access.Repo(r.Repo)})
	return err
}
