package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

// The whole hub on PostgreSQL: what one process has acknowledged the next one knows, and two processes on one database hear
// of each other's changes.
func TestHubOnPostgres(t *testing.T) {
	url := pgtest.URL(t)
	onPostgres := func(c *config.Config) { c.Database.URL = secret.New(url) }
	h := start(t, onPostgres)
	do[operatorapi.User](h, operatorapi.UserCreate, operatorapi.NewUser{Name: "alice"})
	token := do[operatorapi.TokenWithValue](h, operatorapi.TokenCreate, operatorapi.NewToken{User: "alice", Name: "t", Kind: "write"})
	bearer := "Bearer " + token.Value
	if code, text := h.request("POST", "/api/repos/create", `{"name": "repo", "private": true}`, "Authorization", bearer); code != http.StatusOK {
		t.Fatalf("status %d: %s", code, text)
	}
	if code, text := h.request("GET", "/alice/repo/resolve/main/.gitattributes", "", "Authorization", bearer); code != http.StatusOK {
		t.Fatalf("status %d: %s", code, text)
	}

	// A command on the same folder, while the hub runs elsewhere: as if from another machine that shares folder and database.
	if _, err := OpenOffline(context.Background(), h.cfg, slog.New(slog.DiscardHandler)); !errors.Is(err, ErrInUse) {
		t.Fatalf("the folder was opened twice: %v", err)
	}
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	again := start(t, func(c *config.Config) {
		onPostgres(c)
		c.Data = h.cfg.Data
	})
	if code, text := again.request("GET", "/api/models/alice/repo", "", "Authorization", bearer); code != http.StatusOK {
		t.Fatalf("after a restart: status %d: %s", code, text)
	}

	// Another hub's folder does not fit this database.
	cfg := testConfig(t)
	onPostgres(cfg)
	_, err := OpenOffline(context.Background(), cfg, slog.New(slog.DiscardHandler))
	var refusal *Refusal
	if !errors.As(err, &refusal) || !strings.Contains(refusal.Text, "key file") {
		t.Fatalf("a folder without the database's keys was opened: %v", err)
	}
}

// What cannot be reached is told without the password in its address.
func TestUnreachableDatabase(t *testing.T) {
	for _, url := range []string{"postgres://ambit:sesame-open@127.0.0.1:1/ambit?connect_timeout=2", "postgres://ambit:sesame-open@[::1/ambit", "postgres://ambit:sesame-open@127.0.0.1:1/ambit?sslmode=nonsense"} {
		cfg := testConfig(t)
		cfg.Database.URL = secret.New(url)
		log := &lockedBuffer{}
		err := Serve(context.Background(), cfg, slog.New(slog.NewJSONHandler(log, nil)), noPassword, func(Ready) { t.Error("ready") })
		if err == nil {
			t.Fatal("started without a database")
		}
		for _, text := range []string{err.Error(), log.String()} {
			if strings.Contains(text, "sesame") {
				t.Errorf("the password is told: %s", text)
			}
		}
	}
}
