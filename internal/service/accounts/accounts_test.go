package accounts_test

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
	"github.com/ambit-hub/ambit/internal/service/accounts"
	"github.com/ambit-hub/ambit/internal/service/orgs"
	"github.com/ambit-hub/ambit/internal/store/meta"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

// world is a hub's accounts without HTTP.
type world struct {
	t    *testing.T
	ctx  context.Context
	db   *meta.DB
	auth *identity.Authenticator
	zone *access.Authorizer
	svc  *accounts.Service
	mu   sync.Mutex // guards now
	now  time.Time
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
func onEachEngine(t *testing.T, f func(w *world)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			w := &world{t: t, ctx: context.Background(), now: time.Now().UTC().Truncate(time.Millisecond)}
			url := filepath.Join(t.TempDir(), "ambit.db")
			if engine == "postgres" {
				url = pgtest.URL(t)
			}
			var err error
			if w.db, err = meta.Open(w.ctx, meta.Options{URL: url, Now: w.clock}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { w.db.Close() })
			keys := identity.GenerateKeys()
			w.auth = identity.New(w.db, keys, "019abc019abc019abc019abc", identity.Options{Now: w.clock})
			w.zone = access.NewAuthorizer(w.db, access.Options{Refresher: w.auth, Now: w.clock})
			w.svc = accounts.New(w.db, keys, accounts.Options{PasswordMinLength: 10, SessionLifetime: time.Hour, Now: w.clock})
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

// is checks an error's code.
func (w *world) is(code hub.Code, what string, err error) {
	w.t.Helper()
	if !hub.Is(err, code) {
		w.t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func (w *world) grant(s *access.Subject, a access.Action, target access.Target) access.Grant {
	w.t.Helper()
	g, err := w.zone.Authorize(w.ctx, s, access.Need{Action: a, Target: target})
	w.must(err)
	return g
}

func (w *world) operator() access.Grant {
	return w.grant(access.Operator(), access.InstanceAdmin, access.Hub())
}
func (w *world) public() access.Grant {
	return w.grant(access.Anonymous(), access.PublicRoute, access.Hub())
}

func (w *world) user(n accounts.NewUser) hub.User {
	w.t.Helper()
	u, err := w.svc.CreateUser(w.ctx, w.operator(), n)
	w.must(err)
	return u
}

func second[T any](_ T, err error) error { return err }

func TestUsers(t *testing.T) {
	onEachEngine(t, func(w *world) {
		g := w.operator()
		u := w.user(accounts.NewUser{Name: "Alice", FullName: " Alice A. ", Email: "alice@example.org", Password: secret.New("correct horse"), Admin: true})
		got, ms, err := w.svc.UserByName(w.ctx, g, "ALICE")
		w.must(err)
		if got.ID != u.ID || got.Name != "Alice" || got.FullName != "Alice A." || got.Email != "alice@example.org" || !got.Admin || !got.HasPassword || len(ms) != 0 {
			t.Errorf("found %+v", got)
		}
		for _, name := range []string{"alice", "ALICE"} {
			w.is(hub.Conflict, name, second(w.svc.CreateUser(w.ctx, g, accounts.NewUser{Name: name})))
		}
		for what, n := range map[string]accounts.NewUser{
			"empty name": {}, "reserved name": {Name: "api"}, "dashes": {Name: "a--b"}, "slash": {Name: "a/b"}, "long name": {Name: strings.Repeat("a", 97)},
			"no address": {Name: "bob", Email: "nobody"}, "address with name": {Name: "bob", Email: "Bob <bob@example.org>"}, "header in address": {Name: "bob", Email: "b@example.org\r\nBcc: x@example.org"},
			"two lines": {Name: "bob", FullName: "a\nb"}, "long full name": {Name: "bob", FullName: strings.Repeat("x", 201)},
			"short password": {Name: "bob", Password: secret.New("tiny")}, "not UTF-8": {Name: "bob", FullName: "\xff"},
		} {
			w.is(hub.InvalidInput, what, second(w.svc.CreateUser(w.ctx, g, n)))
		}
		n, err := w.svc.CountUsers(w.ctx, g)
		w.must(err)
		if n != 1 {
			t.Errorf("%d users after refusals", n)
		}
		for _, name := range []string{"hub.js", "__ci__", "0"} {
			w.user(accounts.NewUser{Name: name})
		}
		list, err := w.svc.Users(w.ctx, g, u.ID, 2)
		w.must(err)
		if len(list) != 2 || list[0].Name != "hub.js" || list[0].HasPassword {
			t.Errorf("page after alice: %+v", list)
		}
		w.must(w.svc.DeleteUser(w.ctx, g, "hub.js"))
		w.is(hub.NotFound, "a deleted user", w.svc.DeleteUser(w.ctx, g, "hub.js"))
		w.is(hub.NotFound, "suspending nobody", w.svc.SetSuspended(w.ctx, g, "nobody", true))
	})
}

func TestEdits(t *testing.T) {
	onEachEngine(t, func(w *world) {
		g := w.operator()
		u := w.user(accounts.NewUser{Name: "alice", FullName: "Alice", Email: "alice@example.org"})
		other, bad, yes, private, protected := "Alice B.", "a\nb", true, hub.Private, hub.Protected
		got, err := w.svc.EditUser(w.ctx, g, "ALICE", accounts.UserChange{FullName: &other, Admin: &yes})
		w.must(err)
		stored, _, err := w.svc.UserByName(w.ctx, g, "alice")
		w.must(err)
		if got.FullName != other || stored.FullName != other || stored.Email != u.Email || !stored.Admin {
			t.Errorf("edited to %+v, stored as %+v", got, stored)
		}
		w.is(hub.InvalidInput, "a full name of two lines", second(w.svc.EditUser(w.ctx, g, "alice", accounts.UserChange{FullName: &bad})))
		w.is(hub.InvalidInput, "no address", second(w.svc.EditUser(w.ctx, g, "alice", accounts.UserChange{Email: &bad})))
		w.is(hub.NotFound, "nobody", second(w.svc.EditUser(w.ctx, g, "nobody", accounts.UserChange{FullName: &other})))

		o, err := w.svc.CreateOrg(w.ctx, g, accounts.NewOrg{Name: "acme", Admin: "alice"})
		w.must(err)
		if o.DefaultVisibility != hub.Public {
			t.Errorf("a new organization's repositories are %s", o.DefaultVisibility)
		}
		_, err = w.svc.EditOrg(w.ctx, g, "acme", accounts.OrgChange{DefaultVisibility: &private})
		w.must(err)
		o, err = w.svc.OrgByName(w.ctx, g, "acme")
		w.must(err)
		if o.DefaultVisibility != hub.Private {
			t.Errorf("stored as %+v", o)
		}
		w.is(hub.InvalidInput, "protected", second(w.svc.EditOrg(w.ctx, g, "acme", accounts.OrgChange{DefaultVisibility: &protected})))
		w.is(hub.NotFound, "nowhere", second(w.svc.EditOrg(w.ctx, g, "nowhere", accounts.OrgChange{FullName: &other})))
		_, err = w.svc.EditOrg(w.ctx, g, "acme", accounts.OrgChange{FullName: &other})
		w.must(err)
		w.events("user.create user.update org.create org.settings.security.repo_visibility org.settings.profile")
		if got := w.lastMessage(); got != `changed organization acme: full name "" → "Alice B."` {
			t.Errorf("the event says %q", got)
		}
	})
}

func TestOrganizationsAndMembers(t *testing.T) {
	onEachEngine(t, func(w *world) {
		g := w.operator()
		w.user(accounts.NewUser{Name: "alice"})
		w.user(accounts.NewUser{Name: "bob"})
		o, err := w.svc.CreateOrg(w.ctx, g, accounts.NewOrg{Name: "acme", FullName: "Acme", Admin: "ALICE"})
		w.must(err)
		r, err := w.db.OrgRules(w.ctx, o.ID)
		w.must(err)
		hidden, err := w.svc.CreateOrg(w.ctx, g, accounts.NewOrg{Name: "quiet", Admin: "alice", HideMembers: true})
		w.must(err)
		q, err := w.db.OrgRules(w.ctx, hidden.ID)
		w.must(err)
		if !r.MembersPublic || q.MembersPublic {
			t.Errorf("members are shown by %v, hidden by %v", r, q)
		}
		w.must(w.svc.DeleteOrg(w.ctx, g, "quiet"))
		w.is(hub.Conflict, "an organization called like one", second(w.svc.CreateOrg(w.ctx, g, accounts.NewOrg{Name: "Acme", Admin: "alice"})))
		w.is(hub.Conflict, "an organization called like a user", second(w.svc.CreateOrg(w.ctx, g, accounts.NewOrg{Name: "BOB", Admin: "alice"})))
		w.is(hub.Conflict, "a user called like an organization", second(w.svc.CreateUser(w.ctx, g, accounts.NewUser{Name: "ACME"})))
		w.is(hub.NotFound, "an administrator who is nobody", second(w.svc.CreateOrg(w.ctx, g, accounts.NewOrg{Name: "beta", Admin: "nobody"})))
		w.is(hub.InvalidInput, "a reserved name", second(w.svc.CreateOrg(w.ctx, g, accounts.NewOrg{Name: "settings", Admin: "alice"})))

		for _, role := range []hub.Role{hub.RoleNoAccess, hub.RoleRead, hub.RoleContributor, hub.RoleWrite, hub.RoleAdmin} {
			m, err := w.svc.SetMember(w.ctx, g, "Acme", "Bob", role)
			w.must(err)
			if m.Role != role || m.OrgName != "acme" || m.UserName != "bob" {
				t.Errorf("set %v: %+v", role, m)
			}
			_, ms, err := w.svc.UserByName(w.ctx, g, "bob")
			w.must(err)
			if len(ms) != 1 || ms[0].Role != role || ms[0].OrgID != o.ID {
				t.Errorf("bob is %+v, want %v", ms, role)
			}
		}
		w.is(hub.InvalidInput, "no role", second(w.svc.SetMember(w.ctx, g, "acme", "bob", hub.RoleNone)))
		_, err = w.svc.SetMember(w.ctx, g, "acme", "bob", hub.RoleRead)
		w.must(err)
		w.is(hub.Conflict, "the last administrator's demotion", second(w.svc.SetMember(w.ctx, g, "acme", "alice", hub.RoleWrite)))
		w.is(hub.Conflict, "the last administrator's removal", w.svc.RemoveMember(w.ctx, g, "acme", "alice"))
		w.is(hub.Conflict, "the last administrator's deletion", w.svc.DeleteUser(w.ctx, g, "alice"))
		list, err := w.svc.Members(w.ctx, g, "acme", "", 10)
		w.must(err)
		if len(list) != 2 {
			t.Errorf("members: %+v", list)
		}
		w.must(second(w.svc.SetMember(w.ctx, g, "acme", "bob", hub.RoleAdmin)))
		w.must(w.svc.SetSuspended(w.ctx, g, "bob", true))
		w.is(hub.Conflict, "the removal of the last administrator who can act", w.svc.RemoveMember(w.ctx, g, "acme", "alice"))
		w.must(w.svc.SetSuspended(w.ctx, g, "bob", false))
		w.must(w.svc.RemoveMember(w.ctx, g, "acme", "bob"))
		w.is(hub.NotFound, "removing twice", w.svc.RemoveMember(w.ctx, g, "acme", "bob"))
		w.must(second(w.svc.SetMember(w.ctx, g, "acme", "bob", hub.RoleRead)))
		w.must(w.svc.DeleteUser(w.ctx, g, "bob"))
		w.must(w.svc.DeleteOrg(w.ctx, g, "ACME"))
		w.is(hub.NotFound, "a deleted organization", second(w.svc.OrgByName(w.ctx, g, "acme")))
		w.must(w.svc.DeleteUser(w.ctx, g, "alice"))
		w.events("user.create user.create org.create org.create org.delete org.add_user org.change_role org.change_role org.change_role org.change_role org.change_role org.change_role user.suspend user.resume org.remove_user org.add_user org.remove_user user.delete org.delete user.delete")
	})
}

// lastMessage is what the newest audit event says.
func (w *world) lastMessage() string {
	w.t.Helper()
	list, err := w.db.ListEvents(w.ctx, "", 100)
	w.must(err)
	return list[len(list)-1].Message
}

// events checks the types of all audit events so far; each names the operator and says in words what happened.
func (w *world) events(want string) {
	w.t.Helper()
	list, err := w.db.ListEvents(w.ctx, "", 100)
	w.must(err)
	var got []string
	for _, e := range list {
		got = append(got, e.Type)
		if e.ActorName != orgs.OperatorName || e.Message == "" || e.NamespaceID == "" || e.At.IsZero() {
			w.t.Errorf("the event says too little: %+v", e)
		}
	}
	if s := strings.Join(got, " "); s != want {
		w.t.Errorf("events\n%s, want\n%s", s, want)
	}
}

// A session lives until it is ended, its user is suspended or its password changed, or its time is over; its cookie is
// refused from the moment that the call returns.
func TestSessions(t *testing.T) {
	onEachEngine(t, func(w *world) {
		pw := secret.New("correct horse")
		u := w.user(accounts.NewUser{Name: "alice", Password: pw})
		w.user(accounts.NewUser{Name: "bot"})
		signIn := func() (hub.Session, secret.String) {
			t.Helper()
			s, cookie, err := w.svc.SignIn(w.ctx, w.public(), "Alice", pw, accounts.Origin{IP: "192.0.2.1"})
			w.must(err)
			return s, cookie
		}
		use := func(c secret.String) (*access.Subject, error) {
			return w.auth.Authenticate(w.ctx, identity.Credentials{Cookie: c.Reveal()})
		}
		dead := func(what string, c secret.String) {
			t.Helper()
			_, err := use(c)
			w.is(hub.InvalidCredentials, what, err)
		}

		var said []string
		for _, c := range []struct{ name, pw string }{{"alice", "wrong horse"}, {"nobody", "correct horse"}, {"bot", "correct horse"}, {"bot", ""}, {"alice", ""}, {"", ""}, {"alice", strings.Repeat("x", 5000)}} {
			_, _, err := w.svc.SignIn(w.ctx, w.public(), c.name, secret.New(c.pw), accounts.Origin{})
			w.is(hub.Unauthorized, c.name, err)
			said = append(said, fmt.Sprint(err))
		}
		for _, s := range said {
			if s != said[0] {
				t.Errorf("refusals differ: %q and %q", said[0], s)
			}
		}

		session, cookie := signIn()
		s, err := use(cookie)
		w.must(err)
		if s.Kind() != access.KindSession || s.UserID() != u.ID || !session.ExpiresAt.Equal(w.clock().Add(time.Hour)) {
			t.Errorf("session %+v of %s", session, s.UserName())
		}
		w.must(w.svc.SignOut(w.ctx, w.grant(s, access.AccountManage, access.Self())))
		dead("after signing out", cookie)

		_, cookie = signIn()
		w.pass(time.Hour)
		dead("after its time", cookie)

		_, cookie = signIn()
		w.must(w.svc.SetPassword(w.ctx, w.operator(), "alice", secret.New("another horse")))
		dead("after a change of password", cookie)
		_, _, err = w.svc.SignIn(w.ctx, w.public(), "alice", pw, accounts.Origin{})
		w.is(hub.Unauthorized, "the old password", err)
		pw = secret.New("another horse")

		_, cookie = signIn()
		w.must(w.svc.SetSuspended(w.ctx, w.operator(), "alice", true))
		dead("of a suspended user", cookie)
		_, _, err = w.svc.SignIn(w.ctx, w.public(), "alice", pw, accounts.Origin{})
		w.is(hub.Unauthorized, "a suspended user", err)
		w.must(w.svc.SetSuspended(w.ctx, w.operator(), "alice", false))
		_, cookie = signIn()
		w.must(w.svc.DeleteUser(w.ctx, w.operator(), "alice"))
		dead("of a deleted user", cookie)
	})
}

// The one-time link makes one administrator, whoever races for it.
func TestSetupLink(t *testing.T) {
	onEachEngine(t, func(w *world) {
		first, err := w.svc.NewSetupLink(w.ctx, w.operator())
		w.must(err)
		link, err := w.svc.NewSetupLink(w.ctx, w.operator())
		w.must(err)
		pw := secret.New("correct horse")
		for _, bad := range []secret.String{first, secret.New(""), secret.New("x"), {}} {
			_, err := w.svc.SetUp(w.ctx, w.public(), bad, accounts.NewUser{Name: "mallory", Password: pw}, accounts.Origin{})
			w.is(hub.Forbidden, "a wrong link", err)
		}
		w.is(hub.InvalidInput, "no password", second(w.svc.SetUp(w.ctx, w.public(), link, accounts.NewUser{Name: "alice"}, accounts.Origin{})))
		var wg sync.WaitGroup
		made := make(chan string, 8)
		for i := range cap(made) {
			wg.Go(func() {
				name := fmt.Sprintf("user%d", i)
				if u, err := w.svc.SetUp(w.ctx, w.public(), link, accounts.NewUser{Name: name, Password: pw}, accounts.Origin{}); err == nil && u.Admin {
					made <- name
				} else if !hub.Is(err, hub.Forbidden) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wg.Wait()
		if len(made) != 1 {
			t.Errorf("the link made %d administrators", len(made))
		}
		w.is(hub.Conflict, "a link for a hub with users", second(w.svc.NewSetupLink(w.ctx, w.operator())))
		ok, err := w.svc.FirstAdmin(w.ctx, w.operator(), "late", pw)
		if ok || err != nil {
			t.Errorf("a configured administrator came too late: %v, %v", ok, err)
		}
	})
}

// An administrator of the hub, in a browser, does what the operator does, but not to himself.
func TestInstanceAdministrator(t *testing.T) {
	onEachEngine(t, func(w *world) {
		u := w.user(accounts.NewUser{Name: "alice", Admin: true})
		w.user(accounts.NewUser{Name: "bob"})
		f, err := w.db.UserFacts(w.ctx, u.ID)
		w.must(err)
		g := w.grant(access.NewSubject(f, access.Credential{Session: true}), access.InstanceAdmin, access.Hub())
		w.must(w.svc.SetSuspended(w.ctx, g, "bob", true))
		w.is(hub.Forbidden, "suspending himself", w.svc.SetSuspended(w.ctx, g, "alice", true))
		w.is(hub.Forbidden, "deleting himself", w.svc.DeleteUser(w.ctx, g, "alice"))
		no := false
		w.is(hub.Forbidden, "resigning", second(w.svc.EditUser(w.ctx, g, "alice", accounts.UserChange{Admin: &no})))
		w.must(w.svc.DeleteUser(w.ctx, g, "bob"))
	})
}

// Without the right grant nothing is done, whatever the arguments.
func TestGrantsAreNeeded(t *testing.T) {
	onEachEngine(t, func(w *world) {
		w.user(accounts.NewUser{Name: "alice"})
		for _, g := range []access.Grant{{}, w.public()} {
			for what, err := range map[string]error{
				"CreateUser":   second(w.svc.CreateUser(w.ctx, g, accounts.NewUser{Name: "x"})),
				"SetSuspended": w.svc.SetSuspended(w.ctx, g, "alice", true),
				"DeleteUser":   w.svc.DeleteUser(w.ctx, g, "alice"),
				"SetPassword":  w.svc.SetPassword(w.ctx, g, "alice", secret.New("correct horse")),
				"CreateOrg":    second(w.svc.CreateOrg(w.ctx, g, accounts.NewOrg{Name: "x", Admin: "alice"})),
				"DeleteOrg":    w.svc.DeleteOrg(w.ctx, g, "x"),
				"EditUser":     second(w.svc.EditUser(w.ctx, g, "alice", accounts.UserChange{})),
				"EditOrg":      second(w.svc.EditOrg(w.ctx, g, "x", accounts.OrgChange{})),
				"SetMember":    second(w.svc.SetMember(w.ctx, g, "x", "alice", hub.RoleRead)),
				"RemoveMember": w.svc.RemoveMember(w.ctx, g, "x", "alice"),
				"Users":        second(w.svc.Users(w.ctx, g, "", 1)),
				"Orgs":         second(w.svc.Orgs(w.ctx, g, "", 1)),
				"Members":      second(w.svc.Members(w.ctx, g, "x", "", 1)),
				"SignOut":      w.svc.SignOut(w.ctx, g),
				"Self":         second(w.svc.Self(w.ctx, g)),
				"OrgProfile":   second(w.svc.OrgProfile(w.ctx, g)),
				"NewSetupLink": second(w.svc.NewSetupLink(w.ctx, g)),
				"FirstAdmin":   second(w.svc.FirstAdmin(w.ctx, g, "x", secret.New("correct horse"))),
			} {
				w.is(hub.Internal, what, err)
			}
		}
		w.is(hub.Internal, "SetUp", second(w.svc.SetUp(w.ctx, access.Grant{}, secret.New("x"), accounts.NewUser{}, accounts.Origin{})))
	})
}
