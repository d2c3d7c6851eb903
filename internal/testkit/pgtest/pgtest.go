// Package pgtest gives each test an empty PostgreSQL database of its own.
//
// The server is the one that AMBIT_TEST_POSTGRES names, a URL of a database in which schemas may be created. When that
// is not set, one is started from the newest PostgreSQL that Debian's packages installed; it lives in a folder of its own
// and ends with the process. When neither is possible the test fails: a store that was not tested is not a store.
package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Env names the variable that holds the URL of a database to be used instead of a server that is started.
const Env = "AMBIT_TEST_POSTGRES"

var server struct {
	once sync.Once
	url  *url.URL
	err  error

	mu sync.Mutex // guards db
	db *sql.DB    // for making and dropping schemas
}

// URL makes an empty schema for t and returns an address under which it is the whole database, as far as queries that
// name no schema can tell: making a real database takes ten times as long. It is dropped when t ends.
func URL(t testing.TB) string {
	t.Helper()
	server.once.Do(func() { server.url, server.err = find() })
	if server.err != nil {
		t.Fatalf("these tests need PostgreSQL: set %s or install the package postgresql: %v", Env, server.err)
	}
	name := "ambit_" + strings.ToLower(rand.Text())
	admin(t, "CREATE SCHEMA "+name)
	t.Cleanup(func() { admin(t, "DROP SCHEMA "+name+" CASCADE") })
	u := *server.url
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

func find() (*url.URL, error) {
	if s := os.Getenv(Env); s != "" {
		u, err := url.Parse(s)
		if err != nil {
			return nil, fmt.Errorf("%s is not a URL", Env)
		}
		return u, nil
	}
	return start()
}

// admin runs a statement that makes or drops a schema.
func admin(t testing.TB, statement string) {
	t.Helper()
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.db == nil {
		db, err := sql.Open("pgx", server.url.String())
		if err != nil {
			t.Fatal(err)
		}
		server.db = db
	}
	if _, err := server.db.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}
