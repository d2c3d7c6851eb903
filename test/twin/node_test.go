package twin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/daemon"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

// host is the name under which every hub here is reached.
const host = "hub.test"

// node is the whole hub of a data folder, reached over connections in memory. It must be made and closed in one
// bubble.
type node struct {
	t      *testing.T
	daemon *daemon.Daemon
	server *http.Server
	wire   *wire
	client *http.Transport
}

// settings are the configuration of the hub in a folder.
func settings(dir string) *config.Config {
	c := config.Default()
	c.Data = dir
	return &c
}

func open(t *testing.T, dir string) *node {
	t.Helper()
	d, err := daemon.OpenOffline(context.Background(), settings(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, daemon: d, server: &http.Server{Handler: d.Handler(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}, wire: newWire()}
	n.client = &http.Transport{DisableCompression: true, DialContext: n.wire.dial}
	go n.server.Serve(n.wire)
	return n
}

func (n *node) close() {
	n.client.CloseIdleConnections()
	n.server.Close()
	if err := n.daemon.Close(); err != nil {
		n.t.Error(err)
	}
}

// routes are all that the hub serves, as "METHOD pattern".
func (n *node) routes() []string { return n.daemon.Handler().(interface{ Routes() []string }).Routes() }

// request is one line of the log.
type request struct {
	route  string // the route it is meant for
	method string
	target string // path and query as they go over the wire
	header http.Header
	body   []byte
}

func (q request) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s   (%s)\n", q.method, q.target, q.route)
	q.header.Write(&b)
	if len(q.body) > 0 {
		fmt.Fprintf(&b, "\n%.600q\n", q.body)
	}
	return b.String()
}

// response is an answer that has been read.
type response struct {
	status int
	header http.Header
	body   []byte
}

// bytes is all of the answer apart from the request's id.
func (r response) bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d\n", r.status)
	h := r.header.Clone()
	h.Del("X-Request-Id")
	h.Write(&b)
	b.WriteByte('\n')
	b.Write(r.body)
	return b.Bytes()
}

// do sends a request. A connection that the hub cuts is an answer too, of status 0.
func (n *node) do(q request) response {
	n.t.Helper()
	path, query, _ := strings.Cut(q.target, "?")
	req := (&http.Request{
		Method: q.method, URL: &url.URL{Scheme: "http", Host: host, Opaque: path, RawQuery: query}, Host: host,
		Header: q.header.Clone(), Body: io.NopCloser(bytes.NewReader(q.body)), ContentLength: int64(len(q.body)),
	}).WithContext(context.Background())
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if len(q.body) == 0 {
		req.Body = http.NoBody
	}
	res, err := n.client.RoundTrip(req)
	if err != nil {
		return response{}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		body = append(body, " [cut]"...)
	}
	return response{res.StatusCode, res.Header, body}
}

// must sends a request that has to succeed, and decodes the answer into v unless that is nil.
func (n *node) must(q request, v any) response {
	n.t.Helper()
	r := n.do(q)
	if r.status < 200 || r.status > 299 {
		n.t.Fatalf("%s\nanswers %d %s: %s", q, r.status, r.header.Get("X-Error-Message"), r.body)
	}
	if v != nil {
		if err := json.Unmarshal(r.body, v); err != nil {
			n.t.Fatalf("%s\n%v: %s", q, err, r.body)
		}
	}
	return r
}

// operator makes an operator's call.
func (n *node) operator(call operatorapi.Call, arg, result any) {
	n.t.Helper()
	b, err := json.Marshal(arg)
	if err != nil {
		n.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	n.daemon.OperatorHandler().ServeHTTP(w, httptest.NewRequest("POST", "/"+string(call), bytes.NewReader(b)))
	if w.Code != http.StatusOK {
		n.t.Fatalf("%s %s: %s", call, b, w.Body)
	}
	if result != nil {
		if err := json.Unmarshal(w.Body.Bytes(), result); err != nil {
			n.t.Fatal(err)
		}
	}
}

// wire is a listener of connections in memory.
type wire struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newWire() *wire { return &wire{make(chan net.Conn), make(chan struct{})} }

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case w.conns <- addressed{there}:
		return addressed{here}, nil
	case <-w.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept waits for a connection.
func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the listener; it is closed once.
func (w *wire) Close() error {
	close(w.closed)
	return nil
}

// Addr is that of every connection.
func (w *wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

// addressed is a connection whose peer has an address, as on a network.
type addressed struct{ net.Conn }

// RemoteAddr is a documentation address.
func (addressed) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 4711} }

// sleep lets time pass, so that background work has its turn.
func sleep(d time.Duration) { time.Sleep(d) }

// pick returns the values that a condition holds for.
func pick[T any](all []T, keep func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(all), func(v T) bool { return !keep(v) })
}
