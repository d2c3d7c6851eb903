package hubapi_test

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// start makes a hub with the usual people and repositories, and with the routes of repositories.
func start(t *testing.T) *testkit.Hub {
	t.Helper()
	h := testkit.New(t, func(h *testkit.Hub) {
		hubapi.New(hubapi.Services{Repos: h.Repos}).Register(h.Server)
	})
	h.World()
	return h
}

func TestRepoScripts(t *testing.T) { testkit.Run(t, "testdata/repos/*.http", start) }
