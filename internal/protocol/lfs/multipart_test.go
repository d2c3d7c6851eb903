package lfs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/transfer"
)

var newRepo = repos.NewRepo{}

// parts returns the URLs of the parts in their order, as all clients read them.
func parts(t *testing.T, o object) []string {
	t.Helper()
	var urls []string
	for n := 1; ; n++ {
		url, ok := o.Actions["upload"].Header[fmt.Sprintf("%05d", n)]
		if !ok {
			break
		}
		urls = append(urls, url)
	}
	if len(urls) != len(o.Actions["upload"].Header)-1 {
		t.Fatalf("header: %v", o.Actions["upload"].Header)
	}
	return urls
}

func completion(content []byte, etags ...string) []byte {
	var list []string
	for i, e := range etags {
		list = append(list, fmt.Sprintf(`{"partNumber":%d,"etag":%s}`, i+1, quote(e)))
	}
	return []byte(`{"oid":"` + digestOf(content) + `","parts":[` + strings.Join(list, ",") + `]}`)
}

func quote(s string) string { b, _ := json.Marshal(s); return string(b) }

func TestMultipart(t *testing.T) {
	w := start(t, transfer.Config{PartSize: 100})
	content := bytes.Repeat([]byte("0123456789"), 25) // two whole parts and a half one
	small := []byte("a small one in the same batch")
	a := w.batch("alice/public", "alice.write", "upload", content, small)
	if a.Transfer != "multipart" {
		t.Fatalf("batch: %s", a.raw)
	}
	if i, j := strings.Index(a.raw, `"00001"`), strings.Index(a.raw, `"00003"`); i < 0 || j < i {
		t.Errorf("the parts are not in order: %s", a.raw)
	}
	o := a.Objects[0]
	if o.Actions["upload"].Header["chunk_size"] != "100" || len(parts(t, o)) != 3 || len(parts(t, a.Objects[1])) != 1 {
		t.Fatalf("batch: %s", a.raw)
	}
	urls, href := parts(t, o), o.Actions["upload"].Href
	put := func(n int, b []byte) string {
		t.Helper()
		r := w.want(w.do("PUT", urls[n-1], "", b), 200)
		if r.header.Get("Etag") == "" {
			t.Fatal("a part without ETag")
		}
		return r.header.Get("Etag")
	}
	w.want(w.do("PUT", urls[0], "", content[:99]), 422)
	w.want(w.do("PUT", urls[2], "", content[:100]), 422)
	e3, e1 := put(3, content[200:]), put(1, content[:100])
	w.want(w.do("POST", href, "", completion(content, e1, e1, e3)), 400, "Part 2 has not arrived")
	wrong := put(2, bytes.Repeat([]byte("x"), 100))
	e2 := put(2, content[100:200]) // sent again, it replaces the first
	list := w.want(w.do("GET", strings.Replace(strings.Split(urls[0], "?")[0], "/parts/1", "/parts", 1)+"?upload="+uploadOf(t, w), "alice.write", nil), 200)
	if !strings.Contains(list.body, `"chunk_size":100`) || strings.Count(list.body, "partNumber") != 3 {
		t.Errorf("list of parts: %s", list.body)
	}
	w.want(w.do("POST", href, "", completion(content, e1, wrong, e3)), 400, "ETag")
	w.want(w.do("POST", href, "", completion(content, e1, e2)), 400)
	w.want(w.do("POST", href, "", []byte(`{`)), 400)
	for range 2 { // a client that lost the answer asks again
		w.want(w.do("POST", href, "", completion(content, e1, e2, e3), "Content-Type", "application/json"), 200)
	}
	w.want(w.commit("alice/public", "alice.write", lfsLine("big.bin", content)), 200)
	if r := w.want(w.do("GET", "/alice/public/resolve/main/big.bin", "", nil), 200); r.body != string(content) {
		t.Error("another content came back")
	}
	if k := w.keys("lfs/"); len(k) != 1 {
		t.Errorf("stored %v", k)
	}
	if k := w.keys("part/"); len(k) != 0 {
		t.Errorf("parts are left: %v", k)
	}
	w.want(w.do("PUT", urls[0], "", content[:100]), 404)
}

// uploadOf finds the id of the only upload of three parts that is open.
func uploadOf(t *testing.T, w *world) string {
	t.Helper()
	for _, k := range w.keys("part/") {
		return strings.Split(strings.TrimPrefix(k, "part/"), "-")[0]
	}
	t.Fatal("no upload is open")
	return ""
}

func TestMultipartWithWrongSumEnds(t *testing.T) {
	w := start(t, transfer.Config{PartSize: 10})
	content := []byte("0123456789abcdef")
	o := w.batch("alice/public", "alice.write", "upload", content).Objects[0]
	var etags []string
	for i, u := range parts(t, o) {
		etags = append(etags, w.want(w.do("PUT", u, "", []byte("xxxxxxxxxxxxxxxx")[i*10:min(16, i*10+10)]), 200).header.Get("Etag"))
	}
	w.want(w.do("POST", o.Actions["upload"].Href, "", completion(content, etags...)), 422, "SHA-256")
	if k := w.keys(""); len(k) != 0 {
		t.Errorf("kept: %v", k)
	}
	w.want(w.do("POST", o.Actions["upload"].Href, "", completion(content, etags...)), 404)
	w.want(w.commit("alice/public", "alice.write", lfsLine("big.bin", content)), 400)
}

func TestSweeperTakesUnfinishedUploads(t *testing.T) {
	w := start(t, transfer.Config{PartSize: 10, Lease: time.Nanosecond, LFSGrace: time.Nanosecond, RetireGrace: time.Nanosecond})
	content := []byte("0123456789abcdef")
	// The patience of the batch, not the lease, keeps an upload that has not begun.
	o := w.batch("alice/public", "alice.write", "upload", content).Objects[0]
	if n, err := w.svc.Sweeper().Sweep(context.Background()); err != nil || n.Uploads != 0 {
		t.Fatalf("swept %+v, %v", n, err)
	}
	w.want(w.do("PUT", parts(t, o)[0], "", content[:10]), 200)
	if len(w.keys("part/")) != 1 {
		t.Fatal("no part is stored")
	}
	n, err := w.svc.Sweeper().Sweep(context.Background())
	if err != nil || n.Uploads != 1 {
		t.Fatalf("swept %+v, %v", n, err)
	}
	if k := w.keys(""); len(k) != 0 {
		t.Errorf("left: %v", k)
	}
	w.want(w.do("PUT", parts(t, o)[1], "", content[10:]), 404)
	// A linked file stays.
	keep := []byte("keep")
	w.upload("alice/public", "alice.write", keep)
	if _, err := w.svc.Sweeper().Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.want(w.commit("alice/public", "alice.write", lfsLine("k.bin", keep)), 200)
	w.want(w.do("GET", "/alice/public/resolve/main/k.bin", "", nil), 200, "keep")
	if _, err := w.svc.Sweeper().Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.want(w.do("GET", "/alice/public/resolve/main/k.bin", "", nil), 200, "keep")
}
