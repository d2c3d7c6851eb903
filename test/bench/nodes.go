package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/client"
	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/daemon"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

// benchNodes revokes tokens on one of two hubs that share a PostgreSQL database, which AMBIT_TEST_POSTGRES names, and
// measures how long the other one still takes them: goal 9. That a node which hears nothing refuses after a second is a
// test of internal/daemon.
func benchNodes(h *hub, r *report) error {
	server := os.Getenv("AMBIT_TEST_POSTGRES")
	if server == "" {
		return nil
	}
	database, drop, err := benchSchema(server)
	if err != nil {
		return err
	}
	defer drop()
	var nodes []*hub
	for _, name := range []string{"here", "there"} {
		n := &hub{dir: filepath.Join(h.dir, name), env: []string{"AMBIT_DATABASE_URL=" + database}}
		data := filepath.Join(n.dir, "hub")
		if err := os.MkdirAll(data, 0o700); err != nil {
			return err
		}
		if len(nodes) > 0 {
			keys, err := os.ReadFile(filepath.Join(nodes[0].dir, "hub", "keys"))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(data, "keys"), keys, 0o600); err != nil {
				return err
			}
		}
		if err := n.start(); err != nil {
			return err
		}
		defer n.stop()
		nodes = append(nodes, n)
	}
	cfg := config.Default()
	cfg.Data = filepath.Join(nodes[0].dir, "hub")
	op := client.NewOperator(client.Socket(func(context.Context) (net.Conn, error) { return daemon.DialOperator(&cfg) }))
	ctx := context.Background()
	if err := op.Do(ctx, operatorapi.UserCreate, operatorapi.NewUser{Name: "alice"}, nil); err != nil {
		return err
	}
	var took []time.Duration
	for range 200 {
		var tok operatorapi.TokenWithValue
		if err := op.Do(ctx, operatorapi.TokenCreate, operatorapi.NewToken{User: "alice", Name: "t", Kind: "write"}, &tok); err != nil {
			return err
		}
		if code, err := nodes[1].asks(tok.Value); code != http.StatusOK {
			return fmt.Errorf("a fresh token is answered with %d: %v", code, err)
		}
		if err := op.Do(ctx, operatorapi.TokenDelete, operatorapi.ID{ID: tok.ID}, nil); err != nil {
			return err
		}
		began, lasted := time.Now(), time.Duration(0)
		for {
			asked := time.Since(began)
			code, err := nodes[1].asks(tok.Value)
			if err != nil {
				return err
			}
			if code != http.StatusOK {
				break
			}
			lasted = asked // a request that began then still succeeded
		}
		took = append(took, lasted)
	}
	p50, p99 := percentile(took, 0.5), percentile(took, 0.99)
	r.figure("9, a token works on another node after its revocation, p50 and p99", fmt.Sprintf("%.1f ms, %.1f ms", inMS(p50), inMS(p99)), "p99 ≤ 100 ms", p99 <= 100*time.Millisecond)
	return nil
}

// asks returns the status of a request with the given token.
func (h *hub) asks(token string) (int, error) {
	req, err := http.NewRequest("GET", h.url+"/api/whoami-v2", nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// benchSchema makes a schema of its own on a server and returns a URL that leads into it.
func benchSchema(server string) (at string, drop func(), err error) {
	ctx := context.Background()
	schema := "bench_" + strings.ToLower(rand.Text())
	u, err := url.Parse(server)
	if err != nil {
		return "", nil, errors.New("AMBIT_TEST_POSTGRES is not a URL")
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		return "", nil, err
	}
	if _, err := admin.ExecContext(ctx, "CREATE SCHEMA "+schema); err != nil {
		return "", nil, errors.Join(err, admin.Close())
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String(), func() {
		admin.ExecContext(ctx, "DROP SCHEMA "+schema+" CASCADE")
		admin.Close()
	}, nil
}

func inMS(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
