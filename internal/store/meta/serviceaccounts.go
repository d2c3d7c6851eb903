package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	serviceColumns = `
		SELECT a.id, a.org_id, o.name, a.name, a.description, a.created_by, a.created_at
		FROM service_accounts a JOIN namespaces o ON o.id = a.org_id `
	selectServiceAccount  = serviceColumns + `WHERE a.id = ?`
	selectServiceAccounts = serviceColumns + `WHERE a.org_id = ? ORDER BY a.id`
	insertServiceAccount  = `
		INSERT INTO service_accounts (id, org_id, name, description, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?)`
	deleteServiceAccount  = `DELETE FROM service_accounts WHERE id = ?`
	deleteServiceReposOf  = `DELETE FROM service_token_repos WHERE token_id IN (SELECT id FROM service_tokens WHERE account_id = ?)`
	deleteServiceValuesOf = `DELETE FROM service_old_values WHERE token_id IN (SELECT id FROM service_tokens WHERE account_id = ?)`
	deleteServiceTokensOf = `DELETE FROM service_tokens WHERE account_id = ?`
	deleteServiceReposOn  = `DELETE FROM service_token_repos WHERE repo_id = ?`
)

func scanServiceAccount(s scanner) (a hub.ServiceAccount, err error) {
	return a, s.Scan(&a.ID, &a.OrgID, &a.OrgName, &a.Name, &a.Description, &a.CreatedBy, asTime{&a.CreatedAt})
}

func noServiceAccount() error {
	return hub.Errorf(hub.NotFound, "There is no such service account.")
}

func readServiceAccount(ctx context.Context, q queries, id hub.ID) (hub.ServiceAccount, error) {
	all, err := collect(ctx, q, scanServiceAccount, selectServiceAccount, id)
	if err != nil {
		return hub.ServiceAccount{}, err
	}
	if len(all) == 0 {
		return hub.ServiceAccount{}, noServiceAccount()
	}
	return all[0], nil
}

// ServiceAccount finds a service account. NotFound.
func (db *DB) ServiceAccount(ctx context.Context, id hub.ID) (hub.ServiceAccount, error) {
	a, err := readServiceAccount(ctx, db.single, id)
	return a, db.fail(err, "finding a service account")
}

// ServiceAccounts returns the service accounts of an organization in the order of their creation.
func (db *DB) ServiceAccounts(ctx context.Context, orgID hub.ID) ([]hub.ServiceAccount, error) {
	all, err := collect(ctx, db.single, scanServiceAccount, selectServiceAccounts, orgID)
	return all, db.fail(err, "listing service accounts")
}

// CreateServiceAccount adds a service account. The caller chooses a.ID. NotFound when there is no such organization; Conflict
// with hub.ErrTailTaken as cause.
func (db *DB) CreateServiceAccount(ctx context.Context, a hub.ServiceAccount, ev hub.Event) error {
	return db.mutate(ctx, "creating a service account", func(tx *Tx) error {
		if err := tx.lockOrg(ctx, a.OrgID); err != nil {
			return err
		}
		if err := tx.claimTail(ctx, a.ID); err != nil {
			return err
		}
		_, err := tx.exec(ctx, insertServiceAccount, a.ID, a.OrgID, a.Name, a.Description, a.CreatedBy, tx.when(a.CreatedAt))
		if err != nil {
			return err
		}
		ev.TargetID = a.ID
		return tx.record(ctx, about(ev, a.OrgID), "org.service_account.create")
	})
}

// DeleteServiceAccount removes a service account with its tokens, which stop at once. NotFound.
func (db *DB) DeleteServiceAccount(ctx context.Context, id hub.ID, ev hub.Event) error {
	return db.mutate(ctx, "deleting a service account", func(tx *Tx) error {
		a, err := readServiceAccount(ctx, tx.queries, id)
		if err != nil {
			return err
		}
		if err := tx.lockOrg(ctx, a.OrgID); err != nil {
			return err
		}
		if err := tx.dropServiceAccount(ctx, id); err != nil {
			return err
		}
		ev.TargetID = id
		return tx.record(ctx, about(ev, a.OrgID), "org.service_account.delete")
	})
}

func (tx *Tx) dropServiceAccount(ctx context.Context, id hub.ID) error {
	for _, text := range []string{deleteServiceReposOf, deleteServiceValuesOf, deleteServiceTokensOf, deleteServiceAccount} {
		if _, err := tx.exec(ctx, text, id); err != nil {
			return err
		}
	}
	_, err := tx.exec(ctx, deleteGateGrantsTo, string(hub.GateService), id)
	tx.stale(userChange(id)) // its snapshots hang on its id like those of a person
	return err
}
