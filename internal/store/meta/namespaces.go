package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	selectNamespace   = `SELECT id, name, kind FROM namespaces WHERE name_key = ?`
	selectNamespaceID = `SELECT id, name, kind FROM namespaces WHERE id = ?`
	insertNamespace   = `INSERT INTO namespaces (id, name, name_key, kind, full_name, email, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`
	updateNamespace   = `UPDATE namespaces SET full_name = ?, email = ? WHERE id = ?`
	deleteNamespace   = `DELETE FROM namespaces WHERE id = ?`
	countOwned        = `SELECT COUNT(*) FROM repos WHERE namespace_id = ?`
	deleteAliasesIn   = `DELETE FROM repo_aliases WHERE namespace_id = ?`
	selectScopedOn    = `SELECT token_id FROM token_scopes WHERE entity_id = ? ORDER BY token_id`
	deleteScopesOn    = `DELETE FROM token_scopes WHERE entity_id = ?`
)

// Namespace finds a user or an organization by name, without regard to case. NotFound.
func (db *DB) Namespace(ctx context.Context, name string) (hub.Namespace, error) {
	n, err := namespaceByName(ctx, db.single, name)
	return n, db.fail(err, "finding a namespace")
}

func namespaceByName(ctx context.Context, q queries, name string) (n hub.Namespace, err error) {
	err = q.one(ctx, selectNamespace, []any{hub.NameKey(name)}, &n.ID, &n.Name, &n.Kind)
	return n, orMissing(err, hub.NotFound, "There is no user or organization of this name.")
}

func (tx *Tx) namespaceByID(ctx context.Context, id hub.ID) (n hub.Namespace, err error) {
	err = tx.one(ctx, selectNamespaceID, []any{id}, &n.ID, &n.Name, &n.Kind)
	return n, orMissing(err, hub.NotFound, "There is no user or organization of this name.")
}

// addNamespace takes the name and the tail of the id; Conflict when a user or an organization has the name in any case, and that
// of claimTail.
func (tx *Tx) addNamespace(ctx context.Context, n hub.Namespace, fullName, email string, created any) error {
	if err := tx.claimTail(ctx, n.ID); err != nil {
		return err
	}
	_, err := tx.exec(ctx, insertNamespace, n.ID, n.Name, hub.NameKey(n.Name), string(n.Kind), fullName, email, created)
	if err != nil && tx.db.eng.unique(err) {
		return hub.Wrap(err, hub.Conflict, "The name %q is already taken.", n.Name)
	}
	return err
}

// emptyNamespace tells whether the namespace owns no repository; Conflict when it does.
func (tx *Tx) emptyNamespace(ctx context.Context, id hub.ID, what string) error {
	var owned int64
	if err := tx.one(ctx, countOwned, []any{id}, &owned); err != nil {
		return err
	}
	if owned > 0 {
		return hub.Errorf(hub.Conflict, "The %s still owns repositories (%d): delete or move them first.", what, owned)
	}
	return nil
}

// dropNamespace frees the name. A repository created there meanwhile makes it a Conflict.
func (tx *Tx) dropNamespace(ctx context.Context, id hub.ID, what string) error {
	if _, err := tx.exec(ctx, deleteAliasesIn, id); err != nil {
		return err
	}
	if err := tx.dropScopesOn(ctx, id); err != nil {
		return err
	}
	_, err := tx.exec(ctx, deleteNamespace, id)
	if err != nil && tx.db.eng.foreign(err) {
		return hub.Wrap(err, hub.Conflict, "The %s still owns repositories: delete or move them first.", what)
	}
	return err
}

// staleScopesOn marks every token that has a scope on the entity.
func (tx *Tx) staleScopesOn(ctx context.Context, entity hub.ID) error {
	tokens, err := collect(ctx, tx.queries, scanOne[hub.ID], selectScopedOn, entity)
	for _, id := range tokens {
		tx.stale(hub.Change{Kind: hub.ChangeToken, ID: id})
	}
	return err
}

func (tx *Tx) dropScopesOn(ctx context.Context, entity hub.ID) error {
	if err := tx.staleScopesOn(ctx, entity); err != nil {
		return err
	}
	_, err := tx.exec(ctx, deleteScopesOn, entity)
	return err
}
