package xet

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

// dataLife is how long the URLs of a plan are good. A client that finds them expired asks for a new plan.
const dataLife = time.Hour

type interval struct {
	Start int64 `json:"start"`
	End   int64 `json:"end"`
}

type term struct {
	Hash     xethash.Hash `json:"hash"`
	Unpacked int64        `json:"unpacked_length"`
	Range    interval     `json:"range"` // chunks, the end exclusive
}

func termsOf(p *xet.Plan) []term {
	out := make([]term, len(p.Terms))
	for i, t := range p.Terms {
		out[i] = term{t.Xorb, t.Unpacked, interval{int64(t.Start), int64(t.End)}}
	}
	return out
}

// fetchV1 and fetchV2 have inclusive ends of bytes and exclusive ends of chunks.
type fetchV1 struct {
	Range    interval `json:"range"`
	URL      string   `json:"url"`
	URLRange interval `json:"url_range"`
}

type fetchV2 struct {
	URL    string     `json:"url"`
	Ranges []rangesV2 `json:"ranges"`
}

type rangesV2 struct {
	Chunks interval `json:"chunks"`
	Bytes  interval `json:"bytes"`
}

// urls makes the URLs of a plan, each for one range: clients plan by URL, and the JavaScript client asks for all ranges of
// one URL in one request.
type urls struct {
	api     *API
	subject *access.Subject
	repo    hub.ID
	prefix  string
	expires time.Time
}

func (a *API) urls(r *httpd.Request, g access.Grant) (urls, error) {
	repo, err := g.Repo(access.RepoContentRead)
	return urls{a, g.Subject(), repo.ID, r.BaseURL + "/xet/" + url.PathEscape(r.Param("space")) + "/v1/data/", a.now().Add(dataLife)}, err
}

func (u urls) to(f xet.Fetch) string {
	t := identity.Ticket{
		Method: http.MethodGet, Action: access.RepoContentRead, RepoID: u.repo, Size: -1, Expires: u.expires,
		Bound: boundRange(f.Xorb, f.From, f.To),
	}
	return u.prefix + f.Xorb.String() + "?ticket=" + u.api.tickets.Mint(u.subject, t)
}

func boundRange(h xethash.Hash, from, to int64) string { return fmt.Sprintf("%s:%d-%d", h, from, to) }

// span reads the Range header of a reconstruction: "bytes=a-b", both inclusive, or "bytes=a-". Absent is nil.
func span(r *httpd.Request) (*xet.Span, error) {
	text := r.Header.Get("Range")
	if text == "" {
		return nil, nil
	}
	bad := hub.Errorf(hub.InvalidInput, "The Range header must have the form bytes=start-end.")
	first, last, ok := strings.Cut(strings.TrimPrefix(text, "bytes="), "-")
	if !ok || !strings.HasPrefix(text, "bytes=") {
		return nil, bad
	}
	start, err := strconv.ParseUint(first, 10, 63)
	if err != nil {
		return nil, bad
	}
	end := uint64(1<<63 - 2)
	if last != "" {
		if end, err = strconv.ParseUint(last, 10, 63); err != nil || end < start {
			return nil, bad
		}
		end = min(end, 1<<63-2)
	}
	return &xet.Span{Start: int64(start), End: int64(end) + 1}, nil
}

func (a *API) plan(r *httpd.Request, c call, g access.Grant) (*xet.Plan, urls, error) {
	s, err := span(r)
	if err != nil {
		return nil, urls{}, err
	}
	u, err := a.urls(r, g)
	if err != nil {
		return nil, urls{}, err
	}
	p, err := a.xet.Plan(r.Context(), g, c.hash, s)
	return p, u, err
}

func (a *API) reconstructV2(w http.ResponseWriter, r *httpd.Request, c call, g access.Grant) error {
	p, u, err := a.plan(r, c, g)
	if err != nil {
		return err
	}
	xorbs := map[string][]fetchV2{}
	for _, f := range p.Fetches {
		k := f.Xorb.String()
		xorbs[k] = append(xorbs[k], fetchV2{u.to(f), []rangesV2{{interval{int64(f.Start), int64(f.End)}, interval{f.From, f.To - 1}}}})
	}
	return answer(w, struct {
		Offset int64                `json:"offset_into_first_range"`
		Terms  []term               `json:"terms"`
		Xorbs  map[string][]fetchV2 `json:"xorbs"`
	}{p.Offset, termsOf(p), xorbs})
}

func (u urls) v1(into map[string][]fetchV1, p *xet.Plan) {
	for _, f := range p.Fetches {
		k := f.Xorb.String()
		into[k] = append(into[k], fetchV1{interval{int64(f.Start), int64(f.End)}, u.to(f), interval{f.From, f.To - 1}})
	}
}

func (a *API) reconstructV1(w http.ResponseWriter, r *httpd.Request, c call, g access.Grant) error {
	p, u, err := a.plan(r, c, g)
	if err != nil {
		return err
	}
	info := map[string][]fetchV1{}
	u.v1(info, p)
	return answer(w, struct {
		Offset int64                `json:"offset_into_first_range"`
		Terms  []term               `json:"terms"`
		Info   map[string][]fetchV1 `json:"fetch_info"`
	}{p.Offset, termsOf(p), info})
}

func answer(w http.ResponseWriter, v any) error {
	w.Header().Set("Cache-Control", "no-store") // it holds tickets
	httpd.WriteJSON(w, http.StatusOK, v)
	return nil
}

// maxBatch is how many files one request may ask about.
const maxBatch = 100

// reconstructBatch answers for several whole files. Those that the repository does not have are left out.
func (a *API) reconstructBatch(w http.ResponseWriter, r *httpd.Request, _ call, g access.Grant) error {
	names, err := batchNames(r)
	if err != nil {
		return err
	}
	u, err := a.urls(r, g)
	if err != nil {
		return err
	}
	files, info := map[string][]term{}, map[string][]fetchV1{}
	seen := map[string]bool{} // fetches of two files may be the same
	for _, name := range names {
		h, err := xethash.Parse(name)
		if err != nil {
			return err
		}
		p, err := a.xet.Plan(r.Context(), g, h, nil)
		if hub.Is(err, hub.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		files[name] = termsOf(p)
		fresh := *p
		fresh.Fetches = nil
		for _, f := range p.Fetches {
			if k := boundRange(f.Xorb, f.From, f.To); !seen[k] {
				seen[k] = true
				fresh.Fetches = append(fresh.Fetches, f)
			}
		}
		u.v1(info, &fresh)
	}
	return answer(w, struct {
		Files map[string][]term    `json:"files"`
		Info  map[string][]fetchV1 `json:"fetch_info"`
	}{files, info})
}

func batchNames(r *httpd.Request) (names []string, err error) {
	if r.Method == http.MethodPost {
		var keys []struct{ Prefix, Hash string }
		if err := r.JSON(&keys); err != nil {
			return nil, err
		}
		for _, k := range keys {
			names = append(names, k.Hash)
		}
	} else {
		names = r.Query("file_id")
	}
	if len(names) == 0 || len(names) > maxBatch {
		return nil, hub.Errorf(hub.InvalidInput, "Ask about 1 to %d files at a time.", maxBatch)
	}
	return names, nil
}

// headFile tells the size of a file.
func (a *API) headFile(w http.ResponseWriter, r *httpd.Request, c call, g access.Grant) error {
	n, err := a.xet.FileSize(r.Context(), g, c.hash)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	w.WriteHeader(http.StatusOK)
	return nil
}
