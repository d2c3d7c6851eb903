package meta

import (
	"context"
	"errors"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	orgColumns = `
		SELECT n.id, n.name, n.full_name, n.email, o.default_visibility, n.created_at
		FROM orgs o JOIN namespaces n ON n.id = o.id `
	selectOrgByName  = orgColumns + `WHERE n.name_key = ?`
	selectOrgByID    = orgColumns + `WHERE o.id = ?`
	selectOrgs       = orgColumns + `WHERE o.id > ? ORDER BY o.id LIMIT ?`
	lockOrg          = `SELECT id FROM orgs WHERE id = ? FOR UPDATE`
	insertOrg        = `INSERT INTO orgs (id, default_visibility, members_public) VALUES (?, ?, ?)`
	updateOrg        = `UPDATE orgs SET default_visibility = ? WHERE id = ?`
	deleteOrgMembers = `DELETE FROM members WHERE org_id = ?`
	deleteOrg        = `DELETE FROM orgs WHERE id = ?`
)

func scanOrg(s scanner) (o hub.Organization, err error) {
	return o, s.Scan(&o.ID, &o.Name, &o.FullName, &o.Email, &o.DefaultVisibility, asTime{&o.CreatedAt})
}

func readOrg(ctx context.Context, q queries, text string, key any) (hub.Organization, error) {
	orgs, err := collect(ctx, q, scanOrg, text, key)
	if errors.Is(err, errNotText) {
		err = nil
	}
	if err != nil {
		return hub.Organization{}, err
	}
	if len(orgs) == 0 {
		return hub.Organization{}, noOrg()
	}
	return orgs[0], nil
}

func noOrg() error { return hub.Errorf(hub.NotFound, "There is no such organization.") }

func orgChange(id hub.ID) hub.Change { return hub.Change{Kind: hub.ChangeOrg, ID: id} }

// CreateOrg adds an organization whose first administrator is an existing user. The caller chooses o.ID and has
// checked the name. Conflict when the name is taken in any case, and with hub.ErrTailTaken as cause; NotFound when there is no such user.
func (db *DB) CreateOrg(ctx context.Context, o hub.Organization, firstAdmin hub.ID, ev hub.Event) error {
	return db.mutate(ctx, "creating an organization", func(tx *Tx) error {
		if o.CreatedAt.IsZero() {
			o.CreatedAt = tx.at
		}
		if o.DefaultVisibility == "" {
			o.DefaultVisibility = hub.Public
		}
		if _, err := readUser(ctx, tx.queries, selectUserByID, firstAdmin); err != nil {
			return err
		}
		n := hub.Namespace{ID: o.ID, Name: o.Name, Kind: hub.OrgNamespace}
		if err := tx.addNamespace(ctx, n, o.FullName, o.Email, o.CreatedAt); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, insertOrg, o.ID, o.DefaultVisibility, !o.HideMembers); err != nil {
			return err
		}
		if err := tx.putMember(ctx, o.ID, firstAdmin, hub.RoleAdmin); err != nil {
			return err
		}
		return tx.record(ctx, about(ev, o.ID), "org.create", orgChange(o.ID), userChange(firstAdmin))
	})
}

// OrgByName finds an organization without regard to case. NotFound, also when the name is a user's.
func (db *DB) OrgByName(ctx context.Context, name string) (hub.Organization, error) {
	o, err := readOrg(ctx, db.single, selectOrgByName, hub.NameKey(name))
	return o, db.fail(err, "finding an organization")
}

// OrgByID finds an organization. NotFound.
func (db *DB) OrgByID(ctx context.Context, id hub.ID) (hub.Organization, error) {
	o, err := readOrg(ctx, db.single, selectOrgByID, id)
	return o, db.fail(err, "finding an organization")
}

// ListOrgs returns up to limit organizations whose id is greater than after, in the order of ids.
func (db *DB) ListOrgs(ctx context.Context, after hub.ID, limit int) ([]hub.Organization, error) {
	orgs, err := collect(ctx, db.single, scanOrg, selectOrgs, after, limit)
	return orgs, db.fail(err, "listing organizations")
}

// ChangeOrg reads an organization under its lock, lets change alter full name, email and default visibility, and stores
// them; the name stays. change may run more than once. NotFound; and the errors of change, as they are.
func (db *DB) ChangeOrg(ctx context.Context, id hub.ID, ev hub.Event, change func(*hub.Organization) (message string, err error)) error {
	return db.mutate(ctx, "changing an organization", func(tx *Tx) error {
		if err := tx.lockOrg(ctx, id); err != nil {
			return err
		}
		o, err := readOrg(ctx, tx.queries, selectOrgByID, id)
		if err != nil {
			return err
		}
		if ev.Message, err = change(&o); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, updateOrg, o.DefaultVisibility, id); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, updateNamespace, o.FullName, o.Email, id); err != nil {
			return err
		}
		return tx.record(ctx, about(ev, id), "org.update", orgChange(id))
	})
}

// DeleteOrg removes an organization with its memberships and frees the name. Conflict while it owns repositories.
// NotFound.
func (db *DB) DeleteOrg(ctx context.Context, id hub.ID, ev hub.Event) error {
	return db.mutate(ctx, "deleting an organization", func(tx *Tx) error {
		if err := tx.lockOrg(ctx, id); err != nil {
			return err
		}
		if err := tx.emptyNamespace(ctx, id, "organization"); err != nil {
			return err
		}
		members, err := collect(ctx, tx.queries, scanMember, selectAllMembers, id)
		if err != nil {
			return err
		}
		for _, m := range members {
			tx.stale(userChange(m.UserID))
		}
		if err := tx.emptyOrg(ctx, id); err != nil {
			return err
		}
		for _, text := range []string{deleteGrantsIn, deleteGroupsIn, deleteOrgMembers, deleteOrg} {
			if _, err := tx.exec(ctx, text, id); err != nil {
				return err
			}
		}
		if err := tx.dropNamespace(ctx, id, "organization"); err != nil {
			return err
		}
		return tx.record(ctx, about(ev, id), "org.delete", orgChange(id))
	})
}

// emptyOrg removes resource groups' memberships, service accounts, and what gates the organization was let through.
func (tx *Tx) emptyOrg(ctx context.Context, id hub.ID) error {
	groups, err := collect(ctx, tx.queries, scanGroup, selectGroups, id)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := tx.emptyGroup(ctx, g.ID); err != nil {
			return err
		}
	}
	accounts, err := collect(ctx, tx.queries, scanServiceAccount, selectServiceAccounts, id)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if err := tx.dropServiceAccount(ctx, a.ID); err != nil {
			return err
		}
	}
	_, err = tx.exec(ctx, deleteGateGrantsTo, string(hub.GateOrg), id)
	return err
}

// lockOrg lets one transaction at a time change the members of an organization. NotFound.
func (tx *Tx) lockOrg(ctx context.Context, id hub.ID) error {
	var got hub.ID
	return orMissing(tx.one(ctx, lockOrg, []any{id}, &got), hub.NotFound, "There is no such organization.")
}
