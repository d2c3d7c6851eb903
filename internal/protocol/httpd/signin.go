package httpd

import (
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
)

// SignIn marks a route by which people sign in with a password: each attempt counts for the caller's network like a refused
// credential, and is given back when it succeeds. When there were too many, passwords are not looked at until the window
// ends: unlike tokens they could be guessed. Pages of other sites cannot use it.
func SignIn() Option {
	return func(r *route) {
		r.signIn = true
		r.cred = func(*Request) (*access.Subject, error) { return access.Anonymous(), nil }
	}
}

// attempt counts an attempt to sign in, and returns TooManyRequests when there were too many. done is to be called with what
// came of it.
func (s *Server) attempt(w http.ResponseWriter, r *Request) (done func(err error), err error) {
	done = func(error) {}
	if !r.route.signIn {
		return done, nil
	}
	if err := s.sameOrigin(r); err != nil {
		return done, err
	}
	if s.limiter == nil || s.limiter.Failures == 0 {
		return done, nil
	}
	c := caller{class: classFailures, kind: byAddress, net: network(r.IP)}
	st := s.limiter.take(c, s.limiter.Failures)
	if st.over {
		st.tell(w.Header(), s.limiter.Window)
		return done, tooMany("Too many attempts to sign in failed from your address. Try again in %d seconds.", seconds(st.reset))
	}
	return func(err error) {
		if err == nil {
			s.limiter.give(c)
		}
	}, nil
}
