package httpd

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
)

// A download must reach the connection as a file, so that the kernel can send it without copying. The test
// listens at the place where net/http hands the file over.
func TestDownloadsKeepSendfile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	want := bytes.Repeat([]byte("0123456789abcdef"), 3<<20/16)
	if err := os.WriteFile(name, want, 0o600); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, nil, Config{})
	served := make(chan struct{}, 1) // the client may have all bytes before they are counted
	s.Repo(RepoWeb, "GET /resolve/{rev}/{path...}", access.RepoContentRead, func(w http.ResponseWriter, r *Request, g access.Grant) error {
		defer func() { served <- struct{}{} }()
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		http.ServeContent(w, r.Request, "", time.Time{}, f)
		return nil
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	spy := &spyListener{Listener: l}
	srv := &http.Server{Handler: s}
	done := make(chan struct{})
	go func() { srv.Serve(spy); close(done) }()
	defer func() { srv.Close(); <-done }()

	for _, c := range []struct {
		rng  string
		want []byte
	}{{"", want}, {"bytes=100000-", want[100000:]}, {"bytes=7-2000006", want[7:2000007]}} {
		spy.fromFile.Store(0)
		req, _ := http.NewRequest("GET", "http://"+l.Addr().String()+"/bob/public/resolve/main/f", nil)
		if c.rng != "" {
			req.Header.Set("Range", c.rng)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		<-served
		if err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%q: %d bytes, %v", c.rng, len(got), err)
		}
		// net/http itself copies the first 512 bytes when it has to sniff the type.
		if n := spy.fromFile.Load(); n < int64(len(c.want))-512 {
			t.Errorf("%q: only %d of %d bytes went out from the file", c.rng, n, len(c.want))
		}
	}
}
