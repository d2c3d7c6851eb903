package hubapi_test

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/protocol/resolve"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// startUploads is start with the routes of uploads, and small limits so that scripts can exceed them.
func startUploads(t *testing.T) *testkit.Hub {
	t.Helper()
	h := testkit.New(t, func(h *testkit.Hub) {
		svc := h.Transfer(transfer.Config{MaxRegular: 1000, MaxLines: 20, MaxCommit: 64 << 10})
		hubapi.New(hubapi.Services{Repos: h.Repos, Transfer: svc}).Register(h.Server)
		resolve.New(svc).Register(h.Server)
	})
	h.World()
	return h
}

func TestUploadScripts(t *testing.T) { testkit.Run(t, "testdata/uploads/*.http", startUploads) }
