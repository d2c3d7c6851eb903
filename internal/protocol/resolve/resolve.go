// Package resolve serves the files of repositories by revision and path: /resolve/ with their content, /raw/ with
// the git blob, which for a large file is its pointer. It translates; service/transfer finds and opens.
//
// Sources: huggingface_hub file_download.py (get_hf_file_metadata, http_get); @huggingface/hub
// lib/file-download-info.ts.
package resolve

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/transfer"
)

// API serves files.
type API struct{ transfer *transfer.Service }

// New makes an API.
func New(t *transfer.Service) *API { return &API{t} }

// Register adds the routes to s.
func (a *API) Register(s *httpd.Server) {
	httpd.Add(s, httpd.RepoWeb, "GET /resolve/{rev}/{path...}", parseResolve, a.serve)
	httpd.Add(s, httpd.RepoWeb, "GET /raw/{rev}/{path...}", parseRaw, a.serve)
}

// request is a parsed request for a file.
type request struct {
	repo          hub.RepoID
	rev, path     string
	raw           bool
	attachment    bool
	noDisposition bool
}

func parseResolve(r *httpd.Request) (request, error) { return parse(r, false) }
func parseRaw(r *httpd.Request) (request, error)     { return parse(r, true) }

func parse(r *httpd.Request, raw bool) (q request, err error) {
	q = request{repo: r.Repo, rev: r.Param("rev"), path: r.Param("path"), raw: raw}
	if q.attachment, err = r.QueryBool("download"); err != nil {
		return q, err
	}
	q.noDisposition, err = r.QueryBool("noContentDisposition")
	return q, err
}

// aboutFiles stay readable in a gated repository without access, on /resolve/ only: people decide by them whether
// to ask for it, and clients read cards this way.
var aboutFiles = map[string]bool{"README.md": true, "LICENSE": true, "LICENSE.md": true, "LICENSE.txt": true}

// action is what the request needs of the repository.
func (q request) action() access.Action {
	if !q.raw && aboutFiles[q.path] {
		return access.RepoView
	}
	return access.RepoContentRead
}

// Needs says what the request needs.
func (q request) Needs() []access.Need {
	return []access.Need{{Action: q.action(), Target: access.Repo(q.repo)}}
}

func (a *API) serve(w http.ResponseWriter, r *httpd.Request, q request, g access.Grant) error {
	f, err := a.transfer.OpenFile(r.Context(), g, q.action(), q.rev, q.path, q.raw)
	if err != nil {
		return withCommit(w, err)
	}
	defer f.Close()
	if f.Repo.Disabled && !g.Allows(access.RepoContentRead) {
		return hub.Errorf(hub.Disabled, hub.MessageDisabled)
	}
	if f.Xet != nil {
		setChunks(w.Header(), r, f)
		if wantsChunks(r) {
			return writeChunks(w, f, q)
		}
	}
	content, done, err := open(r, f)
	if err != nil {
		return withCommit(w, err)
	}
	defer done()
	setHeaders(w.Header(), f, q)
	if r.Method == http.MethodGet && !q.raw {
		a.transfer.CountDownload(f.Repo, callerOf(r))
	}
	if f.Size() == 0 && r.Header.Get("Range") != "" {
		// No range of an empty file can be answered, so the whole of it is. The JavaScript client learns every size from
		// Content-Range and fails without one. Source: @huggingface/hub lib/file-download-info.ts.
		w.Header().Set("Content-Range", "bytes */0")
	}
	http.ServeContent(w, r.Request, "", time.Time{}, content)
	return nil
}

// withCommit tells clients the commit of a missing file too, so that they can remember its absence.
func withCommit(w http.ResponseWriter, err error) error {
	var missing *transfer.NoFile
	if errors.As(err, &missing) {
		w.Header().Set("X-Repo-Commit", missing.Commit.String())
	}
	return err
}

// open opens the content. What only its length is wanted of is not read.
func open(r *httpd.Request, f *transfer.File) (content io.ReadSeeker, done func(), err error) {
	if r.Method == http.MethodHead && !f.Large() {
		return &lengthOnly{size: f.Size()}, func() {}, nil
	}
	c, file, err := f.Open(r.Context())
	if err != nil {
		return nil, nil, err
	}
	done = func() { c.Close() }
	if file != nil {
		return file, done, nil // the kernel sends a file by itself
	}
	return c, done, nil
}

// lengthOnly is content of which ServeContent wants to know the length.
type lengthOnly struct{ size, pos int64 }

func (l *lengthOnly) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (l *lengthOnly) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += l.pos
	case io.SeekEnd:
		offset += l.size
	}
	if offset < 0 {
		return 0, errors.New("resolve: negative position")
	}
	l.pos = offset
	return offset, nil
}

// callerOf is a stable name of the caller, for counting.
func callerOf(r *httpd.Request) string {
	if id := r.Subject.UserID(); id != "" {
		return string(id)
	}
	return r.IP.String()
}
