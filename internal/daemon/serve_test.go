package daemon

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/client"
	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

// slowRequest begins a request whose body it holds back until the hub has begun to read it.
func (h *running) slowRequest() (finish func() (*http.Response, error)) {
	h.t.Helper()
	body, w := io.Pipe()
	req, err := http.NewRequest("POST", h.url+"/api/credentials/revoke", body)
	if err != nil {
		h.t.Fatal(err)
	}
	type result struct {
		res *http.Response
		err error
	}
	done := make(chan result, 1)
	go func() {
		res, err := http.DefaultClient.Do(req)
		done <- result{res, err}
	}()
	// The second write returns when the first has been taken off the pipe; by then the request is on its way. That the
	// hub works on it is known when it has a connection that is not idle: Shutdown waits for those.
	for _, s := range []string{`{"credentials": `, `["x`} {
		if _, err := io.WriteString(w, s); err != nil {
			h.t.Fatal(err)
		}
	}
	return func() (*http.Response, error) {
		go func() {
			io.WriteString(w, `"]}`)
			w.Close()
		}()
		r := <-done
		return r.res, r.err
	}
}

func TestStopDrainsRunningRequests(t *testing.T) {
	h := start(t, nil)
	h.request("GET", "/healthz", "")
	finish := h.slowRequest()
	h.request("GET", "/healthz", "") // answered after the slow one was accepted
	stopped := make(chan error, 1)
	go func() { stopped <- h.stop() }()
	for { // until the listener is closed
		c, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
		if err != nil {
			break
		}
		c.Close()
	}
	select {
	case err := <-stopped:
		t.Fatalf("the hub stopped under a running request: %v", err)
	default:
	}
	res, err := finish()
	if err != nil || res.StatusCode != http.StatusAccepted {
		t.Fatalf("the running request: %v, %v", res, err)
	}
	res.Body.Close()
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(h.cfg.SocketPath()); err == nil {
		t.Error("the socket stays behind")
	}
}

func TestStopCutsWhatDoesNotEnd(t *testing.T) {
	h := start(t, func(c *config.Config) { c.HTTP.ShutdownTimeout = 100 * time.Millisecond })
	finish := h.slowRequest()
	h.request("GET", "/healthz", "")
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	if res, err := finish(); err == nil {
		res.Body.Close()
		t.Errorf("the request was answered with %d", res.StatusCode)
	}
	if !strings.Contains(h.log.String(), "cut off") {
		t.Error("the log does not tell of the cut")
	}
}

func TestSocketIsForItsOwnerOnly(t *testing.T) {
	h := start(t, nil)
	info, err := os.Stat(h.cfg.SocketPath())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info, err)
	}
	about := do[operatorapi.Hub](h, operatorapi.HubShow, operatorapi.Empty{})
	if about.URL != h.url {
		t.Errorf("the hub says it is at %s, and is at %s", about.URL, h.url)
	}
	// The operator's calls are not on the public port.
	if code, _ := h.request("POST", "/"+string(operatorapi.HubShow), "{}"); code == http.StatusOK {
		t.Error("the public port answers the operator's calls")
	}
}

// Unix socket addresses are short; data folders need not be.
func TestLongDataFolder(t *testing.T) {
	h := start(t, func(c *config.Config) {
		c.Data = filepath.Join(filepath.Dir(c.Data), strings.Repeat("long-", 30), "data")
	})
	do[operatorapi.User](h, operatorapi.UserCreate, operatorapi.NewUser{Name: "alice"})
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(h.cfg.SocketPath()); err == nil {
		t.Error("the socket stays behind")
	}
}

func TestReadinessAndHealth(t *testing.T) {
	h := start(t, nil)
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, text := h.request("GET", path, ""); code != http.StatusOK || !strings.Contains(text, "no-store") {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
}

func TestLimitOfConnections(t *testing.T) {
	h := start(t, func(c *config.Config) { c.HTTP.MaxConnections = 2 })
	addr := strings.TrimPrefix(h.url, "http://")
	var held []net.Conn
	for range 2 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		// A request on each, so that both were accepted.
		io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		c.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	third, err := net.Dial("tcp", addr) // the kernel takes it, the hub does not yet
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	io.WriteString(third, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	third.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if _, err := third.Read(make([]byte, 1)); err == nil {
		t.Fatal("a third connection was served beside two")
	}
	held[0].Close()
	third.SetReadDeadline(time.Now().Add(30 * time.Second))
	if _, err := third.Read(make([]byte, 1)); err != nil {
		t.Fatalf("the third connection is not served after one has ended: %v", err)
	}
	held[1].Close()
}

// Without a hub the same calls work on the folder, and both ways leave the same audit events.
func TestOfflineAndRunningLeaveTheSameEvents(t *testing.T) {
	calls := func(op *client.Operator) {
		t.Helper()
		ctx := context.Background()
		var u operatorapi.User
		for _, err := range []error{
			op.Do(ctx, operatorapi.UserCreate, operatorapi.NewUser{Name: "alice"}, &u),
			op.Do(ctx, operatorapi.OrgCreate, operatorapi.NewOrg{Name: "acme", Admin: "alice"}, nil),
			op.Do(ctx, operatorapi.TokenCreate, operatorapi.NewToken{User: "alice", Name: "t", Kind: "read"}, nil),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	events := func(cfg *config.Config) (out []string) {
		t.Helper()
		d, err := OpenOffline(context.Background(), cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		list, err := d.db.ListEvents(context.Background(), "", 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			out = append(out, e.Type+" by "+e.ActorName+": "+e.Message)
		}
		return out
	}

	h := start(t, nil)
	calls(h.op)
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t)
	d, err := OpenOffline(context.Background(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	calls(client.NewOperator(client.InProcess(d.OperatorHandler())))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	online, offline := strings.Join(events(h.cfg), "\n"), strings.Join(events(cfg), "\n")
	if online != offline || !strings.Contains(online, "token.create by operator") {
		t.Errorf("running:\n%s\noffline:\n%s", online, offline)
	}
}

// Behind a proxy URLs in answers begin with the configured origin, whatever name the request came under.
func TestPublicURL(t *testing.T) {
	h := start(t, func(c *config.Config) { c.PublicURL = "https://hub.example.org/" })
	if h.url != "https://hub.example.org" {
		t.Errorf("the hub says it is at %s", h.url)
	}
	do[operatorapi.User](h, operatorapi.UserCreate, operatorapi.NewUser{Name: "alice"})
	token := do[operatorapi.TokenWithValue](h, operatorapi.TokenCreate, operatorapi.NewToken{User: "alice", Name: "t", Kind: "read"})
	var started struct{ Address string }
	if err := json.Unmarshal([]byte(strings.SplitN(h.log.String(), "\n", 2)[0]), &started); err != nil {
		t.Fatal(err)
	}
	h.url = "http://" + started.Address
	if _, text := h.request("GET", "/api/whoami-v2", "", "Authorization", "Bearer "+token.Value); !strings.Contains(text, `"https://hub.example.org/api/avatars/alice.svg"`) {
		t.Errorf("whoami: %s", text)
	}
}
