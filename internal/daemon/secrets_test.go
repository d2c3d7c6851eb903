package daemon

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ambit-hub/ambit/internal/client"
	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// running is a hub in this process, over a folder of its own.
type running struct {
	t    *testing.T
	cfg  *config.Config
	log  *lockedBuffer
	url  string
	link string // of first-run set-up
	op   *client.Operator
	stop func() error
}

type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs a hub; change may adjust its configuration first.
func start(t *testing.T, change func(*config.Config)) *running {
	t.Helper()
	cfg := testConfig(t)
	cfg.Listen = "127.0.0.1:0"
	if change != nil {
		change(cfg)
	}
	h := &running{t: t, cfg: cfg, log: &lockedBuffer{}}
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan Ready, 1), make(chan error, 1)
	go func() {
		log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		done <- Serve(ctx, cfg, log, noPassword, func(r Ready) { ready <- r })
	}()
	select {
	case r := <-ready:
		h.url, h.link = r.URL, r.SetupLink.Reveal()
	case err := <-done:
		cancel()
		t.Fatalf("the hub did not start: %v", err)
	}
	h.op = client.NewOperator(client.Socket(func(context.Context) (net.Conn, error) { return DialOperator(cfg) }))
	h.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { h.stop() })
	return h
}

func noPassword() (secret.String, error) {
	return secret.String{}, errors.New("nobody types a password")
}

// do makes an operator's call that must succeed.
func do[R any](h *running, call operatorapi.Call, args any) (r R) {
	h.t.Helper()
	if err := h.op.Do(context.Background(), call, args, &r); err != nil {
		h.t.Fatalf("%s: %v", call, err)
	}
	return r
}

// request sends a request and returns the status, the headers and the body as one text.
func (h *running) request(method, path, body string, header ...string) (int, string) {
	h.t.Helper()
	res, b := h.send(method, path, body, header...)
	return res.StatusCode, fmt.Sprintf("%v\n%s", res.Header, b)
}

// TestSecretsStayWhereTheyBelong drives a hub with known tokens and passwords in every place where a client may put one,
// also where it should not, and then looks for them: in the log at its most talkative, in every answer, and in every file
// of the data folder.
func TestSecretsStayWhereTheyBelong(t *testing.T) {
	h := start(t, nil)
	const password, second = "correct horse battery staple", "a password that replaced another"
	answers := &strings.Builder{}
	ask := func(method, path, body string, header ...string) int {
		t.Helper()
		code, text := h.request(method, path, body, header...)
		answers.WriteString(text)
		return code
	}
	must := func(want, got int) {
		t.Helper()
		if got != want {
			t.Fatalf("status %d, want %d: %s", got, want, answers.String()[max(0, answers.Len()-500):])
		}
	}

	must(400, ask("POST", "/api/setup/"+h.link, `{"name": "x y", "password": "`+password+`"}`))
	must(400, ask("POST", "/api/setup/"+h.link, `{"name": "alice", "password": "`+password+``))
	must(400, ask("POST", "/api/setup/"+h.link, `{"name": {"password": "`+password+`"}}`))
	must(201, ask("POST", "/api/setup/"+h.link, `{"name": "alice", "password": "`+password+`"}`))
	must(403, ask("POST", "/api/setup/"+h.link, `{"name": "bob", "password": "`+password+`"}`))
	do[operatorapi.Empty](h, operatorapi.UserSetPassword, operatorapi.SetPassword{Name: "alice", Password: second})
	h.op.Do(context.Background(), operatorapi.UserCreate, operatorapi.NewUser{Name: "alice", Password: password}, nil) // conflict
	h.op.Do(context.Background(), operatorapi.UserSetPassword, operatorapi.SetPassword{Name: "nobody", Password: password}, nil)
	h.op.Do(context.Background(), operatorapi.UserSetPassword, map[string]string{"pasword": password}, nil) // a field that does not exist

	live := do[operatorapi.TokenWithValue](h, operatorapi.TokenCreate, operatorapi.NewToken{User: "alice", Name: "live", Kind: hub.TokenWrite})
	old := do[operatorapi.TokenWithValue](h, operatorapi.TokenCreate, operatorapi.NewToken{User: "alice", Name: "old", Kind: hub.TokenRead})
	fresh := do[operatorapi.TokenWithValue](h, operatorapi.TokenRotate, operatorapi.ID{ID: old.ID})
	leaked := do[operatorapi.TokenWithValue](h, operatorapi.TokenCreate, operatorapi.NewToken{User: "alice", Name: "leaked", Kind: hub.TokenRead})
	must(202, ask("POST", "/api/credentials/revoke", `{"credentials": ["`+leaked.Value+`"]}`))
	must(400, ask("POST", "/api/credentials/revoke", `{"credentials": ["`+leaked.Value+`"`))
	must(400, ask("POST", "/api/credentials/revoke", `{"credentials": {"`+leaked.Value+`": 1}}`))

	foreign := "hf_" + strings.Repeat("Zx", 17)
	secrets := map[string]string{"first password": password, "second password": second, "set-up link": h.link, "live token": live.Value,
		"rotated-away token": old.Value, "fresh token": fresh.Value, "leaked token": leaked.Value, "foreign token": foreign}
	for _, v := range secrets {
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("alice:"+v))
		for _, path := range []string{"/api/whoami-v2", "/healthz", "/api/models/alice/none", "/alice/none/resolve/main/x", "/alice/none.git/info/refs?service=git-upload-pack"} {
			ask("GET", path, "", "Authorization", "Bearer "+v)
			ask("GET", path, "", "Authorization", basic)
			ask("GET", path, "", "Authorization", v)
			ask("GET", path, "", "Cookie", "token="+v)
			ask("GET", path+map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]+"token="+v, "")
			ask("GET", path, "", "User-Agent", "curl", "Referer", "http://x/?token="+v)
		}
		if strings.HasPrefix(v, "hf_") { // pasted into the wrong place
			ask("GET", "/"+v, "")
			ask("GET", "/"+v+"/resolve/main/x", "")
			ask("GET", "/api/models/alice/"+v, "")
			ask("GET", "/api/whoami-v2", "", "X-Amzn-Trace-Id", v)
		}
		ask("POST", "/api/repos/create", `{"name": "`+v+`", "token": "`+v+`"`, "Authorization", "Bearer "+v)
		ask("POST", "/api/models/alice/none/commit/main", `{"key": "`+v+`"}`, "Authorization", "Bearer "+live.Value)
	}
	must(200, ask("POST", "/api/repos/create", `{"name": "repo", "private": true}`, "Authorization", "Bearer "+live.Value))
	ask("POST", "/alice/repo.git/info/lfs/objects/batch", `{"operation": "upload", "transfers": ["basic"], "objects": [{"oid": "`+strings.Repeat("0", 64)+`", "size": 5}]}`,
		"Authorization", "Bearer "+live.Value, "Content-Type", "application/vnd.git-lfs+json")
	keys, err := os.ReadFile(h.cfg.KeysPath())
	if err != nil {
		t.Fatal(err)
	}
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(keys), "\n") {
		if f := strings.Fields(line); len(f) == 2 && !strings.HasPrefix(line, "#") {
			secrets["key "+f[0]] = f[1]
		}
	}

	check := func(where, text string) {
		t.Helper()
		for what, v := range secrets {
			for form, needle := range map[string]string{"": v, " in base64": base64.StdEncoding.EncodeToString([]byte("alice:" + v)), " without its prefix": strings.TrimPrefix(v, "hf_")} {
				if i := strings.Index(text, needle); i >= 0 {
					t.Errorf("the %s%s is in %s: …%s…", what, form, where, text[max(0, i-200):min(len(text), i+100)])
				}
			}
		}
	}
	check("the log", h.log.String())
	check("the answers", answers.String())
	seen := 0
	err = filepath.WalkDir(h.cfg.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || path == h.cfg.KeysPath() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		check("the file "+d.Name(), string(b))
		return nil
	})
	if err != nil || seen == 0 {
		t.Fatalf("%d files searched: %v", seen, err)
	}
}
