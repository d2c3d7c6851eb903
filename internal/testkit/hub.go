package testkit

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/blob/mem"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// Instance is the id of every test hub: tokens carry a checksum over it.
const Instance = "5f00000000000000000000aa"

// Hub is a running hub and the parts that it is made of.
type Hub struct {
	T      testing.TB
	DB     *meta.DB
	Blobs  blob.Store
	Git    *gitrepo.Store
	Keys   identity.Keys
	Auth   *identity.Authenticator
	Zone   *access.Authorizer
	Repos  *repos.Service
	Uses   *tokens.Recorder // of what tokens are used for; it writes on Flush alone
	Server *httpd.Server
	HTTP   httpd.Config // of the server; options may change it
	URL    string       // without a trailing slash
	Log    *Log

	tokens map[string]string // values by the names that World and Token gave them
}

// Log keeps what the hub logs, so that a test can look for secrets in it. It is safe for concurrent use.
type Log struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

// Write adds to the log.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns all that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Option changes the parts of a hub before they are used.
type Option func(*Hub)

// WithBlobs replaces the blob store in memory.
func WithBlobs(s blob.Store) Option { return func(h *Hub) { h.Blobs = s } }

// BehindProxy lets requests say in X-Forwarded-For which address they come from.
func BehindProxy(h *Hub) {
	h.HTTP.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// New starts a hub on a local port; register adds the routes under test. Everything ends with the test.
func New(t testing.TB, register func(h *Hub), opts ...Option) *Hub {
	t.Helper()
	ctx := context.Background()
	h := &Hub{T: t, Blobs: mem.New(), Keys: identity.GenerateKeys(), Log: &Log{}, tokens: map[string]string{}}
	for _, o := range opts {
		o(h)
	}
	var err error
	if h.DB, err = meta.Open(ctx, meta.Options{URL: filepath.Join(t.TempDir(), "ambit.db")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.DB.Close() })
	h.Git = gitrepo.New(gitrepo.Config{CacheDir: t.TempDir()}, h.DB, h.Blobs)
	t.Cleanup(func() { h.Git.Close() })
	h.Auth = identity.New(h.DB, h.Keys, Instance, identity.Options{})
	h.Zone = access.NewAuthorizer(h.DB, access.Options{Refresher: h.Auth})
	h.Repos = repos.New(h.DB, h.Git, h.Blobs, nil)
	log := slog.New(slog.NewJSONHandler(h.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.Uses = tokens.NewRecorder(h.DB, nil)
	if h.HTTP.OnGrant == nil {
		h.HTTP.OnGrant = h.Uses.Note
	}
	h.Server = httpd.New(h.HTTP, authenticator{h.Auth}, h.Zone, log)
	register(h)
	srv := httptest.NewServer(h.Server)
	t.Cleanup(srv.Close)
	h.URL = srv.URL
	t.Cleanup(func() {
		if t.Failed() && testing.Verbose() {
			t.Logf("the hub's log:\n%s", h.Log)
		}
	})
	return h
}

type authenticator struct{ *identity.Authenticator }

func (a authenticator) Authenticate(ctx context.Context, c httpd.Credentials) (*access.Subject, error) {
	return a.Authenticator.Authenticate(ctx, identity.Credentials{Authorization: c.Authorization, Cookie: c.Cookie, Addr: c.IP, Agent: c.Agent})
}

// must ends the test on an error of setting up.
func (h *Hub) must(err error) {
	if err != nil {
		h.T.Helper()
		h.T.Fatal(err)
	}
}

// User makes a user.
func (h *Hub) User(name string) hub.User {
	h.T.Helper()
	u := hub.User{Name: name, FullName: "Full " + name, Email: name + "@example.org", CreatedAt: time.Now().UTC()}
	h.must(hub.GiveID(u.CreatedAt, func(id hub.ID) error {
		u.ID = id
		return h.DB.CreateUser(context.Background(), u, "", hub.Event{Type: "user.create"})
	}))
	return u
}

// Org makes an organization with its first administrator. It hides its members, so that the tables about who may read them
// speak of something.
func (h *Hub) Org(name, admin string) hub.Organization {
	h.T.Helper()
	o := hub.Organization{Name: name, FullName: "The " + name, DefaultVisibility: hub.Public, HideMembers: true, CreatedAt: time.Now().UTC()}
	h.must(hub.GiveID(o.CreatedAt, func(id hub.ID) error {
		o.ID = id
		return h.DB.CreateOrg(context.Background(), o, h.namespace(admin).ID, hub.Event{Type: "org.create"})
	}))
	return o
}

// Member gives a user a role in an organization.
func (h *Hub) Member(org, user string, role hub.Role) {
	h.T.Helper()
	h.must(h.DB.SetMember(context.Background(), h.namespace(org).ID, h.namespace(user).ID, role, hub.Event{Type: "org.add_user"}))
}

func (h *Hub) namespace(name string) hub.Namespace {
	h.T.Helper()
	n, err := h.DB.Namespace(context.Background(), name)
	h.must(err)
	return n
}

// Token makes a token and remembers its value under the given name, which scripts use after "as". Names need
// not be unique among users' tokens, but must be here.
func (h *Hub) Token(name, user string, t hub.Token) string {
	h.T.Helper()
	t.ID, t.UserID, t.Name, t.CreatedAt = hub.NewID(), h.namespace(user).ID, name, time.Now().UTC()
	if t.Gen == 0 {
		t.Gen = 1
	}
	value := tokenfmt.ForInstance(Instance).Generate()
	t.Last4 = tokenfmt.Last4(value)
	kid, digest := h.Keys.TokenDigest(secret.New(value))
	h.must(h.DB.CreateToken(context.Background(), t, kid, digest, hub.Event{Type: "token.create"}))
	h.tokens[name] = value
	return value
}

// Session begins a browser session of a user and returns the value of its cookie.
func (h *Hub) Session(user string) string {
	h.T.Helper()
	now := time.Now().UTC()
	s := hub.Session{ID: hub.NewID(), UserID: h.namespace(user).ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	value := rand.Text()
	h.must(h.DB.CreateSession(context.Background(), s, h.Keys.SessionDigest(secret.New(value)), hub.Event{Type: "user.sign_in"}))
	return value
}

// TokenValue returns the value of a token by its name here.
func (h *Hub) TokenValue(name string) string {
	h.T.Helper()
	v, ok := h.tokens[name]
	if !ok {
		h.T.Fatalf("testkit: there is no token named %q", name)
	}
	return v
}

// Subject returns the subject of a token by its name here; "" is the anonymous one.
func (h *Hub) Subject(name string) *access.Subject {
	h.T.Helper()
	header := ""
	if name != "" {
		header = "Bearer " + h.TokenValue(name)
	}
	s, err := h.Auth.Authenticate(context.Background(), identity.Credentials{Authorization: header})
	h.must(err)
	return s
}

// Repo makes a repository owned by the namespace in its id, as the person behind the token would.
func (h *Hub) Repo(token string, id hub.RepoID, n repos.NewRepo) hub.Repo {
	h.T.Helper()
	ctx := context.Background()
	g, err := h.Zone.Authorize(ctx, h.Subject(token), access.Need{Action: access.RepoCreate, Target: access.NewRepo(id)})
	h.must(err)
	r, err := h.Repos.Create(ctx, g, n, hub.Event{Type: "repo.create"})
	h.must(err)
	return r
}

// Scope makes an entry of a fine-grained token; name is a user, an organization or "ns/name".
func (h *Hub) Scope(t hub.EntityType, name string, ps ...hub.Permission) hub.Scope {
	h.T.Helper()
	s := hub.Scope{EntityType: t, EntityName: name, Permissions: ps}
	switch t {
	case hub.EntityUser, hub.EntityOrg:
		s.EntityID = h.namespace(name).ID
		s.NamespaceID = s.EntityID
	default:
		id, err := hub.ParseRepoID(hub.RepoType(t), name)
		h.must(err)
		r, _, err := h.DB.RepoByName(context.Background(), id)
		h.must(err)
		s.EntityID, s.NamespaceID = r.ID, r.NamespaceID
	}
	return s
}
