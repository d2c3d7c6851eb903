package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	selectAdministered = `
		SELECT o.id, n.name FROM members m JOIN orgs o ON o.id = m.org_id JOIN namespaces n ON n.id = o.id
		WHERE m.user_id = ? AND m.role = ? ORDER BY o.id`
	selectOrgsOf      = `SELECT o.id, n.name FROM members m JOIN orgs o ON o.id = m.org_id JOIN namespaces n ON n.id = o.id WHERE m.user_id = ? ORDER BY o.id`
	deleteTokenUseOf  = `DELETE FROM token_use WHERE token_id IN (SELECT id FROM tokens WHERE user_id = ?)`
	deleteScopesOf    = `DELETE FROM token_scopes WHERE token_id IN (SELECT id FROM tokens WHERE user_id = ?)`
	deleteOldValuesOf = `DELETE FROM token_old_values WHERE token_id IN (SELECT id FROM tokens WHERE user_id = ?)`
	deleteReachOf     = `DELETE FROM token_reach WHERE token_id IN (SELECT id FROM tokens WHERE user_id = ?)`
	deleteTokensOf    = `DELETE FROM tokens WHERE user_id = ?`
	deleteSessionsOf  = `DELETE FROM sessions WHERE user_id = ?`
	deleteMemberships = `DELETE FROM members WHERE user_id = ?`
	deleteUser        = `DELETE FROM users WHERE id = ?`
	endUploadsOf      = `UPDATE uploads SET lease = 0 WHERE user_id = ?`
)

// DeleteUser removes an account with its tokens, sessions and memberships, and frees the name. Conflict while it owns
// repositories or is the only administrator of an organization. NotFound. Each organization that he was in finds in its log that he
// is gone.
func (db *DB) DeleteUser(ctx context.Context, userID hub.ID, ev hub.Event) error {
	return db.mutate(ctx, "deleting a user", func(tx *Tx) error {
		u, err := readUser(ctx, tx.queries, selectUserByID, userID)
		if err != nil {
			return err
		}
		if err := tx.emptyNamespace(ctx, userID, "user"); err != nil {
			return err
		}
		if err := tx.leaveOrgs(ctx, userID); err != nil {
			return err
		}
		orgs, err := collect(ctx, tx.queries, scanNamed, selectOrgsOf, userID)
		if err != nil {
			return err
		}
		for _, text := range []string{deleteTokenUseOf, deleteScopesOf, deleteOldValuesOf, deleteReachOf, deleteGrantsOf, deleteTokensOf, deleteSessionsOf,
			deleteGroupMembershipsOf, deleteMemberships, endUploadsOf, deleteUser} {
			if _, err := tx.exec(ctx, text, userID); err != nil {
				return err
			}
		}
		if err := tx.dropNamespace(ctx, userID, "user"); err != nil {
			return err
		}
		for _, o := range orgs {
			left := ev
			left.Type, left.NamespaceID, left.TargetID, left.Notices = "org.remove_user", o.ID, userID, nil
			left.Message = "removed " + u.Name + " from " + o.Name + ": the account was deleted"
			if err := tx.record(ctx, left, ""); err != nil {
				return err
			}
		}
		return tx.record(ctx, about(ev, userID), "user.delete", userChange(userID))
	})
}

// leaveOrgs makes sure that every organization that the user administers has another administrator.
func (tx *Tx) leaveOrgs(ctx context.Context, userID hub.ID) error {
	orgs, err := collect(ctx, tx.queries, scanNamed, selectAdministered, userID, hub.RoleAdmin)
	if err != nil {
		return err
	}
	for _, o := range orgs {
		if err := tx.lockOrg(ctx, o.ID); err != nil {
			return err
		}
		if err := tx.otherAdmin(ctx, o.ID, userID); err != nil {
			return hub.Wrap(err, hub.Conflict, "The user is the only administrator of %s: name another one first.", o.Name)
		}
	}
	return nil
}

// scanNamed reads the id and the name of a namespace.
func scanNamed(s scanner) (n hub.Namespace, err error) { return n, s.Scan(&n.ID, &n.Name) }
