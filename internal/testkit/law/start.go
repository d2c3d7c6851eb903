package law

import (
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access/explain"
	"github.com/ambit-hub/ambit/internal/protocol/githttp"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/protocol/lfs"
	"github.com/ambit-hub/ambit/internal/protocol/resolve"
	xetapi "github.com/ambit-hub/ambit/internal/protocol/xet"
	"github.com/ambit-hub/ambit/internal/service/accounts"
	"github.com/ambit-hub/ambit/internal/service/gates"
	"github.com/ambit-hub/ambit/internal/service/git"
	"github.com/ambit-hub/ambit/internal/service/groups"
	"github.com/ambit-hub/ambit/internal/service/policies"
	"github.com/ambit-hub/ambit/internal/service/serviceaccounts"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/service/xet"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// Start starts a hub with every protocol over HTTP and nothing in it. It believes X-Forwarded-For.
func Start(t testing.TB) *testkit.Hub {
	return testkit.New(t, func(h *testkit.Hub) {
		tr := h.Transfer(transfer.Config{})
		hubapi.New(hubapi.Services{
			Accounts: accounts.New(h.DB, h.Keys, accounts.Options{PasswordMinLength: 10, SessionLifetime: time.Hour}),
			Tokens:   tokens.New(h.DB, h.Zone, h.Keys, testkit.Instance, tokens.Options{MaxPerUser: 100, MaxScopes: 10}),
			Repos:    h.Repos, Transfer: tr, Policies: policies.New(h.DB, h.Keys, nil), Groups: groups.New(h.DB, h.Zone, nil), Gates: gates.New(h.DB, h.Repos, nil),
			Machines: serviceaccounts.New(h.DB, h.Keys, testkit.Instance, serviceaccounts.Options{}),
			Explain:  explain.New(h.DB, h.Zone),
		}).Register(h.Server)
		resolve.New(tr).Register(h.Server)
		lfs.New(tr, h.Auth, nil).Register(h.Server)
		xetapi.New(h.Xet(xet.Config{}), h.Auth, nil).Register(h.Server)
		githttp.New(git.New(git.Config{}, git.Deps{Meta: h.DB, Git: h.Git, Authz: h.Zone}), githttp.Config{}).Register(h.Server)
	}, testkit.BehindProxy)
}
