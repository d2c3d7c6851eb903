package meta

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

var ctx = context.Background()

// both runs a test on an empty database of each engine.
func both(t *testing.T, test func(t *testing.T, db *DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, openAt(t, sqlitePath(t))) })
	t.Run("postgres", func(t *testing.T) { test(t, openAt(t, pgtest.URL(t))) })
}

func sqlitePath(t testing.TB) string { return filepath.Join(t.TempDir(), "ambit.db") }

// putUser makes a user's row what u says.
func putUser(db *DB, u hub.User, ev hub.Event) error {
	return db.ChangeUser(ctx, u.ID, ev, func(x *hub.User) (string, error) { *x = u; return ev.Message, nil })
}

// putOrg makes an organization's row what o says.
func putOrg(db *DB, o hub.Organization, ev hub.Event) error {
	return db.ChangeOrg(ctx, o.ID, ev, func(x *hub.Organization) (string, error) { *x = o; return ev.Message, nil })
}

// putGroup makes a resource group's row what g says.
func putGroup(db *DB, g hub.ResourceGroup, ev hub.Event) error {
	return db.ChangeGroup(ctx, g.ID, ev, func(x *hub.ResourceGroup) (string, error) { *x = g; return ev.Message, nil })
}

// urls remembers where the databases of tests are.
var urls sync.Map // *DB → string

func openAt(t testing.TB, url string) *DB {
	t.Helper()
	db, err := Open(ctx, Options{URL: url})
	must(t, err)
	urls.Store(db, url)
	t.Cleanup(func() { urls.Delete(db); db.Close() })
	return db
}

func testURL(t testing.TB, db *DB) string {
	t.Helper()
	url, ok := urls.Load(db)
	if !ok {
		t.Fatal("this database was not opened by openAt")
	}
	return url.(string)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode fails unless err has the code; "" stands for no error.
func wantCode(t testing.TB, err error, code hub.Code) {
	t.Helper()
	if got := hub.CodeOf(err); got != code {
		t.Fatalf("got %q (%v), want %q", got, err, code)
	}
}

// the builders below make one valid row each and fail the test when that is not possible.

func addUser(t testing.TB, db *DB, name string) hub.User {
	t.Helper()
	u := hub.User{ID: hub.NewID(), Name: name, FullName: "Full " + name, Email: name + "@example.com", CreatedAt: testTime()}
	must(t, db.CreateUser(ctx, u, "", hub.Event{}))
	return u
}

func addOrg(t testing.TB, db *DB, name string, admin hub.ID) hub.Organization {
	t.Helper()
	o := hub.Organization{ID: hub.NewID(), Name: name, FullName: "Org " + name, DefaultVisibility: hub.Public, CreatedAt: testTime()}
	must(t, db.CreateOrg(ctx, o, admin, hub.Event{}))
	return o
}

func addRepo(t testing.TB, db *DB, owner hub.ID, name string, change ...func(*hub.Repo)) hub.Repo {
	t.Helper()
	r := hub.Repo{ID: hub.NewID(), RepoID: hub.RepoID{Type: hub.Model, Name: name}, NamespaceID: owner,
		CreatorID: owner, Visibility: hub.Public, CreatedAt: testTime()}
	for _, c := range change {
		c(&r)
	}
	must(t, db.CreateRepo(ctx, r, hub.Publication{ID: hub.NewID()}, hub.Event{}))
	got, err := db.RepoByID(ctx, r.ID)
	must(t, err)
	return got
}

func addToken(t testing.TB, db *DB, owner hub.ID, scopes ...hub.Scope) (hub.Token, []byte) {
	t.Helper()
	tok := hub.Token{ID: hub.NewID(), UserID: owner, Kind: hub.TokenFineGrained, Name: "work", Last4: "abcd",
		Scopes: scopes, CreatedAt: testTime()}
	digest := newDigest()
	must(t, db.CreateToken(ctx, tok, "k1", digest, hub.Event{}))
	tok.Gen = 1
	return tok, digest
}

// newDigest returns 32 bytes that no other call returns.
func newDigest() []byte {
	b := make([]byte, 32)
	copy(b, hub.NewID())
	return b
}

// testTime is a time that survives storing: whole microseconds in UTC.
func testTime() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func oid(b byte) hub.OID { return hub.OID{0: b, 19: b} }

// change is a publication that moves one ref.
func change(repo hub.ID, ref string, from, to hub.OID) hub.Publication {
	return hub.Publication{ID: hub.NewID(), RepoID: repo, Refs: []hub.RefUpdate{{Name: ref, Old: from, New: to}}}
}
