// Package githttp is git's smart HTTP protocol: clone, fetch and push below the URLs of repositories, with or without
// ".git". It translates; service/git does. Source: git's Documentation/gitprotocol-http.
package githttp

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/pktline"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/git"
)

// API serves the routes.
type API struct {
	git *git.Service
	cfg Config
}

// Config bounds what requests may hold. Zero fields take the defaults named beside them.
type Config struct {
	MaxRequest int64 // bytes of a fetch's request, inflated; 64 MiB
}

// New makes an API.
func New(s *git.Service, cfg Config) *API {
	if cfg.MaxRequest == 0 {
		cfg.MaxRequest = 64 << 20
	}
	return &API{git: s, cfg: cfg}
}

// The two services, as URLs name them.
const (
	uploadPack  = "git-upload-pack"
	receivePack = "git-receive-pack"
)

// style is how this protocol says no. Git shows the text of a plain answer to info/refs behind "remote:", and asks its
// credential helper only after a Basic challenge. Source: git's remote-curl.c, show_http_message.
var style = httpd.Style{Challenges: []string{httpd.BasicChallenge}, Write: httpd.PlainText.Write}

// Register adds the routes to s.
func (a *API) Register(s *httpd.Server) {
	says := httpd.WithStyle(style)
	httpd.Add(s, httpd.RepoWeb, "GET /info/refs", parseAdvertise, a.advertise, says)
	s.Repo(httpd.RepoWeb, "POST /"+uploadPack, access.RepoContentRead, a.upload, says, httpd.Streaming())
	s.Repo(httpd.RepoWeb, "POST /"+receivePack, access.RepoWrite, a.receive, says, httpd.Upload())
}

// advertiseRequest asks what there is before a fetch or a push.
type advertiseRequest struct {
	repo    hub.RepoID
	service string
	version int
}

func parseAdvertise(r *httpd.Request) (advertiseRequest, error) {
	q := advertiseRequest{repo: r.Repo, service: r.URL.Query().Get("service"), version: version(r)}
	switch q.service {
	case uploadPack, receivePack:
		return q, nil
	case "":
		return q, hub.Errorf(hub.InvalidInput, "This hub speaks git's smart protocol only: use a git newer than 1.6.6.")
	}
	return q, hub.Errorf(hub.InvalidInput, "There is no such git service: use %s or %s.", uploadPack, receivePack)
}

// Needs says that a fetch reads files and a push writes.
func (q advertiseRequest) Needs() []access.Need {
	return []access.Need{{Action: q.action(), Target: access.Repo(q.repo)}}
}

func (q advertiseRequest) action() access.Action {
	if q.service == receivePack {
		return access.RepoWrite
	}
	return access.RepoContentRead
}

// version reads the Git-Protocol header: keys and values between colons.
func version(r *httpd.Request) int {
	v := git.V0
	for _, part := range strings.Split(r.Header.Get("Git-Protocol"), ":") {
		switch part {
		case "version=1":
			v = max(v, git.V1)
		case "version=2":
			v = git.V2
		}
	}
	return v
}

func (a *API) advertise(w http.ResponseWriter, r *httpd.Request, q advertiseRequest, g access.Grant) error {
	ans := &answer{w: w, contentType: "application/x-" + q.service + "-advertisement"}
	out := bufio.NewWriterSize(ans, 64<<10)
	if q.service == receivePack || q.version != git.V2 {
		announce(out, q.service)
	}
	var err error
	if q.service == receivePack {
		err = a.git.AdvertiseReceive(r.Context(), g, q.version, out)
	} else {
		err = a.git.AdvertiseUpload(r.Context(), g, q.version, true, out)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// announce writes the line that tells a smart server from a folder of files.
func announce(w io.Writer, service string) {
	p := pktline.NewWriter(w)
	p.Textf("# service=%s\n", service)
	p.Mark(pktline.Flush)
}

func (a *API) upload(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	body, err := requestBody(r, uploadPack, a.cfg.MaxRequest)
	if err != nil {
		return err
	}
	out := &answer{w: w, contentType: "application/x-git-upload-pack-result"}
	if err := a.git.UploadPack(r.Context(), g, version(r), true, body, out); err != nil {
		return err
	}
	return out.end()
}

func (a *API) receive(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	body, err := requestBody(r, receivePack, 0) // the service bounds the pack
	if err != nil {
		return err
	}
	out := &answer{w: w, contentType: "application/x-git-receive-pack-result"}
	err = a.git.ReceivePackIn(r.Context(), r.ID, g, body, out, r.Event("repo.push"))
	var told *git.Told
	if errors.As(err, &told) {
		r.Refused(told)
		return nil
	}
	if err != nil {
		return err
	}
	return out.end()
}

// answer sends the headers with the first byte, so that until then an error still has its own status.
type answer struct {
	w           http.ResponseWriter
	contentType string
	begun       bool
}

func (a *answer) begin() {
	if a.begun {
		return
	}
	a.begun = true
	h := a.w.Header()
	h.Set("Content-Type", a.contentType)
	// What is here now need not be here a moment later. Source: git's http-backend.c, hdr_nocache.
	h.Set("Expires", "Fri, 01 Jan 1980 00:00:00 GMT")
	h.Set("Pragma", "no-cache")
	h.Set("Cache-Control", "no-cache, max-age=0, must-revalidate")
	a.w.WriteHeader(http.StatusOK)
}

func (a *answer) Write(b []byte) (int, error) {
	a.begin()
	return a.w.Write(b)
}

// end sends the headers of an empty answer.
func (a *answer) end() error {
	a.begin()
	return nil
}
