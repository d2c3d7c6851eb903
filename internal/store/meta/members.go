package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	memberColumns = `
		SELECT m.org_id, o.name, m.user_id, u.name, u.full_name, m.role, m.created_at
		FROM members m JOIN namespaces o ON o.id = m.org_id JOIN namespaces u ON u.id = m.user_id `
	selectMembers     = memberColumns + `WHERE m.org_id = ? AND m.user_id > ? ORDER BY m.user_id LIMIT ?`
	selectAllMembers  = memberColumns + `WHERE m.org_id = ? ORDER BY m.user_id`
	selectMemberships = memberColumns + `WHERE m.user_id = ? ORDER BY m.org_id`
	upsertMember      = `
		INSERT INTO members (org_id, user_id, role, created_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role`
	deleteMember = `DELETE FROM members WHERE org_id = ? AND user_id = ?`
	// Who is suspended cannot act for the organization.
	countOtherAdmin = `
		SELECT COUNT(*) FROM members m JOIN users u ON u.id = m.user_id
		WHERE m.org_id = ? AND m.user_id <> ? AND m.role = ? AND u.suspended = 0`
)

func scanMember(s scanner) (m hub.Member, err error) {
	return m, s.Scan(&m.OrgID, &m.OrgName, &m.UserID, &m.UserName, &m.FullName, &m.Role, asTime{&m.CreatedAt})
}

// SetMember adds a user to an organization or changes the role. Conflict when the last administrator would lose that
// role; NotFound when there is no such organization or user; InvalidInput for RoleNone.
func (db *DB) SetMember(ctx context.Context, orgID, userID hub.ID, role hub.Role, ev hub.Event) error {
	if role <= hub.RoleNone || role > hub.RoleAdmin {
		return hub.Errorf(hub.InvalidInput, "A member needs one of the roles admin, write, contributor, read or no_access.")
	}
	return db.mutate(ctx, "setting a member", func(tx *Tx) error {
		if err := tx.lockOrg(ctx, orgID); err != nil {
			return err
		}
		if _, err := readUser(ctx, tx.queries, selectUserByID, userID); err != nil {
			return err
		}
		if role != hub.RoleAdmin {
			if err := tx.otherAdmin(ctx, orgID, userID); err != nil {
				return err
			}
		}
		before, err := tx.memberRole(ctx, orgID, userID)
		if err != nil {
			return err
		}
		if err := tx.putMember(ctx, orgID, userID, role); err != nil {
			return err
		}
		if err := tx.joinGroups(ctx, orgID); err != nil {
			return err
		}
		if before == hub.RoleNone { // tokens that speak of the organization already are reviewed now
			if err := tx.reviewOf(ctx, ev, orgID, userID); err != nil {
				return err
			}
		}
		if ev.TargetID == "" {
			ev.TargetID = userID
		}
		return tx.record(ctx, about(ev, orgID), "org.set_member", userChange(userID))
	})
}

func (tx *Tx) putMember(ctx context.Context, orgID, userID hub.ID, role hub.Role) error {
	_, err := tx.exec(ctx, upsertMember, orgID, userID, role, tx.at)
	return err
}

// otherAdmin tells whether the organization, which is locked, has an administrator besides the user; else Conflict.
func (tx *Tx) otherAdmin(ctx context.Context, orgID, userID hub.ID) error {
	var n int64
	if err := tx.one(ctx, countOtherAdmin, []any{orgID, userID, hub.RoleAdmin}, &n); err != nil {
		return err
	}
	if n == 0 {
		return hub.Errorf(hub.Conflict, "An organization needs an administrator: name another one first.")
	}
	return nil
}

// RemoveMember ends a membership. Conflict for the last administrator; NotFound when there is no such membership.
func (db *DB) RemoveMember(ctx context.Context, orgID, userID hub.ID, ev hub.Event) error {
	return db.mutate(ctx, "removing a member", func(tx *Tx) error {
		if err := tx.lockOrg(ctx, orgID); err != nil {
			return err
		}
		n, err := tx.exec(ctx, deleteMember, orgID, userID)
		if err != nil {
			return err
		}
		if n == 0 {
			return hub.Errorf(hub.NotFound, "This user is not a member of the organization.")
		}
		if err := tx.otherAdmin(ctx, orgID, userID); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, deleteGroupMembershipsIn, userID, orgID); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, deleteGrantsLeft, orgID, userID); err != nil { // a revocation is remembered
			return err
		}
		if ev.TargetID == "" {
			ev.TargetID = userID
		}
		return tx.record(ctx, about(ev, orgID), "org.remove_member", userChange(userID))
	})
}

// Members returns up to limit members of an organization whose user id is greater than after, in the order of ids.
// An unknown organization has none.
func (db *DB) Members(ctx context.Context, orgID, after hub.ID, limit int) ([]hub.Member, error) {
	members, err := collect(ctx, db.single, scanMember, selectMembers, orgID, after, limit)
	return members, db.fail(err, "listing members")
}

// MembershipsOf returns all memberships of a user in the order of the organizations' ids.
func (db *DB) MembershipsOf(ctx context.Context, userID hub.ID) ([]hub.Member, error) {
	members, err := collect(ctx, db.single, scanMember, selectMemberships, userID)
	return members, db.fail(err, "listing memberships")
}
