package hubapi

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/explain"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/accounts"
	"github.com/ambit-hub/ambit/internal/service/audit"
	"github.com/ambit-hub/ambit/internal/service/duplicates"
	"github.com/ambit-hub/ambit/internal/service/gates"
	"github.com/ambit-hub/ambit/internal/service/groups"
	"github.com/ambit-hub/ambit/internal/service/policies"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/serviceaccounts"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

// Services are what the API's routes call.
type Services struct {
	Accounts   *accounts.Service
	Tokens     *tokens.Service     // needed with Accounts
	Insights   tokens.InsightStore // nil: nobody is told what tokens do
	Repos      *repos.Service
	Transfer   *transfer.Service
	Duplicates *duplicates.Service
	Audit      *audit.Service
	Xet        *xet.Service // nil: no file can be fetched as chunks
	Policies   *policies.Service
	Groups     *groups.Service
	Gates      *gates.Service
	Machines   *serviceaccounts.Service
	Explain    *explain.Service
	Authz      Authorizer // nil: who may not write learns so from the commit only
}

// Authorizer decides; access.Authorizer is one.
type Authorizer interface {
	Authorize(ctx context.Context, s *access.Subject, needs ...access.Need) (access.Grant, error)
}

// API is the Hub's JSON API.
type API struct{ Services }

// New makes an API over the given services; a nil service leaves its routes out.
func New(s Services) *API { return &API{s} }

// Register adds the routes to s.
func (a *API) Register(s *httpd.Server) {
	if a.Accounts != nil {
		a.registerAccounts(s)
		a.registerTokens(s)
		a.registerSessions(s)
	}
	if a.Repos != nil {
		a.registerRepos(s)
		a.registerAbsent(s)
	}
	if a.Transfer != nil {
		a.registerUploads(s)
	}
	if a.Duplicates != nil {
		a.registerDuplicates(s)
	}
	if a.Audit != nil {
		a.registerAudit(s)
	}
	if a.Policies != nil {
		a.registerPolicies(s)
	}
	if a.Groups != nil {
		a.registerGroups(s)
	}
	if a.Gates != nil {
		a.registerGates(s)
	}
	if a.Machines != nil {
		a.registerMachines(s)
	}
	if a.Explain != nil {
		a.registerExplain(s)
	}
}
