package lfs_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/protocol/lfs"
	"github.com/ambit-hub/ambit/internal/protocol/resolve"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// startOnDisk is start with a folder of blobs; it returns the folder too.
func startOnDisk(t *testing.T, cfg transfer.Config) (*world, string) {
	t.Helper()
	dir := t.TempDir()
	store, err := fs.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t}
	w.Hub = testkit.New(t, func(h *testkit.Hub) {
		w.svc = h.Transfer(cfg)
		hubapi.New(hubapi.Services{Repos: h.Repos, Transfer: w.svc}).Register(h.Server)
		resolve.New(w.svc).Register(h.Server)
		lfs.New(w.svc, h.Auth, nil).Register(h.Server)
	}, testkit.WithBlobs(store))
	w.World()
	return w, dir
}

// zeros is an endless stream of them.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A file goes through the hub and back without being in memory: 64 MiB, and 1 GiB in the full run.
func TestMemoryStaysFlat(t *testing.T) {
	size := int64(64 << 20)
	if os.Getenv("AMBIT_FULL") != "" {
		size = 1 << 30
	}
	w, _ := startOnDisk(t, transfer.Config{})
	sum := sha256.New()
	if _, err := io.CopyN(sum, zeros{}, size); err != nil {
		t.Fatal(err)
	}
	oid := hex.EncodeToString(sum.Sum(nil))
	batch := w.want(w.do("POST", "/alice/public.git/info/lfs/objects/batch", "alice.write",
		fmt.Appendf(nil, `{"operation":"upload","objects":[{"oid":"%s","size":%d}]}`, oid, size)), 200)
	_, href, _ := strings.Cut(batch.body, `"upload":{"href":"`)
	href, _, _ = strings.Cut(href, `"`)

	var before, after runtime.MemStats
	measure := func(what string, f func()) {
		t.Helper()
		runtime.GC()
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		// Client and server share this process. Nothing is freed between, so what was ever allocated bounds the peak.
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 12<<20 {
			t.Errorf("%s of %d bytes allocated %d", what, size, grown)
		}
	}
	measure("upload", func() {
		req, err := http.NewRequest("PUT", href, io.LimitReader(zeros{}, size))
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = size
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 200 {
			t.Fatalf("status %d", res.StatusCode)
		}
	})
	w.want(w.commit("alice/public", "alice.write", `{"key":"lfsFile","value":{"path":"zeros.bin","oid":"`+oid+`"}}`), 200)
	measure("download", func() {
		res, err := http.Get(w.URL + "/alice/public/resolve/main/zeros.bin")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		got := sha256.New()
		if n, err := io.Copy(got, res.Body); err != nil || n != size || hex.EncodeToString(got.Sum(nil)) != oid {
			t.Fatalf("%d bytes came back, %v", n, err)
		}
	})
}

// A client that vanishes in the middle leaves nothing: no object, no temporary file, no intent.
func TestClientVanishes(t *testing.T) {
	w, dir := startOnDisk(t, transfer.Config{PartSize: 1 << 20, Lease: time.Nanosecond})
	content := bytes.Repeat([]byte("x"), 1<<20)
	basic := w.batch("alice/public", "alice.write", "upload", content).Objects[0]
	big := bytes.Repeat([]byte("y"), 3<<20/2)
	inParts := w.batch("alice/public", "alice.write", "upload", big).Objects[0]
	for _, href := range []string{basic.Actions["upload"].Href, parts(t, inParts)[0]} {
		u, err := url.Parse(href)
		if err != nil {
			t.Fatal(err)
		}
		before := strings.Count(w.Log.String(), `"method":"PUT"`)
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", u.RequestURI(), u.Host, 1<<20)
		c.Write(content[:512<<10])
		c.Close()
		for strings.Count(w.Log.String(), `"method":"PUT"`) == before {
			time.Sleep(time.Millisecond)
		}
	}
	if k := w.keys(""); len(k) != 0 {
		t.Errorf("kept: %v", k)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".tmp", "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("temporary files: %v, %v", left, err)
	}
	w.want(w.commit("alice/public", "alice.write", lfsLine("x.bin", content)), 400, "has not been uploaded")
	if open, err := w.DB.ExpiredUploads(context.Background(), time.Now().Add(24*time.Hour), 10); err != nil || len(open) != 1 {
		t.Errorf("open uploads: %+v, %v; only the one in parts should be left", open, err)
	}
	// The same links still work.
	w.want(w.do("PUT", w.batch("alice/public", "alice.write", "upload", content).Objects[0].Actions["upload"].Href, "", content), 200)
}
