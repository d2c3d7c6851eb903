package hubapi

import (
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/repos"
)

// Services are what the API's routes call.
type Services struct {
	Repos *repos.Service
}

// API is the Hub's JSON API.
type API struct{ Services }

// New makes an API over the given services; a nil service leaves its routes out.
func New(s Services) *API { return &API{s} }

// Register adds the routes to s.
func (a *API) Register(s *httpd.Server) {
	if a.Repos != nil {
		a.registerRepos(s)
	}
}
