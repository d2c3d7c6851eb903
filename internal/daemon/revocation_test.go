package daemon

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/client"
	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

// processEnv makes the test binary a hub.
const processEnv = "AMBIT_TEST_SERVES"

// TestServeProcess is a whole hub in a process of its own, when another test starts it as one.
func TestServeProcess(t *testing.T) {
	if os.Getenv(processEnv) == "" {
		return
	}
	var environ []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, processEnv) {
			environ = append(environ, e)
		}
	}
	cfg, _, err := config.Load(config.Sources{Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin) // the other test has ended
		cancel()
	}()
	err = Serve(ctx, &cfg, slog.New(slog.NewJSONHandler(os.Stderr, nil)), nil, func(r Ready) { fmt.Println("READY " + r.URL) })
	if err != nil {
		t.Fatal(err)
	}
}

// process is a hub in a process of its own.
type process struct {
	url string
	cfg config.Config
}

func startProcess(t *testing.T, data, database string) *process {
	t.Helper()
	p := &process{cfg: config.Default()}
	p.cfg.Data = data
	cmd := exec.Command(os.Args[0], "-test.run=^TestServeProcess$")
	cmd.Env = []string{processEnv + "=1", "AMBIT_DATA=" + data, "AMBIT_LISTEN=127.0.0.1:0", "AMBIT_DATABASE_URL=" + database, "HOME=" + data, "PATH=" + os.Getenv("PATH")}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		timer := time.AfterFunc(20*time.Second, func() { cmd.Process.Signal(syscall.SIGKILL) })
		cmd.Wait()
		timer.Stop()
		if t.Failed() {
			t.Logf("the log of %s:\n%s", p.url, log.String())
		}
	})
	lines := bufio.NewScanner(out)
	said := ""
	for lines.Scan() {
		said += lines.Text() + "\n"
		if u, ok := strings.CutPrefix(lines.Text(), "READY "); ok {
			p.url = u
			go io.Copy(io.Discard, out)
			return p
		}
	}
	t.Fatalf("the hub did not start:\n%s%s", said, log.String())
	return nil
}

func (p *process) get(path, token string) int {
	req, err := http.NewRequest("GET", p.url+path, nil)
	if err != nil {
		return 0
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res.StatusCode
}

// cutter forwards connections to a server until it is told to cut: then no byte passes, and no connection ends, as when
// a network loses packets.
type cutter struct {
	l      net.Listener
	target string
	cut    atomic.Bool
}

func newCutter(t *testing.T, target string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{l: l, target: target}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go c.serve(conn)
		}
	}()
	return c
}

func (c *cutter) serve(a net.Conn) {
	b, err := net.Dial("tcp", c.target)
	if err != nil {
		a.Close()
		return
	}
	copyAll := func(to, from net.Conn) {
		defer to.Close()
		defer from.Close()
		buf := make([]byte, 32<<10)
		for {
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			for c.cut.Load() {
				time.Sleep(5 * time.Millisecond)
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
	}
	go copyAll(a, b)
	copyAll(b, a)
}

// through returns a database URL that leads through the cutter.
func (c *cutter) through(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Del("host")
	q.Set("sslmode", "disable")
	u.Host, u.RawQuery = c.l.Addr().String(), q.Encode()
	return u.String()
}

// TestRevocationAcrossProcesses runs two hubs on one database. What one revokes the other refuses within the time of its
// following; and when the other cannot hear, it lets nobody in on the strength of what it remembers.
func TestRevocationAcrossProcesses(t *testing.T) {
	database := pgtest.URL(t)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	target := u.Host
	if !strings.Contains(target, ":") {
		target += ":5432"
	}
	cutter := newCutter(t, target)
	here := startProcess(t, filepath.Join(t.TempDir(), "here"), database)
	keys, err := os.ReadFile(here.cfg.KeysPath())
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "there")
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "keys"), keys, 0o600); err != nil {
		t.Fatal(err)
	}
	there := startProcess(t, data, cutter.through(t, database))
	op := client.NewOperator(client.Socket(func(context.Context) (net.Conn, error) { return DialOperator(&here.cfg) }))
	call := func(name operatorapi.Call, args, result any) {
		t.Helper()
		if err := op.Do(context.Background(), name, args, result); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	call(operatorapi.UserCreate, operatorapi.NewUser{Name: "alice"}, nil)
	token := func() (tok operatorapi.TokenWithValue) {
		t.Helper()
		call(operatorapi.TokenCreate, operatorapi.NewToken{User: "alice", Name: "t", Kind: "write"}, &tok)
		return tok
	}

	// The channel works.
	var took []time.Duration
	for range 50 {
		tok := token()
		if code := there.get("/api/whoami-v2", tok.Value); code != http.StatusOK {
			t.Fatalf("a fresh token: %d", code)
		}
		call(operatorapi.TokenDelete, operatorapi.ID{ID: tok.ID}, nil)
		began := time.Now()
		for there.get("/api/whoami-v2", tok.Value) == http.StatusOK {
			if time.Since(began) > 30*time.Second {
				t.Fatal("the other process never heard of the revocation")
			}
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	t.Logf("revocation in another process: median %v, worst of %d %v", took[len(took)/2], len(took), took[len(took)-1])

	// The channel is cut, together with the database.
	tok := token()
	if code := there.get("/api/whoami-v2", tok.Value); code != http.StatusOK {
		t.Fatalf("a fresh token: %d", code)
	}
	cutter.cut.Store(true)
	call(operatorapi.TokenDelete, operatorapi.ID{ID: tok.ID}, nil)
	time.Sleep(followLease + followLease/10)
	for range 3 {
		if code := there.get("/api/whoami-v2", tok.Value); code != http.StatusServiceUnavailable {
			t.Errorf("beyond the lease, without the database: %d, want 503", code)
		}
	}
	cutter.cut.Store(false)
	began := time.Now()
	for {
		code := there.get("/api/whoami-v2", tok.Value)
		if code == http.StatusUnauthorized {
			break
		}
		if code == http.StatusOK {
			t.Fatal("a revoked token works when the channel is back")
		}
		if time.Since(began) > 60*time.Second {
			t.Fatalf("the process does not recover: %d", code)
		}
	}
	live := token()
	for there.get("/api/whoami-v2", live.Value) != http.StatusOK {
		if time.Since(began) > 60*time.Second {
			t.Fatal("a good token does not work when the channel is back")
		}
	}
}

// TestNoSuccessStartsAfterTheRevocation lets many callers hammer one hub while tokens are revoked: a request that begins
// after the answer to the revocation is never served. AMBIT_FULL makes a million requests of it.
func TestNoSuccessStartsAfterTheRevocation(t *testing.T) {
	requests, rounds, callers := 100_000, 100, 8
	if os.Getenv("AMBIT_FULL") != "" {
		requests = 1_000_000
	}
	cfg := testConfig(t)
	cfg.Limits.Token.API, cfg.Limits.User.API, cfg.Limits.Failures = 0, 0, 0
	d, err := OpenOffline(context.Background(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	op := client.NewOperator(client.InProcess(d.OperatorHandler()))
	ctx := context.Background()
	if err := op.Do(ctx, operatorapi.UserCreate, operatorapi.NewUser{Name: "alice"}, nil); err != nil {
		t.Fatal(err)
	}
	var made, late, served atomic.Int64
	for round := range rounds {
		var tok operatorapi.TokenWithValue
		if err := op.Do(ctx, operatorapi.TokenCreate, operatorapi.NewToken{User: "alice", Name: fmt.Sprint("t", round), Kind: "write"}, &tok); err != nil {
			t.Fatal(err)
		}
		value := secret.New(tok.Value)
		var revoked, stop atomic.Bool
		var after atomic.Int64
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for !stop.Load() {
					dead := revoked.Load() // before the request begins
					r := httptest.NewRequest("GET", "/api/whoami-v2", nil)
					r.Header.Set("Authorization", "Bearer "+value.Reveal())
					w := httptest.NewRecorder()
					d.Handler().ServeHTTP(w, r)
					made.Add(1)
					switch {
					case w.Code == http.StatusOK && dead:
						late.Add(1)
					case w.Code == http.StatusOK:
						served.Add(1)
					case dead:
						after.Add(1)
					}
				}
			})
		}
		share := int64(requests / rounds)
		for begin := made.Load(); made.Load()-begin < share/2; {
			time.Sleep(50 * time.Microsecond)
		}
		if err := op.Do(ctx, operatorapi.TokenDelete, operatorapi.ID{ID: tok.ID}, nil); err != nil {
			t.Fatal(err)
		}
		revoked.Store(true)
		for after.Load()+late.Load() < share/2 {
			time.Sleep(50 * time.Microsecond)
		}
		stop.Store(true)
		wg.Wait()
	}
	if late.Load() > 0 || served.Load() == 0 {
		t.Errorf("%d requests, %d served in time, %d that began after the revocation were served", made.Load(), served.Load(), late.Load())
	}
	t.Logf("%d requests, %d served", made.Load(), served.Load())
}
