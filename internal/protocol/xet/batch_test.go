package xet_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

// TestBatchOffersXet sends the LFS batch of clients that negotiate: huggingface_hub 0.36, @huggingface/hub, and git-xet, which
// pushes to branches that do not exist yet.
func TestBatchOffersXet(t *testing.T) {
	b := start(t, xet.Config{})
	p := pack(t, noise(1, 300_000))
	type answered struct {
		Transfer string
		Objects  []struct {
			Actions *struct {
				Upload, Download *struct {
					Href   string
					Header map[string]string
				}
			}
		}
	}
	ask := func(operation, transfers, ref string) (a answered) {
		t.Helper()
		q := `{"operation":"` + operation + `","transfers":[` + transfers + `],"hash_algo":"sha256"`
		if ref != "" {
			q += `,"ref":{"name":"` + ref + `"}`
		}
		q += `,"objects":[{"oid":"` + string(digestOf(p.data)) + `","size":` + itoa(len(p.data)) + `}]}`
		b.do("POST", "/alice/secret.git/info/lfs/objects/batch", b.TokenValue("alice.write"), []byte(q), "Content-Type", "application/vnd.git-lfs+json").want(t, 200).json(t, &a)
		if len(a.Objects) != 1 {
			t.Fatalf("%+v", a)
		}
		return a
	}
	route := b.URL + "/api/models/alice/secret/xet-write-token/"
	for ref, rev := range map[string]string{"": "main", "main": "main", "refs/heads/main": "main", "refs/heads/to-come": "main"} {
		a := ask("upload", `"basic","multipart","xet"`, ref)
		if a.Transfer != "xet" || a.Objects[0].Actions == nil || a.Objects[0].Actions.Upload == nil {
			t.Fatalf("%q: %+v", ref, a)
		}
		up := a.Objects[0].Actions.Upload
		if up.Href != route+rev {
			t.Errorf("%q: the next token is at %s", ref, up.Href)
		}
		for _, h := range []string{"X-Xet-Session-Id", "X-Xet-Cas-Url", "X-Xet-Access-Token", "X-Xet-Token-Expiration"} {
			if up.Header[h] == "" {
				t.Errorf("%q: no %s", ref, h)
			}
		}
		b.do("GET", strings.TrimPrefix(up.Href, b.URL), b.TokenValue("alice.write"), nil).want(t, 200)
		s := store{b, up.Header["X-Xet-Cas-Url"], up.Header["X-Xet-Access-Token"]}
		s.putXorb(p).want(t, 200)
	}
	if a := ask("upload", `"basic","multipart"`, ""); a.Transfer != "basic" || a.Objects[0].Actions.Upload == nil {
		t.Errorf("without xet: %+v", a)
	}
	up := ask("upload", `"xet"`, "").Objects[0].Actions.Upload
	s := store{b, up.Header["X-Xet-Cas-Url"], up.Header["X-Xet-Access-Token"]}
	s.call("POST", "/v1/shards", shardOf(t, []shard.File{p.file}, p.section())).want(t, 200)
	// It is there now: for this repository nothing is to be done, and it is fetched by plain LFS.
	if a := ask("upload", `"basic","multipart","xet"`, ""); a.Objects[0].Actions != nil {
		t.Errorf("an object that is there is asked for: %+v", a.Objects[0].Actions.Upload)
	}
	a := ask("download", `"basic","xet"`, "")
	if a.Transfer != "basic" || a.Objects[0].Actions.Download == nil {
		t.Fatalf("download: %+v", a)
	}
	if got := b.do("GET", a.Objects[0].Actions.Download.Href, "", nil).want(t, 200); !bytes.Equal(got.body, p.data) {
		t.Error("the bytes differ")
	}
}
