package hubapi

import (
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/repos"
)

// maxLargeFiles is how many entries a page of large files has. Source: Hub OpenAPI.
const maxLargeFiles = 1000

// largeFile is one entry of the list.
// Source: huggingface_hub hf_api.py, LFSFileInfo: the client knows a file by fileOid and shows oid; both are its SHA-256.
type largeFile struct {
	FileOID  hub.Digest `json:"fileOid"`
	OID      hub.Digest `json:"oid"`
	Filename string     `json:"filename"`
	Size     int64      `json:"size"`
	PushedAt string     `json:"pushedAt"`
	Ref      string     `json:"ref"`
}

// listLargeFiles lists the large files that any revision names. Whoever may take them out may see them.
func (a *API) listLargeFiles(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	limit, err := pageSize(r, maxLargeFiles, maxLargeFiles)
	if err != nil {
		return err
	}
	var after hub.Digest
	if c := r.URL.Query().Get("cursor"); c != "" {
		if after, err = hub.ParseDigest(c); err != nil {
			return badCursor()
		}
	}
	files, more, err := a.Repos.LargeFiles(r.Context(), g, after, limit)
	if err != nil {
		return err
	}
	out := make([]largeFile, len(files))
	for i, f := range files {
		out[i] = largeFile{f.Digest, f.Digest, f.Path, f.Size, date(f.Pushed), f.Ref}
	}
	if more {
		setNext(w, r, r.Repo.APIPath()+"/lfs-files", map[string]string{"cursor": string(files[len(files)-1].Digest)})
	}
	noStore(w)
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

// purgeLargeFiles takes large files out of the history. That a pointer stays without its file is not offered: such a
// revision could be neither downloaded nor cloned.
// Source: huggingface_hub hf_api.py, permanently_delete_lfs_files.
func (a *API) purgeLargeFiles(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		Deletions struct {
			SHA     []hub.Digest `json:"sha"`
			Rewrite *bool        `json:"rewriteHistory"`
		} `json:"deletions"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	if b.Deletions.Rewrite != nil && !*b.Deletions.Rewrite {
		return pointersStay()
	}
	return a.purge(w, r, g, b.Deletions.SHA)
}

func (a *API) purgeLargeFile(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	if r.URL.Query().Has("rewriteHistory") {
		if rewrite, err := r.QueryBool("rewriteHistory"); err != nil {
			return err
		} else if !rewrite {
			return pointersStay()
		}
	}
	return a.purge(w, r, g, []hub.Digest{hub.Digest(r.Param("oid"))})
}

func pointersStay() error {
	return hub.Errorf(hub.NotImplemented, "This hub takes files out of the history together with what points to them: leave rewriteHistory out, or true.")
}

func (a *API) purge(w http.ResponseWriter, r *httpd.Request, g access.Grant, digests []hub.Digest) error {
	if len(digests) > repos.MaxPurge {
		return hub.Errorf(hub.TooLarge, "At most %d files can be taken out at a time.", repos.MaxPurge)
	}
	if err := a.Repos.Purge(r.Context(), g, digests, r.Event("repo.delete_lfs_file")); err != nil {
		return err
	}
	return ok(w)
}
