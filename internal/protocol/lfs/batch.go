package lfs

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/transfer"
)

// batchRequest is a parsed batch call. Unknown fields are not needed.
type batchRequest struct {
	Operation string   `json:"operation"`
	Transfers []string `json:"transfers"`
	HashAlgo  string   `json:"hash_algo"`
	Ref       struct {
		Name string `json:"name"`
	} `json:"ref"`
	Objects []struct {
		OID  string `json:"oid"`
		Size int64  `json:"size"`
	} `json:"objects"`
	repo hub.RepoID
}

// Needs is writing for an upload, reading for a download.
func (q batchRequest) Needs() []access.Need {
	return []access.Need{{Action: q.action(), Target: access.Repo(q.repo)}}
}

func (q batchRequest) action() access.Action {
	switch q.Operation {
	case "upload":
		return access.RepoWrite
	case "download":
		return access.RepoContentRead
	}
	return access.NoAction
}

func parseBatch(r *httpd.Request) (batchRequest, error) {
	q := batchRequest{repo: r.Repo}
	if err := r.JSON(&q); err != nil {
		return q, err
	}
	switch {
	case q.action() == access.NoAction:
		return q, hub.Errorf(hub.Unprocessable, "Unknown operation %q: use upload or download.", q.Operation)
	case q.HashAlgo != "" && q.HashAlgo != "sha256" && q.HashAlgo != "sha_256":
		return q, hub.Errorf(hub.Conflict, "Unknown hash %q: objects are named by their sha256.", q.HashAlgo)
	case len(q.Objects) > transfer.MaxBatch:
		return q, hub.Errorf(hub.TooLarge, "A batch holds at most %d objects.", transfer.MaxBatch)
	}
	return q, nil
}

// accepts tells whether the client can do a transfer; one that does not say can do basic.
func (q batchRequest) accepts(name string) bool {
	return len(q.Transfers) == 0 && name == basic || slices.Contains(q.Transfers, name)
}

// The transfers.
const (
	basic     = "basic"
	multipart = "multipart"
	byXet     = "xet"
)

type batchAnswer struct {
	Transfer string         `json:"transfer"`
	Objects  []objectAnswer `json:"objects"`
	HashAlgo string         `json:"hash_algo"`
}

// objectAnswer always has oid and size, since the Python client insists on them.
type objectAnswer struct {
	OID           string       `json:"oid"`
	Size          int64        `json:"size"`
	Authenticated bool         `json:"authenticated,omitempty"`
	Actions       *actions     `json:"actions,omitempty"`
	Error         *objectError `json:"error,omitempty"`
}

type actions struct {
	Upload   *action `json:"upload,omitempty"`
	Verify   *action `json:"verify,omitempty"`
	Download *action `json:"download,omitempty"`
}

type action struct {
	Href      string            `json:"href"`
	Header    map[string]string `json:"header,omitempty"`
	ExpiresIn int64             `json:"expires_in"` // seconds
}

type objectError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// batch answers for each object what is to be done with it.
func (a *API) batch(w http.ResponseWriter, r *httpd.Request, q batchRequest, g access.Grant) error {
	ans := batchAnswer{Transfer: basic, HashAlgo: "sha256", Objects: make([]objectAnswer, len(q.Objects))}
	var objects []transfer.Object
	var at []int // of each valid object in the answer
	for i, o := range q.Objects {
		ans.Objects[i] = objectAnswer{OID: o.OID, Size: o.Size}
		d, err := hub.ParseDigest(o.OID)
		if err != nil {
			ans.Objects[i].Error = failure(hub.Errorf(hub.Unprocessable, "An object is named by its sha256: 64 lower-case hexadecimal digits."))
			continue
		}
		objects, at = append(objects, transfer.Object{Digest: d, Size: o.Size}), append(at, i)
	}
	repo, err := g.Repo(q.action())
	if err == nil {
		err = holds(r, repo, q.action())
	}
	if err != nil {
		return err
	}
	l := a.links(r, g, repo, a.transfer.Patience(objects))
	var plans []transfer.Plan
	if q.Operation == "upload" {
		if a.xet != nil && q.accepts(byXet) {
			ans.Transfer = byXet
		}
		inParts := q.accepts(multipart) && ans.Transfer != byXet
		plans, err = a.transfer.PlanUpload(r.Context(), g, objects, inParts, r.Event("repo.lfs"))
	} else {
		plans, err = a.transfer.PlanDownload(r.Context(), g, objects)
	}
	if err != nil {
		return err
	}
	for k, p := range plans {
		o := &ans.Objects[at[k]]
		switch {
		case p.Err != nil:
			o.Error = failure(p.Err)
		case q.Operation == "download":
			a.offerDownload(o, l, p)
		case p.Upload && ans.Transfer == byXet:
			if err := a.offerXet(r, g, repo, q, o); err != nil {
				return err
			}
		case p.Upload:
			a.offerUpload(o, l, p)
			if p.PartSize > 0 {
				ans.Transfer = multipart
			}
		}
	}
	reply(w, http.StatusOK, ans)
	return nil
}

func failure(err error) *objectError {
	var e *hub.Error
	if !errors.As(err, &e) {
		return &objectError{Code: http.StatusInternalServerError, Message: "Something went wrong on the hub's side."}
	}
	return &objectError{Code: httpd.Status(e.Code, false), Message: e.Message}
}

func (l links) action(t identity.Ticket, below string) *action {
	return &action{Href: l.to(t, below), ExpiresIn: int64(l.life / time.Second)}
}

// offerUpload asks for the object: in one piece, or in parts whose URLs stand in the header under their numbers.
// The numbers have five digits, so that JSON objects keep them in order; nothing else but the length of a part
// may stand there.
func (a *API) offerUpload(o *objectAnswer, l links, p transfer.Plan) {
	t := identity.Ticket{Method: http.MethodPut, Action: access.RepoWrite, Digest: p.Digest, Size: p.Size}
	post := t
	post.Method = http.MethodPost
	o.Authenticated = true
	o.Actions = &actions{Verify: l.action(post, "/verify")}
	if p.PartSize == 0 {
		o.Actions.Upload = l.action(t, "")
		return
	}
	t.Upload, post.Upload = p.UploadID, p.UploadID
	up := l.action(post, "/parts")
	up.Header = map[string]string{"chunk_size": fmt.Sprint(p.PartSize)}
	for n := 1; n <= p.Parts; n++ {
		t.Part = n
		up.Header[fmt.Sprintf("%05d", n)] = l.to(t, partPath(n))
	}
	o.Actions.Upload = up
}

// offerXet sends the client to the store of chunks. The address is that of the next token, not of the upload.
// Source: @huggingface/hub src/lib/commit.ts; git-xet; huggingface_hub 0.36 lfs.py.
func (a *API) offerXet(r *httpd.Request, g access.Grant, repo hub.Repo, q batchRequest, o *objectAnswer) error {
	rev := strings.TrimPrefix(q.Ref.Name, "refs/heads/")
	if rev == "" {
		rev = hub.DefaultBranch
	}
	href, headers, err := a.xet.Offer(r, g, repo, rev)
	o.Authenticated = true
	o.Actions = &actions{Upload: &action{Href: href, Header: headers, ExpiresIn: int64(xetLife / time.Second)}}
	return err
}

// xetLife is a little less than the life of the token in the headers.
const xetLife = 14 * time.Minute

// offerDownload hands out a URL that works without a credential if the caller has one; what everybody may read
// needs none.
func (a *API) offerDownload(o *objectAnswer, l links, p transfer.Plan) {
	t := identity.Ticket{Method: http.MethodGet, Action: access.RepoContentRead, Digest: p.Digest, Size: p.Size}
	down := l.action(t, "")
	if l.subject.IsAnonymous() {
		down.Href = l.base + string(p.Digest)
	}
	o.Authenticated = true
	o.Actions = &actions{Download: down}
}
