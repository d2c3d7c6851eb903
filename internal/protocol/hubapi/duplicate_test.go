package hubapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/protocol/resolve"
	"github.com/ambit-hub/ambit/internal/service/duplicates"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/testkit"
)

func TestDuplicateScripts(t *testing.T) {
	testkit.Run(t, "testdata/duplicates/*.http", func(t *testing.T) *testkit.Hub {
		t.Helper()
		h := testkit.New(t, func(h *testkit.Hub) {
			svc := h.Transfer(transfer.Config{MaxLines: 5})
			hubapi.New(hubapi.Services{Repos: h.Repos, Transfer: svc, Duplicates: duplicates.New(h.Repos, svc, h.Zone, nil)}).Register(h.Server)
			resolve.New(svc).Register(h.Server)
		})
		h.World()
		return h
	})
}

type brokenFiller struct{}

func (brokenFiller) Fill(context.Context, access.Grant, string, hub.Event) error {
	return errors.New("out of order")
}

// A repository that cannot be filled is not left behind.
func TestDuplicateIsUndone(t *testing.T) {
	h := testkit.New(t, func(h *testkit.Hub) {
		hubapi.New(hubapi.Services{Repos: h.Repos, Duplicates: duplicates.New(h.Repos, brokenFiller{}, h.Zone, func(_ context.Context, msg string, err error) {
			t.Errorf("%s: %v", msg, err)
		})}).Register(h.Server)
	})
	h.World()
	call := func(method, path, body string) int {
		req, err := http.NewRequest(method, h.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+h.TokenValue("bob.write"))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if got := call("POST", "/api/models/alice/public/duplicate", `{"repository":"acme/again"}`); got != http.StatusInternalServerError {
		t.Errorf("duplicating answered %d", got)
	}
	if got := call("GET", "/api/models/acme/again", ""); got != http.StatusNotFound {
		t.Errorf("the new repository answers %d", got)
	}
}
