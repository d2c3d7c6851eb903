package revocation

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/protocol/lfs"
	"github.com/ambit-hub/ambit/internal/protocol/resolve"
	"github.com/ambit-hub/ambit/internal/service/accounts"
	"github.com/ambit-hub/ambit/internal/service/groups"
	"github.com/ambit-hub/ambit/internal/service/policies"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// bench is a hub and what the revocations act on.
type bench struct {
	*testkit.Hub
	t      *testing.T
	client *http.Client
}

func start(t *testing.T) *bench {
	h := testkit.New(t, func(h *testkit.Hub) {
		files := h.Transfer(transfer.Config{})
		hubapi.New(hubapi.Services{
			Accounts: accounts.New(h.DB, h.Keys, accounts.Options{PasswordMinLength: 10}),
			Tokens:   tokens.New(h.DB, h.Zone, h.Keys, testkit.Instance, tokens.Options{MaxPerUser: 1 << 20, MaxScopes: 10}),
			Repos:    h.Repos, Transfer: files, Policies: policies.New(h.DB, h.Keys, nil), Groups: groups.New(h.DB, h.Zone, nil),
		}).Register(h.Server)
		resolve.New(files).Register(h.Server)
		lfs.New(files, h.Auth, nil).Register(h.Server)
	})
	h.World()
	return &bench{h, t, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}}
}

// send makes a request as the token of a name, and returns the status.
func (b *bench) send(value, method, path, body string) int {
	req, err := http.NewRequest(method, b.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		b.t.Error(err)
		return 0
	}
	if value != "" {
		req.Header.Set("Authorization", "Bearer "+value)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Error(err)
		return 0
	}
	defer res.Body.Close()
	io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// admin makes a call that has to succeed, as acme's administrator.
func (b *bench) admin(method, path, body string) {
	if code := b.send(b.TokenValue("alice.write"), method, path, body); code != http.StatusOK {
		b.t.Errorf("%s %s %s: status %d", method, path, body, code)
	}
}

// token makes a token of bob's for one round.
func (b *bench) token(round int) (hub.ID, string) {
	name := fmt.Sprint("round-", round)
	value := b.Token(name, "bob", hub.Token{Kind: hub.TokenWrite})
	return b.Subject(name).TokenID(), value
}

// revocation is a way of taking access away. set gives it, and returns how to take it and to whom it was given;
// taking returns when the revoker has been answered.
type revocation struct {
	name  string
	set   func(b *bench, round int) (value string, take func())
	paths []string // that need what is taken; nil: all of paths
}

// closed is the private repository that all are after.
const closed = "/api/models/acme/closed"

var revocations = []revocation{
	{name: "the token is deleted", set: func(b *bench, round int) (string, func()) {
		id, value := b.token(round)
		return value, func() {
			if err := b.DB.RevokeToken(context.Background(), id, tokens.Deleted, time.Now(), hub.Event{Type: "token.delete"}); err != nil {
				b.t.Error(err)
			}
		}
	}},
	{name: "the organization revokes the token", set: func(b *bench, round int) (string, func()) {
		id, value := b.token(round)
		return value, func() { b.admin("POST", "/api/organizations/acme/settings/tokens/"+string(id)+"/revoke", `{}`) }
	}},
	{name: "somebody who found the token ends it", set: func(b *bench, round int) (string, func()) {
		_, value := b.token(round)
		return value, func() {
			if code := b.send("", "POST", "/api/credentials/revoke", `{"credentials":["`+value+`"]}`); code != http.StatusAccepted {
				b.t.Errorf("status %d", code)
			}
		}
	}},
	{name: "the role is taken", set: func(b *bench, round int) (string, func()) {
		b.admin("PUT", "/api/organizations/acme/members/bob/role", `{"role":"write","resourceGroups":[]}`)
		return b.TokenValue("bob.read"), func() {
			b.admin("PUT", "/api/organizations/acme/members/bob/role", `{"role":"no_access","resourceGroups":[]}`)
		}
	}},
	{name: "the policy changes", set: func(b *bench, round int) (string, func()) {
		set := func(p string) {
			// Its own policy stops alice's token as well, so it is set from inside.
			err := b.DB.ChangeOrgRules(context.Background(), b.org().ID, hub.Event{Type: "org.settings"}, func(r *hub.OrgRules) (string, error) {
				r.Tokens = hub.TokenPolicy(p)
				return "", nil
			})
			if err != nil {
				b.t.Error(err)
			}
		}
		set(string(hub.AllowAllTokens))
		b.t.Cleanup(func() { set(string(hub.AllowAllTokens)) })
		return b.TokenValue("bob.read"), func() { set(string(hub.FineGrainedOnly)) }
	}},
	{name: "the repository becomes private", set: func(b *bench, round int) (string, func()) {
		b.admin("PUT", closed+"/settings", `{"private":false}`)
		return b.TokenValue("mallory.read"), func() { b.admin("PUT", closed+"/settings", `{"private":true}`) }
	}},
	{name: "the owner is suspended", set: func(b *bench, round int) (string, func()) {
		ctx := context.Background()
		u, err := b.DB.UserByName(ctx, "carol")
		if err == nil {
			err = b.DB.SetSuspended(ctx, u.ID, false, hub.Event{Type: "user.resume"})
		}
		if err != nil {
			b.t.Error(err)
		}
		return b.TokenValue("carol.read"), func() {
			if err := b.DB.SetSuspended(ctx, u.ID, true, hub.Event{Type: "user.suspend"}); err != nil {
				b.t.Error(err)
			}
		}
	}},
	{name: "the repository is deleted", set: func(b *bench, round int) (string, func()) {
		id := hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "closed"}
		if _, _, err := b.DB.RepoByName(context.Background(), id); err != nil {
			b.Repo("alice.write", id, repos.NewRepo{Visibility: hub.Private, Files: []repos.File{{Path: "README.md", Content: []byte("# Closed\n")}}})
		}
		return b.TokenValue("alice.read"), func() {
			b.admin("DELETE", "/api/repos/delete", `{"type":"model","organization":"acme","name":"closed"}`)
		}
	}},
}

func (b *bench) org() hub.Organization {
	o, err := b.DB.OrgByName(context.Background(), "acme")
	if err != nil {
		b.t.Error(err)
	}
	return o
}

const clients = 6

// paths are what clients ask for; all need the access that is taken.
var paths = []string{closed, "/acme/closed/resolve/main/README.md", closed + "/tree/main", closed + "/auth-check"}

func TestNoRequestAfterTheAnswerSucceeds(t *testing.T) {
	rounds, each := 6, 60
	if os.Getenv("AMBIT_FULL") != "" {
		rounds, each = 120, 100 // 14 × 120 × 6 × 100: about a million
	}
	for _, r := range slices.Concat(revocations, moreRevocations) {
		t.Run(r.name, func(t *testing.T) {
			b := start(t)
			before, after := 0, 0
			for round := range rounds {
				x, y := b.race(r, round, each)
				before, after = before+x, after+y
			}
			if before == 0 || after == 0 {
				t.Errorf("%d requests before and %d after the revocation: that was no race", before, after)
			}
		})
	}
}

// race lets clients ask while access is taken, and returns how many succeeded, and how many were refused afterwards.
func (b *bench) race(r revocation, round, each int) (succeeded, refused int) {
	value, take := r.set(b, round)
	paths := paths
	if r.paths != nil {
		paths = r.paths
	}
	var clock, taken atomic.Int64 // taken: the clock when the revoker had been answered; 0 until then
	var good, bad atomic.Int64
	var done sync.WaitGroup
	for c := range clients {
		order := rand.New(rand.NewPCG(uint64(round), uint64(c)))
		done.Go(func() {
			for range each {
				path := paths[order.IntN(len(paths))]
				begun := clock.Add(1)
				code := b.send(value, "GET", path, "")
				switch {
				case code < 300 && taken.Load() != 0 && begun > taken.Load():
					b.t.Errorf("%s succeeded: it began at %d, the revocation was answered at %d", path, begun, taken.Load())
				case code < 300:
					good.Add(1)
				case taken.Load() != 0 && begun > taken.Load():
					bad.Add(1)
				}
			}
		})
	}
	time.Sleep(time.Duration(rand.IntN(4000)) * time.Microsecond) // somewhere in the middle of it
	take()
	taken.Store(clock.Add(1))
	done.Wait()
	// Nor does one that comes when all is quiet.
	for _, path := range paths {
		if code := b.send(value, "GET", path, ""); code < 300 {
			b.t.Errorf("%s succeeds long after", path)
		}
	}
	return int(good.Load()), int(bad.Load())
}
