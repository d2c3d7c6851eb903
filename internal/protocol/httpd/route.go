package httpd

import (
	"fmt"
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Needer is a parsed request: it says what it needs before anything is done with it.
// One that needs nothing says so with access.PublicRoute; an empty list is refused.
type Needer interface{ Needs() []access.Need }

// Option changes a route's defaults.
type Option func(*route)

type route struct {
	method  string
	mount   Mount
	pattern pattern
	text    string // what the log and the documentation call it, without the method
	style   Style
	maxBody int64 // bytes; -1 means that the handler limits its own stream
	cred    func(*Request) (*access.Subject, error)
	serve   func(http.ResponseWriter, *Request) error

	unlimited bool // never counted
	uploads   bool // counted while it runs
	signIn    bool // its refusals count as guesses
}

// WithStyle sets how the route says no.
func WithStyle(s Style) Option { return func(r *route) { r.style = s } }

// MaxBody sets the largest body in bytes; beyond it reading fails with TooLarge.
func MaxBody(n int64) Option { return func(r *route) { r.maxBody = n } }

// Streaming lifts the size limit of the body: the handler reads it as a stream and bounds it itself.
func Streaming() Option { return func(r *route) { r.maxBody = -1 } }

// WithCredential replaces the Authorization header by another credential, such as a ticket in the query. When f
// returns neither subject nor error, the request brought none of that kind and the header counts.
func WithCredential(f func(*Request) (*access.Subject, error)) Option {
	return func(r *route) { r.cred = f }
}

// Repo adds a route below a repository mount that needs one action on the repository of its path.
// pattern is "METHOD /path" relative to the mount; GET also serves HEAD.
func (s *Server) Repo(m Mount, pattern string, action access.Action, h func(http.ResponseWriter, *Request, access.Grant) error, opts ...Option) {
	if m == Root {
		panic("httpd: Repo needs a repository mount")
	}
	s.add(m, pattern, opts, func(w http.ResponseWriter, r *Request) error {
		g, err := s.authorize(r, access.Need{Action: action, Target: access.Repo(r.Repo)})
		if err != nil {
			return err
		}
		return h(w, r, g)
	})
}

// Add adds a route whose needs come out of the parsed request: parse reads path, query and body once into a
// Q; handle runs with the grant for all that Q needs. Works on every mount.
func Add[Q Needer](s *Server, m Mount, pattern string, parse func(*Request) (Q, error), handle func(http.ResponseWriter, *Request, Q, access.Grant) error, opts ...Option) {
	s.add(m, pattern, opts, func(w http.ResponseWriter, r *Request) error {
		q, err := parse(r)
		if err != nil {
			if r.Subject.IsAnonymous() {
				if aerr := s.anonymousMay(r, q); aerr != nil {
					return aerr
				}
			}
			return err
		}
		needs := q.Needs()
		if len(needs) == 0 {
			return fmt.Errorf("httpd: %s declares no need", r.route.pattern.text)
		}
		g, err := s.authorize(r, needs...)
		if err != nil {
			return err
		}
		return handle(w, r, q, g)
	})
}

// anonymousMay returns the error for an anonymous caller whose request could not be read, when signing in has to
// come first: what is wrong with a request is told only to those who may make it. A request that could not be read
// may not know its needs; then its own error stands.
func (s *Server) anonymousMay(r *Request, q Needer) (err error) {
	defer func() {
		if recover() != nil {
			err = nil
		}
	}()
	if needs := q.Needs(); len(needs) > 0 {
		_, err = s.authorizer.Authorize(r.Context(), r.Subject, needs...)
	}
	if hub.CodeOf(err) != hub.Unauthorized {
		err = nil
	}
	return err
}

// Open is the Needer of a route that anybody may call.
type Open struct{}

// Needs says that nothing is needed.
func (Open) Needs() []access.Need {
	return []access.Need{{Action: access.PublicRoute, Target: access.Hub()}}
}

// ParseOpen is the parse function of an open route without input.
func ParseOpen(*Request) (Open, error) { return Open{}, nil }
