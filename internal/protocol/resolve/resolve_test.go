package resolve_test

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/protocol/resolve"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/testkit"
)

func start(t *testing.T) *testkit.Hub {
	t.Helper()
	h := testkit.New(t, func(h *testkit.Hub) { resolve.New(h.Transfer(transfer.Config{})).Register(h.Server) })
	h.World()
	return h
}

func TestScripts(t *testing.T) { testkit.Run(t, "testdata/*.http", start) }
