package lfs

import (
	"net/http"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/locks"
)

// WithLocks makes the API answer about file locks with those of l. It returns the API.
// Source: git-lfs docs/api/locking.md.
func (a *API) WithLocks(l *locks.Service) *API {
	a.locks = l
	return a
}

// registerLocks adds the routes about locks.
func (a *API) registerLocks(s *httpd.Server, says httpd.Option) {
	if a.locks == nil {
		for _, p := range []string{"GET /info/lfs/locks", "POST /info/lfs/locks", "POST /info/lfs/locks/verify"} {
			s.Repo(httpd.RepoWeb, p, access.RepoView, noLocks, says)
		}
		return
	}
	login := httpd.WithCredential(a.login)
	for pattern, route := range map[string]struct {
		action access.Action
		handle func(http.ResponseWriter, *httpd.Request, access.Grant) error
	}{
		"GET /info/lfs/locks":              {access.RepoContentRead, a.listLocks},
		"POST /info/lfs/locks":             {access.RepoWrite, a.createLock},
		"POST /info/lfs/locks/verify":      {access.RepoWrite, a.verifyLocks},
		"POST /info/lfs/locks/{id}/unlock": {access.RepoWrite, a.unlock},
	} {
		s.Repo(httpd.RepoWeb, pattern, route.action, func(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
			repo, err := g.Repo(route.action)
			if err == nil {
				err = holds(r, repo, route.action)
			}
			if err != nil {
				return err
			}
			return route.handle(w, r, g)
		}, says, login)
	}
}

// noLocks says that there are none, which git-lfs remembers and does not mention.
// Source: git-lfs commands/lockverifier.go.
func noLocks(http.ResponseWriter, *httpd.Request, access.Grant) error {
	return hub.Errorf(hub.NotFound, "This hub has no file locks.")
}

type lockAnswer struct {
	ID       hub.ID    `json:"id"`
	Path     string    `json:"path"`
	LockedAt time.Time `json:"locked_at"`
	Owner    struct {
		Name string `json:"name"`
	} `json:"owner"`
}

func lockOf(l hub.FileLock) lockAnswer {
	a := lockAnswer{ID: l.ID, Path: l.Path, LockedAt: l.CreatedAt}
	a.Owner.Name = l.OwnerName
	return a
}

func locksOf(list []hub.FileLock) []lockAnswer {
	out := make([]lockAnswer, len(list))
	for i, l := range list {
		out[i] = lockOf(l)
	}
	return out
}

// refName is how requests name the branch that they are about. It is noted, not judged: a lock holds for all branches.
type refName struct {
	Name string `json:"name"`
}

func (a *API) createLock(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var q struct {
		Path string   `json:"path"`
		Ref  *refName `json:"ref"`
	}
	if err := r.JSON(&q); err != nil {
		return err
	}
	ref := ""
	if q.Ref != nil {
		ref = q.Ref.Name
	}
	l, err := a.locks.Create(r.Context(), g, q.Path, ref, r.Event("repo.lock"))
	if hub.Is(err, hub.Conflict) && l.ID != "" {
		reply(w, http.StatusConflict, struct {
			Lock    lockAnswer `json:"lock"`
			Message string     `json:"message"`
		}{lockOf(l), "already created lock"})
		return nil
	}
	if err != nil {
		return err
	}
	reply(w, http.StatusCreated, struct {
		Lock lockAnswer `json:"lock"`
	}{lockOf(l)})
	return nil
}

func (a *API) listLocks(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	limit, err := r.QueryInt("limit", 0, 0, 1<<30)
	if err != nil {
		return err
	}
	v := r.URL.Query()
	list, next, err := a.locks.List(r.Context(), g, locks.Query{Path: v.Get("path"), ID: hub.ID(v.Get("id")), After: hub.ID(v.Get("cursor")), Limit: limit})
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, struct {
		Locks []lockAnswer `json:"locks"`
		Next  hub.ID       `json:"next_cursor,omitempty"`
	}{locksOf(list), next})
	return nil
}

func (a *API) verifyLocks(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var q struct {
		Cursor hub.ID `json:"cursor"`
		Limit  int    `json:"limit"`
	}
	if err := r.JSON(&q); err != nil {
		return err
	}
	list, next, err := a.locks.List(r.Context(), g, locks.Query{After: q.Cursor, Limit: q.Limit})
	if err != nil {
		return err
	}
	ours, theirs := []lockAnswer{}, []lockAnswer{}
	for _, l := range list {
		if l.OwnerID == r.Subject.ActorID() {
			ours = append(ours, lockOf(l))
		} else {
			theirs = append(theirs, lockOf(l))
		}
	}
	reply(w, http.StatusOK, struct {
		Ours   []lockAnswer `json:"ours"`
		Theirs []lockAnswer `json:"theirs"`
		Next   hub.ID       `json:"next_cursor,omitempty"`
	}{ours, theirs, next})
	return nil
}

func (a *API) unlock(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var q struct {
		Force bool `json:"force"`
	}
	if err := r.JSON(&q); err != nil {
		return err
	}
	l, err := a.locks.Unlock(r.Context(), g, hub.ID(r.Param("id")), q.Force, r.Event("repo.unlock"))
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, struct {
		Lock lockAnswer `json:"lock"`
	}{lockOf(l)})
	return nil
}
