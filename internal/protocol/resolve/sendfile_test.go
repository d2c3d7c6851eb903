package resolve_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/lfs"
	"github.com/ambit-hub/ambit/internal/protocol/resolve"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// spy counts the bytes that connections are given as a file, which is what the kernel sends by itself.
type spy struct {
	net.Listener
	fromFile atomic.Int64
}

func (l *spy) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &spiedConn{c.(*net.TCPConn), l}, nil
}

type spiedConn struct {
	*net.TCPConn
	spy *spy
}

// ReadFrom is what net/http calls when nothing between it and the handler hid the file.
func (c *spiedConn) ReadFrom(r io.Reader) (int64, error) {
	n, err := c.TCPConn.ReadFrom(r)
	if l, ok := r.(*io.LimitedReader); ok {
		if _, ok := l.R.(*os.File); ok {
			c.spy.fromFile.Add(n)
		}
	}
	return n, err
}

// Large files leave by sendfile: the whole chain of response writers keeps io.ReaderFrom, and what is handed
// down is the file itself.
func TestLargeFilesLeaveBySendfile(t *testing.T) {
	store, err := fs.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var svc *transfer.Service
	h := testkit.New(t, func(h *testkit.Hub) {
		svc = h.Transfer(transfer.Config{})
		resolve.New(svc).Register(h.Server)
		lfs.New(svc, h.Auth, nil).Register(h.Server)
	}, testkit.WithBlobs(store))
	h.World()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &spy{Listener: listener}
	server := &http.Server{Handler: h.Server}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })

	ctx := context.Background()
	content := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	sum := sha256.Sum256([]byte(content))
	digest := hub.Digest(hex.EncodeToString(sum[:]))
	repo := hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "public"}
	g, err := h.Zone.Authorize(ctx, h.Subject("alice.write"), access.Need{Action: access.RepoWrite, Target: access.Repo(repo)})
	if err != nil {
		t.Fatal(err)
	}
	if err := svc.PutObject(ctx, g, transfer.Object{Digest: digest, Size: int64(len(content))}, strings.NewReader(content), hub.Event{}); err != nil {
		t.Fatal(err)
	}
	line := `{"key":"header","value":{"summary":"s"}}` + "\n" + `{"key":"lfsFile","value":{"path":"w.bin","oid":"` + string(digest) + `"}}`
	if _, err := svc.Commit(ctx, g, transfer.CommitRequest{Rev: "main", Body: strings.NewReader(line)}); err != nil {
		t.Fatal(err)
	}

	base := "http://" + listener.Addr().String()
	for _, c := range []struct {
		path, ranges string
		want         string
	}{
		{"/alice/public/resolve/main/w.bin", "", content},
		{"/alice/public/resolve/main/w.bin", "bytes=7-70006", content[7:70007]},
		{"/alice/public.git/info/lfs/objects/" + string(digest), "", content},
	} {
		l.fromFile.Store(0)
		logged := strings.Count(h.Log.String(), "\n")
		req, err := http.NewRequest("GET", base+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.ranges != "" {
			req.Header.Set("Range", c.ranges)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(got) != c.want {
			t.Fatalf("%s %s: status %d, %d bytes, %v", c.path, c.ranges, res.StatusCode, len(got), err)
		}
		for strings.Count(h.Log.String(), "\n") == logged {
			runtime.Gosched() // the client may be done before the server has counted
		}
		// net/http takes the first 512 bytes for itself.
		if n := l.fromFile.Load(); n < int64(len(c.want))-512 {
			t.Errorf("%s %s: %d of %d bytes left as a file", c.path, c.ranges, n, len(c.want))
		}
	}
}
