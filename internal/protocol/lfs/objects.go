package lfs

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/transfer"
)

// put takes an object in one piece.
func (a *API) put(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	t, err := a.object(r, g, access.RepoWrite)
	if err != nil {
		return err
	}
	size := t.Size
	if size < 0 {
		size = r.ContentLength
	}
	switch {
	case size < 0:
		return hub.Errorf(hub.InvalidInput, "The upload needs a Content-Length.")
	case r.ContentLength >= 0 && r.ContentLength != size:
		return hub.Errorf(hub.Unprocessable, "The body has %d bytes, but %d were announced.", r.ContentLength, size)
	}
	o := transfer.Object{Digest: t.Digest, Size: size}
	if err := a.transfer.PutObject(r.Context(), g, o, r.Body, r.Event("repo.lfs")); err != nil {
		return err
	}
	w.Header().Set("ETag", `"`+string(t.Digest)+`"`)
	w.WriteHeader(http.StatusOK)
	return nil
}

// get serves an object.
func (a *API) get(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	t, err := a.object(r, g, access.RepoContentRead)
	if err != nil {
		return err
	}
	o, err := a.transfer.OpenObject(r.Context(), g, t.Digest)
	if err != nil {
		return err
	}
	defer o.Close()
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("ETag", `"`+string(t.Digest)+`"`)
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	var content io.ReadSeeker = o
	if f := o.File(); f != nil {
		content = f // the kernel sends a file by itself
	}
	http.ServeContent(w, r.Request, "", time.Time{}, content)
	return nil
}

// verify confirms that an upload has arrived.
func (a *API) verify(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	t, err := a.object(r, g, access.RepoWrite)
	if err != nil {
		return err
	}
	var q struct {
		OID  string `json:"oid"`
		Size int64  `json:"size"`
	}
	if err := r.JSON(&q); err != nil {
		return err
	}
	if q.OID != string(t.Digest) {
		return hub.Errorf(hub.Unprocessable, "The body names another object than the URL.")
	}
	if err := a.transfer.VerifyUpload(r.Context(), g, transfer.Object{Digest: t.Digest, Size: q.Size}); err != nil {
		return err
	}
	reply(w, http.StatusOK, struct{}{})
	return nil
}

// maxCompletion is the size in bytes of the largest list of parts.
const maxCompletion = 2 << 20

// putPart takes one part of an upload in parts and answers with its ETag.
func (a *API) putPart(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	t, err := a.object(r, g, access.RepoWrite)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.Param("part"))
	if err != nil || t.Part != 0 && t.Part != n {
		return hub.Errorf(hub.InvalidInput, "The URL names no part of this upload.")
	}
	p, err := a.transfer.PutPart(r.Context(), g, t.Upload, n, r.Body)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", `"`+p.ETag+`"`)
	w.WriteHeader(http.StatusOK)
	return nil
}

type partAnswer struct {
	PartNumber int    `json:"partNumber"`
	ETag       string `json:"etag"`
	Size       int64  `json:"size,omitempty"`
}

// listParts tells which parts have arrived, so that a client can go on where it stopped. It is our own addition:
// no official client asks.
func (a *API) listParts(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	t, err := a.object(r, g, access.RepoWrite)
	if err != nil {
		return err
	}
	parts, size, err := a.transfer.UploadedParts(r.Context(), g, t.Upload)
	if err != nil {
		return err
	}
	ans := struct {
		ChunkSize int64        `json:"chunk_size"`
		Parts     []partAnswer `json:"parts"`
	}{ChunkSize: size, Parts: []partAnswer{}}
	for _, p := range parts {
		ans.Parts = append(ans.Parts, partAnswer{PartNumber: p.Number, ETag: `"` + p.ETag + `"`, Size: p.Size})
	}
	reply(w, http.StatusOK, ans)
	return nil
}

// complete ends an upload in parts.
func (a *API) complete(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	t, err := a.object(r, g, access.RepoWrite)
	if err != nil {
		return err
	}
	var q struct {
		OID   string       `json:"oid"`
		Parts []partAnswer `json:"parts"`
	}
	if err := r.JSON(&q); err != nil {
		return err
	}
	if q.OID != "" && q.OID != string(t.Digest) {
		return hub.Errorf(hub.Unprocessable, "The body names another object than the URL.")
	}
	parts := make([]transfer.Part, len(q.Parts))
	for i, p := range q.Parts {
		parts[i] = transfer.Part{Number: p.PartNumber, ETag: p.ETag}
	}
	if err := a.transfer.CompleteParts(r.Context(), g, t.Upload, t.Digest, parts, r.Event("repo.lfs")); err != nil {
		return err
	}
	reply(w, http.StatusOK, struct {
		OID string `json:"oid"`
	}{string(t.Digest)})
	return nil
}
