package tokens_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// TestTokensInCommits pushes files with tokens in them, through the API, under each policy.
func TestTokensInCommits(t *testing.T) {
	for policy, want := range map[string]struct {
		status int
		dead   bool
		action string
	}{
		"report": {http.StatusOK, false, "the push was accepted"},
		"revoke": {http.StatusOK, true, "the push was accepted and the token revoked"},
		"refuse": {http.StatusUnprocessableEntity, false, "the push was turned away"},
		"org":    {http.StatusUnprocessableEntity, false, "the push was turned away"},
	} {
		t.Run(policy, func(t *testing.T) {
			ctx := context.Background()
			h := testkit.New(t, func(h *testkit.Hub) {
				o := tokens.Options{}
				if policy != "org" {
					o.Leaks = hub.LeakRule(policy)
				}
				svc := tokens.New(h.DB, h.Zone, h.Keys, testkit.Instance, o)
				tr := transfer.New(transfer.Config{TempDir: t.TempDir()}, transfer.Deps{Meta: h.DB, Git: h.Git, Blobs: h.Blobs, Authz: h.Zone, Sign: repos.SignatureOf, Leaks: svc})
				hubapi.New(hubapi.Services{Repos: h.Repos, Transfer: tr}).Register(h.Server)
			})
			h.World()
			h.Token("victim", "bob", hub.Token{Kind: hub.TokenWrite})
			public, closed := "alice/public", "alice/secret"
			if policy == "org" {
				public, closed = "acme/open", "acme/closed"
				err := h.DB.ChangeOrgRules(ctx, h.Scope(hub.EntityOrg, "acme").EntityID, hub.Event{}, func(r *hub.OrgRules) (string, error) {
					r.Leaks = hub.LeakRefuse
					return "", nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			commit := func(repo, content string) (int, string) {
				t.Helper()
				line := func(key string, value any) string {
					b, err := json.Marshal(map[string]any{"key": key, "value": value})
					if err != nil {
						t.Fatal(err)
					}
					return string(b) + "\n"
				}
				body := line("header", map[string]string{"summary": "x"}) +
					line("file", map[string]string{"path": "deploy/env.txt", "content": content, "encoding": "utf-8"})
				req, err := http.NewRequest("POST", h.URL+"/api/models/"+repo+"/commit/main", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer "+h.TokenValue("alice.write"))
				req.Header.Set("Content-Type", "application/x-ndjson")
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				return res.StatusCode, res.Header.Get("X-Error-Message") + res.Header.Get("X-HF-Warning")
			}
			outbox := func() []hub.OutboxRow {
				t.Helper()
				now := time.Now().Add(time.Minute)
				rows, err := h.DB.ClaimOutbox(ctx, now, now.Add(time.Hour), 10)
				if err != nil {
					t.Fatal(err)
				}
				return rows
			}
			if code, text := commit(public, "an hf_"+strings.Repeat("x", 34)+" of elsewhere"); code != http.StatusOK {
				t.Fatalf("a file without a token of ours: %d %s", code, text)
			}
			if rows := outbox(); len(rows) != 0 {
				t.Fatalf("messages without a reason: %+v", rows)
			}
			value := h.TokenValue("victim")
			code, text := commit(public, strings.Repeat("padding\n", 10_000)+"export HF_TOKEN="+value+"\n")
			if code != want.status || strings.Contains(text, value) || !strings.Contains(text, "deploy/env.txt, line 10001") {
				t.Errorf("status %d: %s", code, text)
			}
			rows := outbox()
			if len(rows) != 1 || rows[0].Kind != "token.leak_found" || rows[0].Data["action"] != want.action || rows[0].Data["path"] != "deploy/env.txt, line 10001" {
				t.Fatalf("messages %+v", rows)
			}
			if u, err := h.DB.UserByID(ctx, rows[0].To); err != nil || u.Name != "bob" {
				t.Errorf("told %v %v", u, err)
			}
			_, digest := h.Keys.TokenDigest(secret.New(value))
			f, err := h.DB.TokenFacts(ctx, digest)
			if err != nil || f.Token.RevokedAt.IsZero() == want.dead {
				t.Errorf("token %+v, %v", f.Token, err)
			}
			if !want.dead {
				commit(closed, value)
				rows := outbox()
				if len(rows) != 1 || strings.Contains(rows[0].Data["repository"], "/") || rows[0].Data["path"] != "a file" {
					t.Errorf("a stranger is told of a private repository: %+v", rows)
				}
			}
			events, err := h.DB.ListEvents(ctx, "", 1000)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, e := range events {
				if strings.Contains(e.Message, value) {
					t.Error("the log has the value")
				}
				if e.Type == "token.leak_found" {
					n++
				}
			}
			if n == 0 || strings.Contains(h.Log.String(), value) {
				t.Errorf("%d events", n)
			}
		})
	}
}
