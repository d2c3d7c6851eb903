package git

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

type saying struct {
	Authorizer
	err error
}

func (s *saying) Recheck(context.Context, access.Grant) (access.Grant, error) {
	return access.Grant{}, s.err
}

// TestFetchesEndWithTheirRight writes on while the right stands and while nobody can tell, and not a byte afterwards.
func TestFetchesEndWithTheirRight(t *testing.T) {
	a := &saying{}
	var out bytes.Buffer
	w := (&Service{authz: a}).standing(context.Background(), access.Grant{}, &out)
	w.next, w.every = w.next.Add(-2*standEvery), 0
	for _, c := range []struct {
		err  error
		goes bool
	}{{nil, true}, {errors.New("no database"), true}, {hub.Errorf(hub.Unavailable, "later"), true}, {hub.Errorf(hub.RepoNotFound, "no"), false}} {
		a.err = c.err
		before := out.Len()
		n, err := w.Write([]byte("pack"))
		if goes := err == nil && n == 4 && out.Len() == before+4; goes != c.goes {
			t.Errorf("%v: wrote %d, %v", c.err, n, err)
		}
	}
}
