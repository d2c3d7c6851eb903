package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/testkit/goal"
)

// quietHub is a hub without its background work, so that whatever the database is asked, a request asked. ours is a token
// that could be of this hub and is not; queries counts what its database was asked.
func quietHub(tb testing.TB) (d *Daemon, ours string, queries *atomic.Int64) {
	cfg := config.Default()
	cfg.Data = filepath.Join(tb.TempDir(), "data")
	ctx := context.Background()
	d, err := open(ctx, &cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { d.Close() })
	instance, _, err := d.db.Setting(ctx, instanceSetting)
	if err != nil {
		tb.Fatal(err)
	}
	queries = new(atomic.Int64)
	d.db.OnQuery(func(string) { queries.Add(1) })
	return d, tokenfmt.ForInstance(instance).Generate(), queries
}

// illFormed are credentials that no hub, or another one, has given out; ours is well-formed.
func illFormed(ours string) []string {
	wrong := []byte(ours)
	wrong[len(wrong)-1] ^= 1
	return []string{
		"Bearer " + string(wrong), "Bearer " + ours[:len(ours)-1], "Bearer " + ours + "a", "Bearer " + strings.Replace(ours, "hf_", "HF_", 1),
		"Bearer " + tokenfmt.ForInstance("another hub").Generate(), "Bearer hf_", "Bearer", "Bearer of nothing", "Digest " + ours,
		"Bearer api_org_" + ours[3:], "Bearer api_" + ours[3:], "Bearer hf_oauth_" + ours[3:], "Bearer hf_jwt_" + ours[3:],
		"Basic " + ours, "Basic dXNlcjpwYXNzd29yZA==", "Bearer " + strings.Repeat("hf_", 3000),
	}
}

// with sends a request with a credential and returns the status.
func (d *Daemon) with(credential, method, path, from string) int {
	q := httptest.NewRequest(method, path, nil)
	q.Header.Set("Authorization", credential)
	q.RemoteAddr = from
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, q)
	return w.Code
}

// A credential that cannot be one of this hub is refused on every route without a question to the database: goal 16 of the
// engine. One that could be is looked up, which shows that questions are counted.
func TestIllFormedCredentialsAskTheDatabaseNothing(t *testing.T) {
	d, ours, queries := quietHub(t)
	fill := strings.NewReplacer("{type}", "model", "{repo}", "alice/m", "...}", "}")
	sent := 0
	for _, route := range d.server.Routes() {
		method, path, _ := strings.Cut(fill.Replace(route), " ")
		for i, credential := range illFormed(ours) {
			from := fmt.Sprintf("192.0.%d.%d:4711", i, sent%250) // nobody fails too often
			before := queries.Load()
			status := d.with(credential, method, path, from)
			if asked := queries.Load() - before; asked != 0 {
				t.Errorf("%s with %.40q: %d queries for a %d", route, credential, asked, status)
			}
			if status == http.StatusUnauthorized {
				sent++
			}
		}
	}
	if sent < 1000 {
		t.Errorf("only %d requests were refused for their credential", sent)
	}
	if status := d.with("Bearer "+ours, "GET", "/api/whoami-v2", "192.0.2.1:4711"); status != http.StatusUnauthorized || queries.Load() == 0 {
		t.Errorf("a well-formed token: %d after %d queries", status, queries.Load())
	}
}

// BenchmarkIllFormedCredentials is the same count for make bench, over many requests from many addresses.
func BenchmarkIllFormedCredentials(b *testing.B) {
	d, ours, queries := quietHub(b)
	credentials := illFormed(ours)
	d.with("Bearer "+ours, "GET", "/api/whoami-v2", "192.0.2.1:4711")
	if queries.Swap(0) == 0 {
		b.Fatal("a well-formed token is looked up, and nothing was counted")
	}
	sent := 0
	for b.Loop() {
		from := fmt.Sprintf("198.51.%d.%d:4711", sent>>8&255, sent&255)
		if status := d.with(credentials[sent%len(credentials)], "GET", "/api/whoami-v2", from); status/100 != 4 {
			b.Fatal(status)
		}
		sent++
	}
	goal.AtMost(b, "16, database queries for ill-formed tokens", float64(queries.Load()), 0, fmt.Sprintf("in %d requests", sent))
}
