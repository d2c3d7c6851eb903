package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	selectRef  = `SELECT name, target FROM refs WHERE repo_id = ? AND name = ?`
	selectRefs = `SELECT name, target FROM refs WHERE repo_id = ? AND name >= ? AND name < ? ORDER BY name`
	upsertRef  = `
		INSERT INTO refs (repo_id, name, target) VALUES (?, ?, ?)
		ON CONFLICT (repo_id, name) DO UPDATE SET target = excluded.target`
	deleteRef    = `DELETE FROM refs WHERE repo_id = ? AND name = ?`
	insertReflog = `
		INSERT INTO reflog (repo_id, gen, name, old_target, new_target, actor_id, publication_id, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	selectRefsBelow = `SELECT name FROM refs WHERE repo_id = ? AND name >= ? AND name < ? ORDER BY name LIMIT 1`
)

func scanRef(s scanner) (r hub.Ref, err error) { return r, s.Scan(&r.Name, asOID{&r.Target}) }

// Refs returns the refs whose full name starts with prefix, in the byte order of their names. An unknown repository
// has none.
func (db *DB) Refs(ctx context.Context, repoID hub.ID, prefix string) ([]hub.Ref, error) {
	refs, err := collect(ctx, db.single, scanRef, selectRefs, repoID, prefix, afterPrefix(prefix))
	return refs, db.fail(err, "listing refs")
}

// Ref returns one ref by its full name. RevisionNotFound.
func (db *DB) Ref(ctx context.Context, repoID hub.ID, name string) (hub.Ref, error) {
	missing := func(err error) bool { return hub.Is(err, hub.RevisionNotFound) }
	return remember(db.memo, memoKey{what: "ref", a: string(repoID), b: name}, missing, func() (r hub.Ref, err error) {
		err = db.single.one(ctx, selectRef, []any{repoID, name}, &r.Name, asOID{&r.Target})
		return r, db.fail(orMissing(err, hub.RevisionNotFound, "Invalid rev id: "+name), "finding a ref")
	})
}

// afterPrefix returns a text above every one that starts with prefix. Names are UTF-8, in which U+10FFFF is the
// greatest character.
func afterPrefix(prefix string) string { return prefix + "\U0010FFFF" }
