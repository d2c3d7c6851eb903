package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	selectRepoAt = repoColumns + `WHERE r.namespace_id = ? AND r.type = ? AND r.name_key = ?`
	moveRepo     = `
		UPDATE repos SET group_id = CASE WHEN namespace_id = ? THEN group_id ELSE '' END, namespace_id = ?, name = ?, name_key = ?,
			full_key = (SELECT n.name_key FROM namespaces n WHERE n.id = ?) || '/' || ?, updated_at = ?
		WHERE id = ?`
	upsertAlias = `
		INSERT INTO repo_aliases (namespace_id, type, name_key, repo_id) VALUES (?, ?, ?, ?)
		ON CONFLICT (namespace_id, type, name_key) DO UPDATE SET repo_id = excluded.repo_id`
	deleteAlias = `DELETE FROM repo_aliases WHERE namespace_id = ? AND type = ? AND name_key = ?`

	retirePacksOf   = `UPDATE packs SET state = 'retired', dead_gen = ?, dead_at = ? WHERE repo_id = ? AND state <> 'retired'`
	deleteRefsOf    = `DELETE FROM refs WHERE repo_id = ?`
	deleteReflogOf  = `DELETE FROM reflog WHERE repo_id = ?`
	deleteTagsOf    = `DELETE FROM repo_tags WHERE repo_id = ?`
	deleteAliasesOf = `DELETE FROM repo_aliases WHERE repo_id = ?`
	deleteLinksOf   = `DELETE FROM repo_lfs WHERE repo_id = ?`
	endUploadsInto  = `UPDATE uploads SET lease = 0 WHERE repo_id = ?`
	deleteRepo      = `DELETE FROM repos WHERE id = ?`
)

// MoveRepo gives a repository a new name, a new owner or both; its type stays. The old name leads to it until
// something else takes that name. A new owner's resource groups do not hold it yet. RepoNotFound when it is gone, NotFound when the new owner is, Conflict with URL when
// the new name is taken. Moving it to where it is changes at most the case of its name.
func (db *DB) MoveRepo(ctx context.Context, id hub.ID, to hub.RepoID, namespaceID hub.ID, ev hub.Event) error {
	return db.mutate(ctx, "moving a repository", func(tx *Tx) error {
		if err := tx.lockRepo(ctx, id); err != nil {
			return err
		}
		from, ok, err := readRepo(ctx, tx.queries, selectRepoByID, id)
		if err != nil {
			return err
		}
		if !ok {
			return noRepo()
		}
		owner, err := tx.namespaceByID(ctx, namespaceID)
		if err != nil {
			return err
		}
		key := hub.NameKey(to.Name)
		target := hub.RepoID{Type: from.Type, Namespace: owner.Name, Name: to.Name}
		there, ok, err := readRepo(ctx, tx.queries, selectRepoAt, namespaceID, from.Type, key)
		if err != nil {
			return err
		}
		if ok && there.ID != id {
			return alreadyExists(there.RepoID, nil)
		}
		if err := tx.rename(ctx, from, target, namespaceID, key); err != nil {
			return err
		}
		if err := tx.staleScopesOn(ctx, id); err != nil { // their entity's name and owner are others now
			return err
		}
		if owner.Kind == hub.OrgNamespace && from.NamespaceID != namespaceID {
			if err := tx.lockOrg(ctx, namespaceID); err != nil {
				return err
			}
			if err := tx.reviewOn(ctx, ev, namespaceID, id); err != nil { // tokens that name it speak of the organization now
				return err
			}
		}
		ev.RepoID = id
		return tx.record(ctx, ev, "repo.move", repoChange(id))
	})
}

func (tx *Tx) rename(ctx context.Context, from hub.Repo, target hub.RepoID, namespaceID hub.ID, key string) error {
	_, err := tx.exec(ctx, moveRepo, namespaceID, namespaceID, target.Name, key, namespaceID, key, tx.at, from.ID)
	if err != nil && tx.db.eng.unique(err) {
		return alreadyExists(target, err)
	}
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, deleteAlias, namespaceID, from.Type, key); err != nil {
		return err
	}
	if from.NamespaceID == namespaceID && hub.NameKey(from.Name) == key {
		return nil
	}
	_, err = tx.exec(ctx, upsertAlias, from.NamespaceID, from.Type, hub.NameKey(from.Name), from.ID)
	return err
}

// DeleteRepo removes a repository from sight and frees its name at once. Its packs become retired and its large files
// lose their links; the bytes go when the sweeper comes. RepoNotFound.
func (db *DB) DeleteRepo(ctx context.Context, id hub.ID, ev hub.Event) error {
	return db.mutate(ctx, "deleting a repository", func(tx *Tx) error {
		var gen, epoch int64
		if err := tx.one(ctx, lockRepo, []any{id}, &gen, &epoch); err != nil {
			return orMissing(err, hub.RepoNotFound, noRepo().Message)
		}
		if _, err := tx.exec(ctx, retirePacksOf, gen+1, tx.at, id); err != nil {
			return err
		}
		if err := tx.dropScopesOn(ctx, id); err != nil {
			return err
		}
		ev.RepoID = id
		if err := tx.record(ctx, ev, "repo.delete", repoChange(id)); err != nil { // while its owner can still be told
			return err
		}
		for _, text := range []string{deleteGateRequests, deleteServiceReposOn, deleteRefsOf, deleteReflogOf, deleteTagsOf, deleteAliasesOf, deleteLinksOf, deleteXetLinksOf,
			endUploadsInto, deleteRepo} {
			if _, err := tx.exec(ctx, text, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// lockRepo lets one transaction at a time change a repository. RepoNotFound.
func (tx *Tx) lockRepo(ctx context.Context, id hub.ID) error {
	var gen, epoch int64
	return orMissing(tx.one(ctx, lockRepo, []any{id}, &gen, &epoch), hub.RepoNotFound, noRepo().Message)
}
