package meta

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	deleteScopes = `DELETE FROM token_scopes WHERE token_id = ?`
	insertScope  = `INSERT INTO token_scopes (token_id, position, entity_type, entity_id, perms) VALUES (?, ?, ?, ?, ?)`
	// A scope whose entity is gone is gone, so the joins are not outer ones.
	selectScopes = `
		SELECT s.position, s.entity_type, s.entity_id, n.name, n.id, '', s.perms
		FROM token_scopes s JOIN namespaces n ON n.id = s.entity_id AND n.kind = s.entity_type
		WHERE s.token_id = ?
		UNION ALL
		SELECT s.position, s.entity_type, s.entity_id, n.name || '/' || r.name, n.id, r.group_id, s.perms
		FROM token_scopes s JOIN repos r ON r.id = s.entity_id AND r.type = s.entity_type
			JOIN namespaces n ON n.id = r.namespace_id
		WHERE s.token_id = ?
		UNION ALL
		SELECT s.position, s.entity_type, s.entity_id, n.name || '/' || g.name, n.id, g.id, s.perms
		FROM token_scopes s JOIN resource_groups g ON g.id = s.entity_id AND s.entity_type = 'resource-group'
			JOIN namespaces n ON n.id = g.org_id
		WHERE s.token_id = ?
		ORDER BY 1`
	existsEntity = `
		SELECT (SELECT COUNT(*) FROM namespaces WHERE id = ? AND kind = ?) +
			(SELECT COUNT(*) FROM repos WHERE id = ? AND type = ?) +
			(SELECT COUNT(*) FROM resource_groups WHERE id = ? AND ? = 'resource-group')`
)

// putScopes replaces the scopes of a token. NotFound when an entity is not there, and nothing is kept.
func (tx *Tx) putScopes(ctx context.Context, token hub.ID, scopes []hub.Scope) error {
	if _, err := tx.exec(ctx, deleteScopes, token); err != nil {
		return err
	}
	for i, s := range scopes {
		var n int64
		kind := string(s.EntityType)
		if err := tx.one(ctx, existsEntity, []any{s.EntityID, kind, s.EntityID, kind, s.EntityID, kind}, &n); err != nil {
			return err
		}
		if n == 0 {
			return hub.Errorf(hub.NotFound, "There is no %s that the scope on %q could name.", kind, cmp.Or(s.EntityName, string(s.EntityID)))
		}
		if _, err := tx.exec(ctx, insertScope, token, i, kind, s.EntityID, list(s.Permissions)); err != nil {
			return err
		}
	}
	return nil
}

// scopesOf returns a token's scopes in the order in which they were given, with the names of today.
func scopesOf(ctx context.Context, q queries, token hub.ID) ([]hub.Scope, error) {
	return collect(ctx, q, func(s scanner) (c hub.Scope, err error) {
		var position int64
		return c, s.Scan(&position, &c.EntityType, &c.EntityID, &c.EntityName, &c.NamespaceID, &c.GroupID, asJSON{&c.Permissions})
	}, selectScopes, token, token, token)
}

// sortedKeys makes batches take their row locks in one order, so that two of them cannot wait for each other.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
