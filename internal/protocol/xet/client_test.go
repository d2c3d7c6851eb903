package xet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/protocol/lfs"
	"github.com/ambit-hub/ambit/internal/protocol/resolve"
	xetapi "github.com/ambit-hub/ambit/internal/protocol/xet"
	"github.com/ambit-hub/ambit/internal/service/duplicates"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/service/xet"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
	"github.com/ambit-hub/ambit/internal/testkit"
	"github.com/ambit-hub/ambit/internal/testkit/xetpack"
)

// bench is a hub with everything that Xet files come in and go out by.
type bench struct {
	*testkit.Hub
	xet *xet.Service
	t   *testing.T
}

func start(t *testing.T, cfg xet.Config) *bench {
	t.Helper()
	blobs, err := fs.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t}
	b.Hub = testkit.New(t, func(h *testkit.Hub) {
		b.xet = h.Xet(cfg)
		transfers := transfer.New(transfer.Config{TempDir: t.TempDir()}, transfer.Deps{
			Meta: h.DB, Git: h.Git, Blobs: h.Blobs, Authz: h.Zone, Xet: b.xet, Sign: testkit.Sign,
		})
		h.Repos.WithChunked(b.xet.OpenDigest)
		hubapi.New(hubapi.Services{Repos: h.Repos, Transfer: transfers, Duplicates: duplicates.New(h.Repos, transfers, h.Zone, nil), Xet: b.xet}).Register(h.Server)
		resolve.New(transfers).Register(h.Server)
		api := xetapi.New(b.xet, h.Auth, nil).WithCopies(transfers)
		api.Register(h.Server)
		lfs.New(transfers, h.Auth, nil).WithXet(api).Register(h.Server)
	}, testkit.WithBlobs(blobs))
	b.World()
	b.Repo("mallory.write", hub.RepoID{Type: hub.Model, Namespace: "mallory", Name: "m"}, repos.NewRepo{})
	b.Repo("erin.write", hub.RepoID{Type: hub.Model, Namespace: "erin", Name: "e"}, repos.NewRepo{})
	return b
}

// answer is a response that has been read.
type answer struct {
	*http.Response
	body []byte
}

func (b *bench) do(method, url, authorization string, body []byte, headers ...string) answer {
	b.t.Helper()
	if strings.HasPrefix(url, "/") {
		url = b.URL + url
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", "Bearer "+authorization)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{res, text}
}

// want ends the test unless the status is the given one.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s %s: status %d, want %d: %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body)
	}
	return a
}

func (a answer) json(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

// store is a connection to the store of chunks with one token.
type store struct {
	*bench
	url, token string
}

// connect fetches a token; repo is "models/alice/public".
func (b *bench) connect(token, repo, scope string) store {
	b.t.Helper()
	value := ""
	if token != "" {
		value = b.TokenValue(token)
	}
	a := b.do("GET", "/api/"+repo+"/xet-"+scope+"-token/main", value, nil).want(b.t, 200)
	var c struct {
		CasURL, AccessToken string
		Exp                 int64
	}
	a.json(b.t, &c)
	for k, v := range map[string]string{"X-Xet-Cas-Url": c.CasURL, "X-Xet-Access-Token": c.AccessToken} {
		if a.Header.Get(k) != v || v == "" {
			b.t.Errorf("%s is %q in the header and %q in the body", k, a.Header.Get(k), v)
		}
	}
	return store{b, c.CasURL, c.AccessToken}
}

func (s store) call(method, path string, body []byte, headers ...string) answer {
	s.t.Helper()
	return s.do(method, s.url+path, s.token, body, headers...)
}

// packed is a file as a client makes it: one xorb and the shard's words on it.
type packed struct {
	data  []byte
	bytes []byte // of the xorb
	xorb  xethash.Hash
	table xorb.Table
	file  shard.File
}

// noise returns reproducible bytes that do not compress.
func noise(seed uint64, n int) []byte {
	out := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	r.Read(out)
	return out
}

func digestOf(data []byte) hub.Digest { return xetpack.Digest(data) }

// pack chunks a file into one xorb.
func pack(t *testing.T, data []byte) packed {
	t.Helper()
	p, err := xetpack.Pack(data)
	if err != nil {
		t.Fatal(err)
	}
	return packed{data: data, bytes: p.Bytes, xorb: p.Xorb, table: p.Table, file: p.File}
}

// section is what a shard says of the xorb.
func (p packed) section() *shard.Xorb {
	return xetpack.Packed{Data: p.data, Xorb: p.xorb, Table: p.table}.Section()
}

// shardOf writes a shard as the Rust client does.
func shardOf(t *testing.T, files []shard.File, xorbs ...*shard.Xorb) []byte {
	t.Helper()
	text, err := xetpack.Shard(files, xorbs...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (s store) putXorb(p packed) answer {
	s.t.Helper()
	return s.call("POST", "/v1/xorbs/default/"+p.xorb.String(), p.bytes)
}

// put uploads a file whole: xorb and shard.
func (s store) put(p packed) {
	s.t.Helper()
	s.putXorb(p).want(s.t, 200)
	s.call("POST", "/v1/shards", shardOf(s.t, []shard.File{p.file}, p.section())).want(s.t, 200)
}

// commit makes a commit with one large file.
func (b *bench) commit(token, repo, path string, p packed) answer {
	b.t.Helper()
	lines := `{"key":"header","value":{"summary":"add ` + path + `"}}` + "\n" +
		`{"key":"lfsFile","value":{"path":"` + path + `","algo":"sha256","oid":"` + string(digestOf(p.data)) + `","size":` + itoa(len(p.data)) + `}}` + "\n"
	return b.do("POST", "/api/"+repo+"/commit/main", b.TokenValue(token), []byte(lines), "Content-Type", "application/x-ndjson")
}

func itoa(n int) string { return string(mustJSON(n)) }

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// reconstruct fetches a file, or a range of it, as a client does.
func (s store) reconstruct(version, file string, headers ...string) []byte {
	s.t.Helper()
	a := s.call("GET", "/"+version+"/reconstructions/"+file, nil, headers...).want(s.t, 200)
	type interval struct{ Start, End int }
	var p struct {
		Offset int `json:"offset_into_first_range"`
		Terms  []struct {
			Hash     string
			Unpacked int `json:"unpacked_length"`
			Range    interval
		}
		Xorbs map[string][]struct {
			URL    string
			Ranges []struct{ Chunks, Bytes interval }
		}
		Info map[string][]struct {
			Range    interval
			URL      string
			URLRange interval `json:"url_range"`
		} `json:"fetch_info"`
	}
	a.json(s.t, &p)
	var out []byte
	seen := map[string]bool{}
	for _, term := range p.Terms {
		var url string
		var chunks, span interval
		for _, x := range p.Xorbs[term.Hash] {
			if len(x.Ranges) != 1 || seen[x.URL] {
				s.t.Fatalf("an entry without its own URL or with several ranges: %s", a.body)
			}
			if c := x.Ranges[0].Chunks; c.Start <= term.Range.Start && term.Range.End <= c.End {
				url, chunks, span = x.URL, c, x.Ranges[0].Bytes
			}
		}
		for _, x := range p.Info[term.Hash] {
			if x.Range.Start <= term.Range.Start && term.Range.End <= x.Range.End {
				url, chunks, span = x.URL, x.Range, x.URLRange
			}
		}
		if url == "" {
			s.t.Fatalf("a term lies in no range: %s", a.body)
		}
		d := s.do("GET", url, "", nil, "Range", "bytes="+itoa(span.Start)+"-"+itoa(span.End)).want(s.t, 206)
		if len(d.body) != span.End-span.Start+1 {
			s.t.Fatalf("%d bytes came of %v", len(d.body), span)
		}
		r := xorb.NewReader(bytes.NewReader(d.body))
		var bytesOfTerm []byte
		for i := chunks.Start; i < term.Range.End; i++ {
			c, err := r.Next()
			if err != nil {
				s.t.Fatal(err)
			}
			if i >= term.Range.Start {
				bytesOfTerm = append(bytesOfTerm, c.Data...)
			}
		}
		if len(bytesOfTerm) != term.Unpacked {
			s.t.Fatalf("a term has %d bytes, not %d", len(bytesOfTerm), term.Unpacked)
		}
		out = append(out, bytesOfTerm...)
	}
	return out[p.Offset:]
}

var ctx = context.Background()
