package tokens_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/store/meta"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

const instance = "019abc019abc019abc019abc"

// world is a hub's accounts without HTTP, with a clock that stands still.
type world struct {
	t    *testing.T
	ctx  context.Context
	db   *meta.DB
	keys identity.Keys
	auth *identity.Authenticator
	zone *access.Authorizer
	svc  *tokens.Service
	now  time.Time
	mu   sync.Mutex // guards now
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// onEachEngine runs f on an empty hub over SQLite and over PostgreSQL.
func onEachEngine(t *testing.T, o tokens.Options, f func(w *world)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			w := &world{t: t, ctx: context.Background(), keys: identity.GenerateKeys(), now: time.Now().UTC().Truncate(time.Millisecond)}
			url := filepath.Join(t.TempDir(), "ambit.db")
			if engine == "postgres" {
				url = pgtest.URL(t)
			}
			var err error
			if w.db, err = meta.Open(w.ctx, meta.Options{URL: url, Now: w.clock}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { w.db.Close() })
			w.auth = identity.New(w.db, w.keys, instance, identity.Options{Now: w.clock})
			w.zone = access.NewAuthorizer(w.db, access.Options{Refresher: w.auth, Now: w.clock})
			if o.MaxPerUser == 0 {
				o.MaxPerUser = 100
			}
			if o.MaxScopes == 0 {
				o.MaxScopes = 10
			}
			o.Now = w.clock
			w.svc = tokens.New(w.db, w.zone, w.keys, instance, o)
			f(w)
		})
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) user(name string) hub.User {
	w.t.Helper()
	u := hub.User{ID: hub.NewID(), Name: name, CreatedAt: w.clock()}
	w.must(w.db.CreateUser(w.ctx, u, "", hub.Event{Type: "user.create"}))
	return u
}

// operator returns a grant to everything that the operator may do.
func (w *world) operator() access.Grant {
	w.t.Helper()
	g, err := w.zone.Authorize(w.ctx, access.Operator(), access.Need{Action: access.InstanceAdmin, Target: access.Hub()})
	w.must(err)
	return g
}

// session returns the grant of a browser session to manage its owner's tokens.
func (w *world) session(u hub.User) access.Grant {
	w.t.Helper()
	f, err := w.db.UserFacts(w.ctx, u.ID)
	w.must(err)
	g, err := w.zone.Authorize(w.ctx, access.NewSubject(f, access.Credential{Session: true}), access.Need{Action: access.TokenManage, Target: access.Self()})
	w.must(err)
	return g
}

// use presents a value as a request would.
func (w *world) use(v secret.String) (*access.Subject, error) {
	return w.auth.Authenticate(w.ctx, identity.Credentials{Authorization: "Bearer " + v.Reveal()})
}

func (w *world) alive(v secret.String) {
	w.t.Helper()
	if _, err := w.use(v); err != nil {
		w.t.Errorf("a live token is refused: %v", err)
	}
}

// dead checks that a value is refused with the sentence that clients compare.
func (w *world) dead(v secret.String) {
	w.t.Helper()
	_, err := w.use(v)
	if !hub.Is(err, hub.InvalidCredentials) {
		w.t.Fatalf("a dead token gives %v", err)
	}
	if e := err.(*hub.Error); e.Message != hub.MessageInvalidCredentials {
		w.t.Errorf("the message is %q", e.Message)
	}
}

// The one test of a token's whole life: each step takes effect before the call that makes it returns.
func TestLifeOfAToken(t *testing.T) {
	onEachEngine(t, tokens.Options{}, func(w *world) {
		alice := w.user("alice")
		g := w.operator()
		c, err := w.svc.Create(w.ctx, g, tokens.NewToken{User: "alice", Name: "  laptop ", Kind: hub.TokenWrite})
		w.must(err)
		if c.Name != "laptop" || c.UserName != "alice" || c.Last4 != c.Value.Reveal()[33:] || !strings.HasPrefix(c.Value.Reveal(), "hf_") {
			t.Errorf("made %+v", c)
		}
		w.alive(c.Value)
		if s, _ := w.use(c.Value); s.UserID() != alice.ID || s.Kind() != access.KindWrite {
			t.Error("the token is somebody else's or of another kind")
		}
		r, err := w.svc.Rotate(w.ctx, g, c.ID, tokens.Rotation{})
		w.must(err)
		w.dead(c.Value)
		w.alive(r.Value)
		if r.ID != c.ID || r.Gen <= c.Gen || r.Name != c.Name || r.RotatedAt.IsZero() {
			t.Errorf("rotated to %+v", r)
		}
		name := "desktop"
		e, err := w.svc.Edit(w.ctx, g, c.ID, tokens.Change{Name: &name})
		w.must(err)
		shown, err := w.svc.Show(w.ctx, g, c.ID)
		w.must(err)
		if e.Name != "desktop" || shown.Name != "desktop" || shown.Last4 != r.Last4 {
			t.Errorf("edited to %+v, shown as %+v", e, shown)
		}
		w.alive(r.Value)
		w.must(w.svc.Delete(w.ctx, g, c.ID))
		w.dead(r.Value)
		for what, err := range map[string]error{
			"show":   second(w.svc.Show(w.ctx, g, c.ID)),
			"rotate": second(w.svc.Rotate(w.ctx, g, c.ID, tokens.Rotation{})),
			"edit":   second(w.svc.Edit(w.ctx, g, c.ID, tokens.Change{Name: &name})),
			"delete": w.svc.Delete(w.ctx, g, c.ID),
		} {
			if !hub.Is(err, hub.NotFound) {
				t.Errorf("%s of a deleted token: %v", what, err)
			}
		}
		list, err := w.svc.Of(w.ctx, g, "alice")
		w.must(err)
		if len(list) != 0 {
			t.Errorf("a deleted token is listed: %+v", list)
		}
		w.events("user.create", "token.create", "token.rotate", "token.update", "token.delete")
	})
}

func second[T any](_ T, err error) error { return err }

// events checks the types of all audit events so far, and that those of tokens say by whom and about whom.
func (w *world) events(want ...string) {
	w.t.Helper()
	list, err := w.db.ListEvents(w.ctx, "", 100)
	w.must(err)
	var got []string
	for _, e := range list {
		got = append(got, e.Type)
		if strings.HasPrefix(e.Type, "token.") && (e.TargetID == "" || e.NamespaceID == "" || e.Message == "") {
			w.t.Errorf("the event says too little: %+v", e)
		}
		if strings.Contains(e.Message, "hf_") {
			w.t.Errorf("the event reveals a token: %s", e.Message)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("events %v, want %v", got, want)
	}
}

func TestExpiry(t *testing.T) {
	onEachEngine(t, tokens.Options{}, func(w *world) {
		w.user("alice")
		g := w.operator()
		c, err := w.svc.Create(w.ctx, g, tokens.NewToken{User: "alice", Name: "brief", Kind: hub.TokenRead, ExpiresAt: w.clock().Add(time.Hour)})
		w.must(err)
		w.alive(c.Value)
		w.pass(time.Hour - time.Millisecond)
		w.alive(c.Value)
		w.pass(time.Millisecond)
		w.dead(c.Value)
		if got := tokens.Status(c.Token, w.clock()); got != "expired" {
			t.Errorf("status %q", got)
		}
		if _, err := w.svc.Rotate(w.ctx, g, c.ID, tokens.Rotation{}); !hub.Is(err, hub.Conflict) {
			t.Errorf("rotating an expired token: %v", err)
		}
		w.must(w.svc.Delete(w.ctx, g, c.ID))
	})
}

// Who ends up with a copy of a value can end it, and learns nothing from the answer.
func TestInvalidate(t *testing.T) {
	onEachEngine(t, tokens.Options{}, func(w *world) {
		w.user("alice")
		g := w.operator()
		c, err := w.svc.Create(w.ctx, g, tokens.NewToken{User: "alice", Name: "leaked", Kind: hub.TokenRead})
		w.must(err)
		public, err := w.zone.Authorize(w.ctx, access.Anonymous(), access.Need{Action: access.PublicRoute, Target: access.Hub()})
		w.must(err)
		values := []secret.String{secret.New("noise"), secret.New(""), secret.New("hf_" + strings.Repeat("a", 34)), c.Value, c.Value}
		from := tokens.Origin{IP: "192.0.2.1", UserAgent: "scanner"}
		w.must(w.svc.Invalidate(w.ctx, public, values, from))
		w.dead(c.Value)
		w.must(w.svc.Invalidate(w.ctx, public, values, from))
		shown, err := w.svc.Show(w.ctx, g, c.ID)
		w.must(err)
		if got := tokens.Status(shown.Token, w.clock()); got != tokens.Leaked {
			t.Errorf("the owner sees status %q", got)
		}
		if _, err := w.svc.Rotate(w.ctx, g, c.ID, tokens.Rotation{}); !hub.Is(err, hub.Conflict) {
			t.Errorf("a leaked token could be rotated: %v", err)
		}
		w.events("user.create", "token.create", "token.invalidate")
	})
}

// A token made under an older key is found too.
func TestInvalidateUnderAnOlderKey(t *testing.T) {
	onEachEngine(t, tokens.Options{}, func(w *world) {
		w.user("alice")
		c, err := w.svc.Create(w.ctx, w.operator(), tokens.NewToken{User: "alice", Name: "old", Kind: hub.TokenRead})
		w.must(err)
		keys := w.keys.Rotate()
		auth := identity.New(w.db, keys, instance, identity.Options{Now: w.clock})
		svc := tokens.New(w.db, w.zone, keys, instance, tokens.Options{MaxPerUser: 9, MaxScopes: 9, Now: w.clock})
		if _, err := auth.Authenticate(w.ctx, identity.Credentials{Authorization: "Bearer " + c.Value.Reveal()}); err != nil {
			t.Fatalf("the token died with the rotation of keys: %v", err)
		}
		public, err := w.zone.Authorize(w.ctx, access.Anonymous(), access.Need{Action: access.PublicRoute, Target: access.Hub()})
		w.must(err)
		w.must(svc.Invalidate(w.ctx, public, []secret.String{c.Value}, tokens.Origin{}))
		if _, err := auth.Authenticate(w.ctx, identity.Credentials{Authorization: "Bearer " + c.Value.Reveal()}); !hub.Is(err, hub.InvalidCredentials) {
			t.Fatalf("the token lives: %v", err)
		}
	})
}

// A browser session manages its owner's tokens and nobody else's; another's token does not exist for it.
func TestSessionsManageTheirOwn(t *testing.T) {
	onEachEngine(t, tokens.Options{}, func(w *world) {
		alice, bob := w.user("alice"), w.user("bob")
		mine, err := w.svc.Create(w.ctx, w.session(alice), tokens.NewToken{Name: "mine", Kind: hub.TokenRead})
		w.must(err)
		if mine.UserID != alice.ID {
			t.Errorf("made for %s", mine.UserName)
		}
		g := w.session(bob)
		if _, err := w.svc.Create(w.ctx, g, tokens.NewToken{User: "alice", Name: "x", Kind: hub.TokenRead}); !hub.Is(err, hub.Forbidden) {
			t.Errorf("bob made a token of alice's: %v", err)
		}
		for what, err := range map[string]error{
			"show":   second(w.svc.Show(w.ctx, g, mine.ID)),
			"rotate": second(w.svc.Rotate(w.ctx, g, mine.ID, tokens.Rotation{})),
			"delete": w.svc.Delete(w.ctx, g, mine.ID),
		} {
			if !hub.Is(err, hub.NotFound) {
				t.Errorf("%s of alice's token by bob: %v", what, err)
			}
		}
		if _, _, err := w.svc.All(w.ctx, g, "", 10); !hub.Is(err, hub.Internal) {
			t.Errorf("bob listed everybody's tokens: %v", err)
		}
		w.alive(mine.Value)
		list, err := w.svc.Of(w.ctx, w.session(alice), "")
		w.must(err)
		if len(list) != 1 || list[0].ID != mine.ID {
			t.Errorf("alice sees %+v", list)
		}
	})
}

// No token, whatever it may do, gets a grant to manage tokens: tokens do not breed.
func TestTokensDoNotBreed(t *testing.T) {
	onEachEngine(t, tokens.Options{}, func(w *world) {
		alice := w.user("alice")
		alice.Admin = true
		w.must(w.db.ChangeUser(w.ctx, alice.ID, hub.Event{Type: "user.update"}, func(u *hub.User) (string, error) {
			u.Admin = true
			return "", nil
		}))
		for _, n := range []tokens.NewToken{
			{User: "alice", Name: "r", Kind: hub.TokenRead},
			{User: "alice", Name: "w", Kind: hub.TokenWrite},
			{User: "alice", Name: "f", Kind: hub.TokenFineGrained, CanReadGated: true, Global: hub.GlobalPermissions,
				Scopes: []tokens.NewScope{{Entity: tokens.Entity{Type: hub.EntityUser, Name: "alice"}, Permissions: hub.UserPermissions}}},
		} {
			c, err := w.svc.Create(w.ctx, w.operator(), n)
			w.must(err)
			s, err := w.use(c.Value)
			w.must(err)
			for _, need := range []access.Need{{Action: access.TokenManage, Target: access.Self()}, {Action: access.InstanceAdmin, Target: access.Hub()}} {
				if _, err := w.zone.Authorize(w.ctx, s, need); !hub.Is(err, hub.Forbidden) {
					t.Errorf("a %s token got %s: %v", n.Kind, need.Action, err)
				}
			}
		}
		// And the service takes no other grant.
		for _, g := range []access.Grant{{}, w.whoami(alice)} {
			if _, err := w.svc.Create(w.ctx, g, tokens.NewToken{User: "alice", Name: "x", Kind: hub.TokenRead}); !hub.Is(err, hub.Internal) {
				t.Errorf("a grant for something else made a token: %v", err)
			}
		}
	})
}

func (w *world) whoami(u hub.User) access.Grant {
	f, err := w.db.UserFacts(w.ctx, u.ID)
	w.must(err)
	g, err := w.zone.Authorize(w.ctx, access.NewSubject(f, access.Credential{Session: true}), access.Need{Action: access.WhoAmI, Target: access.Self()})
	w.must(err)
	return g
}

func TestLimitOfTokens(t *testing.T) {
	onEachEngine(t, tokens.Options{MaxPerUser: 2, MaxLifetime: 48 * time.Hour}, func(w *world) {
		w.user("alice")
		g := w.operator()
		n := tokens.NewToken{User: "alice", Name: "n", Kind: hub.TokenRead, ExpiresAt: w.clock().Add(time.Hour)}
		first, err := w.svc.Create(w.ctx, g, n)
		w.must(err)
		_, err = w.svc.Create(w.ctx, g, n)
		w.must(err)
		if _, err := w.svc.Create(w.ctx, g, n); !hub.Is(err, hub.Conflict) {
			t.Errorf("a third token: %v", err)
		}
		w.must(w.svc.Delete(w.ctx, g, first.ID))
		_, err = w.svc.Create(w.ctx, g, n)
		w.must(err)
		w.pass(2 * time.Hour) // expired ones do not count
		n.ExpiresAt = w.clock().Add(time.Hour)
		_, err = w.svc.Create(w.ctx, g, n)
		w.must(err)
		for _, at := range []time.Time{{}, w.clock(), w.clock().Add(-time.Hour), w.clock().Add(49 * time.Hour)} {
			n.ExpiresAt = at
			if _, err := w.svc.Create(w.ctx, g, n); !hub.Is(err, hub.InvalidInput) {
				t.Errorf("expiry %v: %v", at, err)
			}
		}
	})
}

// Many rotations at once: all answers are different values, and exactly the last one is alive.
func TestConcurrentRotation(t *testing.T) {
	onEachEngine(t, tokens.Options{}, func(w *world) {
		w.user("alice")
		g := w.operator()
		c, err := w.svc.Create(w.ctx, g, tokens.NewToken{User: "alice", Name: "n", Kind: hub.TokenRead})
		w.must(err)
		var wg sync.WaitGroup
		values := make([]secret.String, 8)
		for i := range values {
			wg.Go(func() {
				r, err := w.svc.Rotate(w.ctx, g, c.ID, tokens.Rotation{})
				if err != nil {
					t.Error(err)
				}
				values[i] = r.Value
			})
		}
		wg.Wait()
		living := 0
		for _, v := range append(values, c.Value) {
			if _, err := w.use(v); err == nil {
				living++
			}
		}
		if living != 1 {
			t.Errorf("%d values are alive", living)
		}
	})
}
