package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	groupMemberColumns = `
		SELECT m.group_id, g.name, g.org_id, m.user_id, u.name, u.full_name, m.role, m.created_at
		FROM group_members m JOIN resource_groups g ON g.id = m.group_id JOIN namespaces u ON u.id = m.user_id `
	selectGroupMembers = groupMemberColumns + `WHERE m.group_id = ? ORDER BY m.user_id`
	selectGroupMember  = groupMemberColumns + `WHERE m.group_id = ? AND m.user_id = ?`
	selectGroupsOf     = groupMemberColumns + `WHERE g.org_id = ? AND m.user_id = ? ORDER BY m.group_id`
	// A membership of a group counts only beside one of its organization.
	selectAllGroupsOf = groupMemberColumns + `
		JOIN members o ON o.org_id = g.org_id AND o.user_id = m.user_id WHERE m.user_id = ? ORDER BY m.group_id`
	insertGroupMember = `INSERT INTO group_members (group_id, user_id, role, created_at) VALUES (?, ?, ?, ?)`
	updateGroupMember = `UPDATE group_members SET role = ? WHERE group_id = ? AND user_id = ?`
	deleteGroupMember = `DELETE FROM group_members WHERE group_id = ? AND user_id = ?`

	deleteGroupMembers       = `DELETE FROM group_members WHERE group_id = ?`
	deleteGroupMembershipsOf = `DELETE FROM group_members WHERE user_id = ?`
	deleteGroupMembershipsIn = `
		DELETE FROM group_members WHERE user_id = ? AND group_id IN (SELECT id FROM resource_groups WHERE org_id = ?)`
	selectJoining = `
		SELECT m.user_id FROM members m
		WHERE m.org_id = ? AND m.role >= ? AND NOT EXISTS (
			SELECT 1 FROM group_members g WHERE g.group_id = ? AND g.user_id = m.user_id)
		ORDER BY m.user_id`
	selectAutoGroups = groupColumns + `WHERE g.org_id = ? AND g.auto_join_scope <> '' ORDER BY g.id`
)

func scanGroupMember(s scanner) (m hub.GroupMember, err error) {
	return m, s.Scan(&m.GroupID, &m.GroupName, &m.OrgID, &m.UserID, &m.UserName, &m.FullName, &m.Role, asTime{&m.CreatedAt})
}

func notInGroup() error {
	return hub.Errorf(hub.NotFound, "This user is not a member of the resource group.")
}

// GroupMembers returns the members of a resource group in the order of their ids. An unknown group has none.
func (db *DB) GroupMembers(ctx context.Context, groupID hub.ID) ([]hub.GroupMember, error) {
	all, err := collect(ctx, db.single, scanGroupMember, selectGroupMembers, groupID)
	return all, db.fail(err, "listing the members of a resource group")
}

// GroupsOf returns the memberships that a person has in the resource groups of an organization.
func (db *DB) GroupsOf(ctx context.Context, orgID, userID hub.ID) ([]hub.GroupMember, error) {
	all, err := collect(ctx, db.single, scanGroupMember, selectGroupsOf, orgID, userID)
	return all, db.fail(err, "listing the resource groups of a member")
}

// addToGroup adds members of the organization, which is locked; Forbidden for a non-member and for somebody who is in
// the group already, NotFound for an unknown user.
func (tx *Tx) addToGroup(ctx context.Context, g hub.ResourceGroup, members []hub.GroupMember) error {
	for _, m := range members {
		u, err := readUser(ctx, tx.queries, selectUserByID, m.UserID)
		if err != nil {
			return err
		}
		role, err := tx.memberRole(ctx, g.OrgID, m.UserID)
		if err != nil {
			return err
		}
		if role == hub.RoleNone {
			return hub.Errorf(hub.Forbidden, "%s is not a member of the organization.", u.Name)
		}
		old, err := collect(ctx, tx.queries, scanGroupMember, selectGroupMember, g.ID, m.UserID)
		if err != nil {
			return err
		}
		if len(old) > 0 {
			return hub.Errorf(hub.Forbidden, "%s is already a member of the resource group.", u.Name)
		}
		if _, err := tx.exec(ctx, insertGroupMember, g.ID, m.UserID, m.Role, tx.at); err != nil {
			return err
		}
		tx.stale(userChange(m.UserID))
	}
	return nil
}

// AddGroupMembers adds people to a resource group, all or none. NotFound for an unknown group or user; Forbidden for
// somebody who is in it already or is no member of the organization.
func (db *DB) AddGroupMembers(ctx context.Context, groupID hub.ID, members []hub.GroupMember, ev hub.Event) error {
	return db.changeGroup(ctx, groupID, ev, "resource_group.add_users", func(tx *Tx, g hub.ResourceGroup) error {
		return tx.addToGroup(ctx, g, members)
	})
}

// SetGroupMember changes the role of a member of a resource group. NotFound.
func (db *DB) SetGroupMember(ctx context.Context, groupID, userID hub.ID, role hub.Role, ev hub.Event) error {
	return db.changeGroup(ctx, groupID, ev, "resource_group.change_role", func(tx *Tx, g hub.ResourceGroup) error {
		n, err := tx.exec(ctx, updateGroupMember, role, groupID, userID)
		if err == nil && n == 0 {
			err = notInGroup()
		}
		tx.stale(userChange(userID))
		return err
	})
}

// RemoveGroupMember ends a membership of a resource group. NotFound.
func (db *DB) RemoveGroupMember(ctx context.Context, groupID, userID hub.ID, ev hub.Event) error {
	return db.changeGroup(ctx, groupID, ev, "resource_group.remove_users", func(tx *Tx, g hub.ResourceGroup) error {
		n, err := tx.exec(ctx, deleteGroupMember, groupID, userID)
		if err == nil && n == 0 {
			err = notInGroup()
		}
		tx.stale(userChange(userID))
		return err
	})
}

// changeGroup runs f with the organization of the group locked.
func (db *DB) changeGroup(ctx context.Context, groupID hub.ID, ev hub.Event, kind string, f func(*Tx, hub.ResourceGroup) error) error {
	return db.mutate(ctx, "changing the members of a resource group", func(tx *Tx) error {
		g, err := tx.enterGroup(ctx, groupID)
		if err != nil {
			return err
		}
		if err := f(tx, g); err != nil {
			return err
		}
		ev.TargetID = groupID
		return tx.record(ctx, about(ev, g.OrgID), kind)
	})
}

// backfill adds everybody who joins the group by themselves and is not in it. The organization is locked.
func (tx *Tx) backfill(ctx context.Context, g hub.ResourceGroup) error {
	least := hub.RoleNoAccess
	switch g.AutoJoinScope {
	case hub.AutoJoinOff:
		return nil
	case hub.AutoJoinReadPlus:
		least = hub.RoleRead
	}
	users, err := collect(ctx, tx.queries, scanOne[hub.ID], selectJoining, g.OrgID, least, g.ID)
	if err != nil {
		return err
	}
	for _, u := range users {
		if _, err := tx.exec(ctx, insertGroupMember, g.ID, u, g.AutoJoinRole, tx.at); err != nil {
			return err
		}
		tx.stale(userChange(u))
	}
	return nil
}

// joinGroups adds a member, new or with a new role, to the groups that are joined without being added.
func (tx *Tx) joinGroups(ctx context.Context, orgID hub.ID) error {
	groups, err := collect(ctx, tx.queries, scanGroup, selectAutoGroups, orgID)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := tx.backfill(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// SetMemberRole gives a member a role and exactly the given memberships of resource groups: none removes the member
// from all of them, except from those that are joined without being added. NotFound for somebody who is no member, or
// a group that the organization does not have; Conflict when the last administrator would lose that role.
func (db *DB) SetMemberRole(ctx context.Context, orgID, userID hub.ID, role hub.Role, groups []hub.GroupMember, ev hub.Event) error {
	return db.mutate(ctx, "changing the role of a member", func(tx *Tx) error {
		if err := tx.lockOrg(ctx, orgID); err != nil {
			return err
		}
		was, err := tx.memberRole(ctx, orgID, userID)
		if err != nil {
			return err
		}
		if was == hub.RoleNone {
			return hub.Errorf(hub.NotFound, "This user is not a member of the organization.")
		}
		if role != hub.RoleAdmin {
			if err := tx.otherAdmin(ctx, orgID, userID); err != nil {
				return err
			}
		}
		if err := tx.putMember(ctx, orgID, userID, role); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, deleteGroupMembershipsIn, userID, orgID); err != nil {
			return err
		}
		for _, g := range groups {
			if err := tx.groupOf(ctx, g.GroupID, orgID); err != nil {
				return err
			}
			g.UserID = userID
			if err := tx.addToGroup(ctx, hub.ResourceGroup{ID: g.GroupID, OrgID: orgID}, []hub.GroupMember{g}); err != nil {
				return err
			}
		}
		if err := tx.joinGroups(ctx, orgID); err != nil {
			return err
		}
		ev.TargetID = userID
		return tx.record(ctx, about(ev, orgID), "org.change_role", userChange(userID))
	})
}
