package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	groupColumns = `
		SELECT g.id, g.org_id, o.name, g.name, g.description, g.auto_join_role, g.auto_join_scope, g.spend_limits, g.created_by, g.created_at
		FROM resource_groups g JOIN namespaces o ON o.id = g.org_id `
	selectGroup       = groupColumns + `WHERE g.id = ?`
	selectGroupByName = groupColumns + `WHERE g.org_id = ? AND g.name_key = ?`
	selectGroups      = groupColumns + `WHERE g.org_id = ? ORDER BY g.name_key`
	insertGroup       = `
		INSERT INTO resource_groups (id, org_id, name, name_key, description, auto_join_role, auto_join_scope, created_by, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	updateGroup = `
		UPDATE resource_groups SET name = ?, name_key = ?, description = ?, auto_join_role = ?, auto_join_scope = ?, spend_limits = ? WHERE id = ?`
	lockGroup          = `SELECT id FROM resource_groups WHERE id = ? FOR UPDATE`
	deleteGroup        = `DELETE FROM resource_groups WHERE id = ?`
	deleteGroupsIn     = `DELETE FROM resource_groups WHERE org_id = ?`
	countGroupRepos    = `SELECT COUNT(*) FROM repos WHERE group_id = ?`
	selectGroupRepos   = repoColumns + `WHERE r.group_id = ? AND ` + isVisible + ` ORDER BY r.full_key, r.id`
	updateRepoGroup    = `UPDATE repos SET group_id = ?, updated_at = ? WHERE id = ?`
	deleteGateGrantsTo = `DELETE FROM gate_requests WHERE kind = ? AND subject_id = ?`
)

func scanGroup(s scanner) (g hub.ResourceGroup, err error) {
	return g, s.Scan(&g.ID, &g.OrgID, &g.OrgName, &g.Name, &g.Description, &g.AutoJoinRole, &g.AutoJoinScope, &g.SpendLimits, &g.CreatedBy,
		asTime{&g.CreatedAt})
}

func noGroup() error { return hub.Errorf(hub.NotFound, "There is no such resource group.") }

func readGroup(ctx context.Context, q queries, text string, args ...any) (hub.ResourceGroup, error) {
	all, err := collect(ctx, q, scanGroup, text, args...)
	if err != nil {
		return hub.ResourceGroup{}, err
	}
	if len(all) == 0 {
		return hub.ResourceGroup{}, noGroup()
	}
	return all[0], nil
}

// GroupByID finds a resource group. NotFound.
func (db *DB) GroupByID(ctx context.Context, id hub.ID) (hub.ResourceGroup, error) {
	g, err := readGroup(ctx, db.single, selectGroup, id)
	return g, db.fail(err, "finding a resource group")
}

// GroupByName finds a resource group of an organization without regard to case. NotFound.
func (db *DB) GroupByName(ctx context.Context, orgID hub.ID, name string) (hub.ResourceGroup, error) {
	g, err := readGroup(ctx, db.single, selectGroupByName, orgID, hub.NameKey(name))
	return g, db.fail(err, "finding a resource group")
}

// Groups returns the resource groups of an organization in the order of their names.
func (db *DB) Groups(ctx context.Context, orgID hub.ID) ([]hub.ResourceGroup, error) {
	all, err := collect(ctx, db.single, scanGroup, selectGroups, orgID)
	return all, db.fail(err, "listing resource groups")
}

// GroupRepos returns those repositories of a resource group that are visible under v, in the order of their names.
func (db *DB) GroupRepos(ctx context.Context, groupID hub.ID, v hub.Visible) ([]hub.Repo, error) {
	all, err := collect(ctx, db.single, scanRepo, selectGroupRepos, append([]any{groupID}, visibleArgs(v)...)...)
	return all, db.fail(err, "listing the repositories of a resource group")
}

// CreateGroup adds a resource group with its first members, those who join by themselves, and the repositories that it
// begins with, each named by the RepoID of its own event. The caller chooses g.ID and has checked the name. Everything or
// nothing: Conflict when the organization has a group of that name, and with hub.ErrTailTaken as cause; NotFound when there is no such organization or user;
// Forbidden for somebody who is no member of the organization; RepoNotFound for a repository that is not there any more,
// NotFound for one that is not the organization's.
func (db *DB) CreateGroup(ctx context.Context, g hub.ResourceGroup, members []hub.GroupMember, ev hub.Event, repos ...hub.Event) error {
	return db.mutate(ctx, "creating a resource group", func(tx *Tx) error {
		if err := tx.lockOrg(ctx, g.OrgID); err != nil {
			return err
		}
		if err := tx.claimTail(ctx, g.ID); err != nil {
			return err
		}
		_, err := tx.exec(ctx, insertGroup, g.ID, g.OrgID, g.Name, hub.NameKey(g.Name), g.Description, g.AutoJoinRole,
			string(g.AutoJoinScope), g.CreatedBy, tx.when(g.CreatedAt))
		if err != nil && tx.db.eng.unique(err) {
			return groupTaken(g.Name, err)
		}
		if err != nil {
			return err
		}
		if err := tx.addToGroup(ctx, g, members); err != nil {
			return err
		}
		if err := tx.backfill(ctx, g); err != nil {
			return err
		}
		ev.TargetID = g.ID
		if err := tx.record(ctx, about(ev, g.OrgID), "resource_group.create"); err != nil {
			return err
		}
		for _, ev := range repos {
			if err := tx.moveToGroup(ctx, ev.RepoID, g.ID, ev); err != nil {
				return err
			}
		}
		return nil
	})
}

func groupTaken(name string, cause error) error {
	return hub.Wrap(cause, hub.Conflict, "The organization already has a resource group called %q.", name)
}

// ChangeGroup reads a group under its organization's lock, lets change alter name, description, spend limits and automatic
// joining, and stores them; who now joins by themselves are added, and nobody is removed. change returns the sentence for the
// audit log and may run more than once. NotFound; Conflict when the name is taken; and the errors of change, as they are.
func (db *DB) ChangeGroup(ctx context.Context, id hub.ID, ev hub.Event, change func(*hub.ResourceGroup) (message string, err error)) error {
	return db.mutate(ctx, "changing a resource group", func(tx *Tx) error {
		g, err := tx.enterGroup(ctx, id)
		if err != nil {
			return err
		}
		if ev.Message, err = change(&g); err != nil {
			return err
		}
		_, err = tx.exec(ctx, updateGroup, g.Name, hub.NameKey(g.Name), g.Description, g.AutoJoinRole, string(g.AutoJoinScope), string(g.SpendLimits), id)
		if err != nil && tx.db.eng.unique(err) {
			return groupTaken(g.Name, err)
		}
		if err != nil {
			return err
		}
		if err := tx.backfill(ctx, g); err != nil {
			return err
		}
		if err := tx.staleScopesOn(ctx, id); err != nil {
			return err
		}
		ev.TargetID = id
		return tx.record(ctx, about(ev, g.OrgID), "resource_group.settings")
	})
}

// DeleteGroup removes a resource group, its memberships, the scopes on it and what gates it was let through.
// Conflict while repositories are in it, because they would come into sight of the whole organization. NotFound.
func (db *DB) DeleteGroup(ctx context.Context, id hub.ID, ev hub.Event) error {
	return db.mutate(ctx, "deleting a resource group", func(tx *Tx) error {
		g, err := tx.enterGroup(ctx, id)
		if err != nil {
			return err
		}
		var n int64
		if err := tx.one(ctx, countGroupRepos, []any{id}, &n); err != nil {
			return err
		}
		if n > 0 {
			return hub.Errorf(hub.Conflict, "The resource group still holds repositories (%d): move them out first, as they would become visible to the whole organization.", n)
		}
		if err := tx.emptyGroup(ctx, id); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, deleteGroup, id); err != nil {
			return err
		}
		ev.TargetID = id
		return tx.record(ctx, about(ev, g.OrgID), "resource_group.delete")
	})
}

// emptyGroup removes everything that refers to a group.
func (tx *Tx) emptyGroup(ctx context.Context, id hub.ID) error {
	members, err := collect(ctx, tx.queries, scanGroupMember, selectGroupMembers, id)
	if err != nil {
		return err
	}
	for _, m := range members {
		tx.stale(userChange(m.UserID))
	}
	if err := tx.dropScopesOn(ctx, id); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, deleteGateGrantsTo, string(hub.GateGroup), id); err != nil {
		return err
	}
	_, err = tx.exec(ctx, deleteGroupMembers, id)
	return err
}

// enterGroup lets one transaction at a time change a group and who is in it, and returns the group. NotFound.
func (tx *Tx) enterGroup(ctx context.Context, id hub.ID) (hub.ResourceGroup, error) {
	g, err := readGroup(ctx, tx.queries, selectGroup, id)
	if err == nil {
		err = tx.lockOrg(ctx, g.OrgID)
	}
	if err != nil {
		return g, err
	}
	return tx.keepGroup(ctx, id)
}

// keepGroup returns a group, which stays until the transaction ends: nothing is put into one that is being deleted. NotFound.
func (tx *Tx) keepGroup(ctx context.Context, id hub.ID) (hub.ResourceGroup, error) {
	var got hub.ID
	if err := tx.one(ctx, lockGroup, []any{id}, &got); err != nil {
		return hub.ResourceGroup{}, orMissing(err, hub.NotFound, "There is no such resource group.")
	}
	return readGroup(ctx, tx.queries, selectGroup, id)
}

// groupOf tells whether the group belongs to the namespace, and keeps it; NotFound when it does not.
func (tx *Tx) groupOf(ctx context.Context, groupID, namespaceID hub.ID) error {
	g, err := tx.keepGroup(ctx, groupID)
	if err == nil && g.OrgID != namespaceID {
		err = noGroup()
	}
	return err
}

// SetRepoGroup puts a repository into a resource group of its organization, or into none when groupID is empty.
// RepoNotFound; NotFound when the organization has no such group.
func (db *DB) SetRepoGroup(ctx context.Context, repoID, groupID hub.ID, ev hub.Event) error {
	return db.mutate(ctx, "moving a repository to a resource group", func(tx *Tx) error {
		return tx.moveToGroup(ctx, repoID, groupID, ev)
	})
}

func (tx *Tx) moveToGroup(ctx context.Context, repoID, groupID hub.ID, ev hub.Event) error {
	if err := tx.lockRepo(ctx, repoID); err != nil {
		return err
	}
	r, ok, err := readRepo(ctx, tx.queries, selectRepoByID, repoID)
	if err != nil {
		return err
	}
	if !ok {
		return noRepo()
	}
	if groupID != "" {
		if err := tx.groupOf(ctx, groupID, r.NamespaceID); err != nil {
			return err
		}
	}
	if _, err := tx.exec(ctx, updateRepoGroup, groupID, tx.at, repoID); err != nil {
		return err
	}
	if err := tx.staleScopesOn(ctx, repoID); err != nil {
		return err
	}
	ev.RepoID, ev.TargetID = repoID, groupID
	return tx.record(ctx, about(ev, r.NamespaceID), "repo.update_resource_group", repoChange(repoID))
}
