package tokens_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/serviceaccounts"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/service/xet"
	"github.com/ambit-hub/ambit/internal/testkit"
	"github.com/ambit-hub/ambit/internal/testkit/xetpack"
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

// TestTokensElsewhereInCommits looks into large files, messages, and at tokens of service accounts.
func TestTokensElsewhereInCommits(t *testing.T) {
	ctx := context.Background()
	var tr *transfer.Service
	var chunks *xet.Service
	h := testkit.New(t, func(h *testkit.Hub) {
		chunks = h.Xet(xet.Config{TempDir: t.TempDir()})
		svc := tokens.New(h.DB, h.Zone, h.Keys, testkit.Instance, tokens.Options{Leaks: hub.LeakRevoke})
		tr = transfer.New(transfer.Config{TempDir: t.TempDir()}, transfer.Deps{Meta: h.DB, Git: h.Git, Blobs: h.Blobs, Authz: h.Zone, Xet: chunks, Sign: repos.SignatureOf, Leaks: svc})
	})
	h.World()
	g, err := h.Zone.Authorize(ctx, h.Subject("alice.write"), access.Need{Action: access.RepoWrite, Target: access.Repo(hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "closed"})})
	if err != nil {
		t.Fatal(err)
	}
	commit := func(summary, lines string) []string {
		t.Helper()
		var warnings []string
		body := `{"key":"header","value":{"summary":"` + summary + `"}}` + "\n" + lines
		_, err := tr.Commit(ctx, g, transfer.CommitRequest{Rev: "main", Body: strings.NewReader(body), Warn: func(s string) { warnings = append(warnings, s) },
			Event: hub.Event{ActorName: "alice", ActorID: g.Subject().UserID()}})
		if err != nil {
			t.Fatal(err)
		}
		return warnings
	}
	told := func(want ...string) {
		t.Helper()
		now := time.Now().Add(time.Minute)
		rows, err := h.DB.ClaimOutbox(ctx, now, now.Add(time.Hour), 10)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, r := range rows {
			u, err := h.DB.UserByID(ctx, r.To)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r.Kind+" to "+u.Name+" about "+r.Data["path"])
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("told %q, want %q", got, want)
		}
	}

	large := func(content string) string {
		t.Helper()
		o := transfer.Object{Digest: hub.Digest(fmt.Sprintf("%x", sha256.Sum256([]byte(content)))), Size: int64(len(content))}
		if err := tr.PutObject(ctx, g, o, strings.NewReader(content), hub.Event{}); err != nil {
			t.Fatal(err)
		}
		return `{"key":"lfsFile","value":{"path":"data/table.csv","algo":"sha256","oid":"` + string(o.Digest) + `","size":` + fmt.Sprint(o.Size) + `}}` + "\n"
	}
	value := h.Token("t1", "alice", hub.Token{Kind: hub.TokenRead})
	if w := commit("x", large("a,b\n\n"+value+"\n")); len(w) != 1 || !strings.Contains(w[0], "data/table.csv, line 3") || !strings.Contains(w[0], "has been revoked") || strings.Contains(w[0], value) {
		t.Errorf("warnings %q", w)
	}
	told("token.leak_found to alice about data/table.csv, line 3")
	if w := commit("again", large("a,b\n\n"+value+"\nmore")); len(w) != 0 { // it is dead
		t.Errorf("warnings %q", w)
	}
	told()
	// A file that came as chunks.
	content := strings.Repeat("one row of many\n", 5000) + h.Token("t3", "alice", hub.Token{Kind: hub.TokenRead})
	p, err := xetpack.Pack([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chunks.PutXorb(ctx, g, p.Xorb, bytes.NewReader(p.Bytes)); err != nil {
		t.Fatal(err)
	}
	text, err := xetpack.Shard([]shard.File{p.File}, p.Section())
	if err != nil {
		t.Fatal(err)
	}
	up, err := chunks.ReadShard(ctx, g, bytes.NewReader(text))
	if err == nil {
		err = up.Register(ctx, hub.Event{}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	commit("chunks", `{"key":"lfsFile","value":{"path":"rows.txt","algo":"sha256","oid":"`+string(xetpack.Digest([]byte(content)))+`","size":`+fmt.Sprint(len(content))+`}}`+"\n")
	told("token.leak_found to alice about rows.txt, line 5001")

	commit(h.Token("t2", "bob", hub.Token{Kind: hub.TokenRead}), `{"key":"file","value":{"path":"a","content":"b"}}`+"\n")
	told("token.leak_found to bob about a file") // he may not know which: the repository is private, and another pushed

	// A repository that is made out of another one, of somebody else.
	model := func(ns, name string) hub.RepoID { return hub.RepoID{Type: hub.Model, Namespace: ns, Name: name} }
	h.Commit("alice.write", model("alice", "public"), "x", testkit.Change{Path: "conf/env", Content: []byte("\n\n" + h.Token("t4", "carol", hub.Token{Kind: hub.TokenRead}))})
	h.Repo("bob.write", model("acme", "copied"), repos.NewRepo{})
	both, err := h.Zone.Authorize(ctx, h.Subject("bob.write"), access.Need{Action: access.RepoContentRead, Target: access.Repo(model("alice", "public"))},
		access.Need{Action: access.RepoWrite, Target: access.Repo(model("acme", "copied"))})
	if err == nil {
		err = tr.Fill(ctx, both, "Copy", hub.Event{ActorName: "bob", ActorID: both.Subject().UserID()})
	}
	if err != nil {
		t.Fatal(err)
	}
	told("token.leak_found to carol about conf/env, line 3")

	// A service account's token: the admins of its organization are told, where it stands too, as it is their repository.
	machines := serviceaccounts.New(h.DB, h.Keys, testkit.Instance, serviceaccounts.Options{})
	manage, err := h.Zone.Authorize(ctx, h.Subject("alice.write"), access.Need{Action: access.ServiceAccountsWrite, Target: access.Namespace("acme")})
	if err != nil {
		t.Fatal(err)
	}
	a, _, err := machines.Create(ctx, manage, "", serviceaccounts.NewAccount{Name: "ci"}, hub.Event{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := machines.CreateToken(ctx, manage, "", a.ID, serviceaccounts.NewToken{Permissions: []hub.Permission{hub.PermRepoContentRead}}, hub.Event{})
	if err != nil {
		t.Fatal(err)
	}
	commit("x", `{"key":"file","value":{"path":"ci.yaml","content":"`+c.Value.Reveal()+`"}}`+"\n")
	told("service_token.leak_found to alice about ci.yaml, line 1")
	if row, err := h.DB.ServiceToken(ctx, c.ID); err != nil || row.RevokedWhy != tokens.Leaked {
		t.Errorf("the token %+v, %v", row, err)
	}
}
