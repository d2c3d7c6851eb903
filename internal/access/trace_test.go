package access

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestSupposedRepositories: supposing a repository that is there comes to what asking about it comes to, for whoever asks and
// whatever is asked.
func TestSupposedRepositories(t *testing.T) {
	w := readWorld(t)
	az := NewAuthorizer(w, Options{Now: func() time.Time { return spaceNow }})
	for who := range w.users {
		for _, token := range []string{"session", "read,expired", "write", "fg[org:acme=repo.content.read;model:umbrella/secret=repo.write]"} {
			s := w.subject(t, who, token)
			for _, r := range w.repos {
				for _, a := range Actions() {
					if !a.takes(repoTarget) {
						continue
					}
					n := Need{a, Repo(r.RepoID)}
					got, err := az.TraceRepo(s, n, r)
					want, wantErr := az.Trace(context.Background(), s, n)
					if err != nil || wantErr != nil {
						t.Fatal(err, wantErr)
					}
					forget(&got)
					forget(&want)
					if !reflect.DeepEqual(got, want) {
						t.Fatalf("%s with %s, %s:\nsupposed %+v\nasked    %+v", who, token, n, got, want)
					}
				}
			}
		}
	}
	for _, n := range []Need{{RepoView, Hub()}, {RepoCreate, NewRepo(hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "x"})}, {OrgRead, Repo(hub.RepoID{})}, {OrgRead, Namespace("acme")}} {
		if _, err := az.TraceRepo(Anonymous(), n, hub.Repo{}); !hub.Is(err, hub.InvalidInput) {
			t.Errorf("%s of a supposed repository: %v", n, err)
		}
	}
}

// forget leaves out what cannot be compared, and the hint about other types, which is about what is there.
func forget(tr *Trace) {
	for i := range tr.Changes {
		tr.Changes[i].edit = nil
	}
	if e, ok := tr.Told.(*hub.Error); ok {
		e.Hint = ""
	}
}
