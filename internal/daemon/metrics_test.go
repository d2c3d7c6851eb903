package daemon

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/config"
)

// TestMetrics asks a whole hub for its figures, on the listener of their own, and looks for whatever a caller chose in them.
func TestMetrics(t *testing.T) {
	h := start(t, func(c *config.Config) { c.Metrics.Listen = "127.0.0.1:0" })
	own := "http://" + loggedAddress(t, h.log.String(), "metrics")
	const pasted = "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH"
	for _, r := range []struct{ method, path, token string }{
		{"GET", "/api/models", ""}, {"GET", "/api/models", ""}, {"HEAD", "/alice/secret/resolve/main/config.json", ""}, {"GET", "/api/whoami-v2", pasted},
		{"GET", "/" + pasted + "/x", ""}, {"GET", "/" + pasted, ""}, {"QUERY", "/api/models", ""}, {"PURGE", "/", ""},
	} {
		req, err := http.NewRequest(r.method, h.url+r.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.token != "" {
			req.Header.Set("Authorization", "Bearer "+r.token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	if code, _ := fetch(t, h.url+"/metrics"); code != http.StatusNotFound {
		t.Errorf("everybody's listener answers %d", code)
	}
	if code, _ := fetch(t, own+"/api/models"); code != http.StatusNotFound {
		t.Errorf("the hub answers on the listener of metrics: %d", code)
	}
	wanted := []string{
		`ambit_http_requests_total{method="GET",route="/api/models",status="2xx"} 2`,
		`ambit_http_requests_total{method="other",route="none",status="4xx"} 2`,
		`ambit_http_request_seconds_count{method="GET",route="/api/models"} 2`,
		`ambit_refusals_total{code="InvalidCredentials",reason="credential.foreign"} 1`,
		`ambit_refusals_total{code="RepoNotFound",reason="repo.not_found"} 2`,
		`ambit_database_up 1`, `ambit_outbox_waiting 0`, `ambit_outbox_oldest_seconds 0`,
	}
	text, missing := "", wanted
	for end := time.Now().Add(10 * time.Second); len(missing) > 0 && time.Now().Before(end); { // a request is counted after its answer was sent
		var code int
		if code, text = fetch(t, own+"/metrics"); code != http.StatusOK {
			t.Fatalf("%d %s", code, text)
		}
		missing = slices.DeleteFunc(slices.Clone(wanted), func(line string) bool { return strings.Contains(text, "\n"+line+"\n") })
	}
	if len(missing) > 0 {
		t.Errorf("no lines %q", missing)
	}
	for _, name := range []string{"ambit_panics_total", "ambit_audit_events_total", "ambit_audit_unsealed_events", "ambit_build_info", "go_goroutines", "ambit_http_request_seconds_bucket"} {
		if !strings.Contains(text, "\n"+name) {
			t.Errorf("no %s", name)
		}
	}
	for _, chosen := range []string{"hf_", "QUERY", "PURGE", "alice", "secret"} {
		if strings.Contains(text, chosen) {
			t.Errorf("metrics have %q, which a caller chose", chosen)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// TestMetricsAreOff holds that nobody counts, and nothing listens, without the setting.
func TestMetricsAreOff(t *testing.T) {
	h := start(t, nil)
	if strings.Contains(h.log.String(), `"msg":"metrics"`) {
		t.Error("something listens")
	}
	if code, _ := fetch(t, h.url+"/metrics"); code != http.StatusNotFound {
		t.Errorf("/metrics answers %d", code)
	}
}

func fetch(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// loggedAddress is the address in the log line with that message.
func loggedAddress(t *testing.T, log, msg string) string {
	t.Helper()
	for line := range strings.Lines(log) {
		var l struct{ Msg, Address string }
		if json.Unmarshal([]byte(line), &l) == nil && l.Msg == msg {
			return l.Address
		}
	}
	t.Fatalf("no line %q in %s", msg, log)
	return ""
}
