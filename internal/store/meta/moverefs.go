package meta

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// moveRefs moves each ref from its old target to its new one, in a repository that is locked.
func (tx *Tx) moveRefs(ctx context.Context, pub hub.Publication, gen int64, actor hub.ID) error {
	seen := map[string]bool{}
	for _, u := range pub.Refs {
		if seen[u.Name] {
			return hub.Errorf(hub.InvalidInput, "The ref %s is updated twice.", u.Name)
		}
		seen[u.Name] = true
		if err := tx.atOld(ctx, pub.RepoID, u); err != nil {
			return err
		}
	}
	// Deletions first, so that a branch may take the place of a folder of branches in one push.
	for _, deleting := range []bool{true, false} {
		for _, u := range pub.Refs {
			if u.New.IsZero() != deleting || u.Old == u.New {
				continue
			}
			if err := tx.moveRef(ctx, pub.RepoID, u); err != nil {
				return err
			}
			_, err := tx.exec(ctx, insertReflog, pub.RepoID, gen, u.Name, u.Old, u.New, actor, pub.ID, tx.when(pub.Event.At))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// atOld is the comparison of compare-and-swap.
func (tx *Tx) atOld(ctx context.Context, repo hub.ID, u hub.RefUpdate) error {
	var r hub.Ref
	err := tx.one(ctx, selectRef, []any{repo, u.Name}, &r.Name, asOID{&r.Target})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if r.Target != u.Old {
		return hub.Wrap(&hub.RefMismatch{Name: u.Name, Actual: r.Target}, hub.PreconditionFailed,
			"%s is not where this change was prepared for: somebody else has changed it meanwhile.", u.Name)
	}
	return nil
}

func (tx *Tx) moveRef(ctx context.Context, repo hub.ID, u hub.RefUpdate) error {
	if u.New.IsZero() {
		_, err := tx.exec(ctx, deleteRef, repo, u.Name)
		return err
	}
	if u.Old.IsZero() {
		if err := tx.freeRefName(ctx, repo, u.Name); err != nil {
			return err
		}
	}
	_, err := tx.exec(ctx, upsertRef, repo, u.Name, u.New)
	return err
}

// freeRefName refuses refs/heads/a beside refs/heads/a/b, which git clients with refs in files cannot fetch.
func (tx *Tx) freeRefName(ctx context.Context, repo hub.ID, name string) error {
	clash := func(other string) error {
		return hub.Errorf(hub.Conflict, "%s cannot be created because %s exists.", name, other)
	}
	below, err := collect(ctx, tx.queries, scanOne[string], selectRefsBelow, repo, name+"/", afterPrefix(name+"/"))
	if err != nil {
		return err
	}
	if len(below) > 0 {
		return clash(below[0])
	}
	for i := strings.LastIndexByte(name, '/'); i > 0; i = strings.LastIndexByte(name[:i], '/') {
		var r hub.Ref
		err := tx.one(ctx, selectRef, []any{repo, name[:i]}, &r.Name, asOID{&r.Target})
		if err == nil {
			return clash(r.Name)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return nil
}
