// Package pgtest gives each test an empty PostgreSQL database.
//
// The server is the one that AMBIT_TEST_POSTGRES names, a URL of a server where databases may be created. When that is
// not set, one is started from the newest PostgreSQL that Debian's packages installed; it lives in a folder of its own
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

// Env names the variable that holds the URL of a server to be used instead of one that is started.
const Env = "AMBIT_TEST_POSTGRES"

var server struct {
	once sync.Once
	url  *url.URL
	err  error
}

// URL makes an empty database for t and returns its address. It is dropped, whoever is connected, when t ends.
func URL(t testing.TB) string {
	t.Helper()
	server.once.Do(func() { server.url, server.err = find() })
	if server.err != nil {
		t.Fatalf("these tests need PostgreSQL: set %s or install the package postgresql: %v", Env, server.err)
	}
	name := "ambit_" + strings.ToLower(rand.Text())
	admin(t, "CREATE DATABASE "+name)
	t.Cleanup(func() { admin(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	u := *server.url
	u.Path = "/" + name
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

func admin(t testing.TB, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", server.url.String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}
