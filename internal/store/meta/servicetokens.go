package meta

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	serviceTokenColumns = `
		SELECT t.id, t.account_id, t.name, t.last4, t.permissions, t.repo_permissions, t.endpoint_patterns, t.skip_network,
			t.gen, t.created_by, t.created_at, t.rotated_at, t.expires_at, t.last_used_at, t.revoked_at, t.revoked_why
		FROM service_tokens t `
	selectServiceToken         = serviceTokenColumns + `WHERE t.id = ?`
	selectServiceTokenByDigest = serviceTokenColumns + `WHERE t.digest = ?`
	selectServiceTokens        = serviceTokenColumns + `WHERE t.account_id = ? AND t.revoked_at = 0 ORDER BY t.id`
	// A repository that is gone is gone from the token too.
	selectServiceRepos = `
		SELECT r.id, r.type, n.name || '/' || r.name, r.namespace_id, r.group_id
		FROM service_token_repos s JOIN repos r ON r.id = s.repo_id JOIN namespaces n ON n.id = r.namespace_id
		WHERE s.token_id = ? ORDER BY s.position`
	insertServiceToken = `
		INSERT INTO service_tokens (digest, kid, id, account_id, name, last4, permissions, repo_permissions, endpoint_patterns,
			skip_network, gen, created_by, created_at, rotated_at, expires_at, last_used_at, revoked_at, revoked_why)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, 0, ?, 0, 0, '')`
	updateServiceToken = `
		UPDATE service_tokens SET name = ?, permissions = ?, repo_permissions = ?, endpoint_patterns = ?, skip_network = ?,
			expires_at = ?, gen = gen + 1
		WHERE id = ? AND revoked_at = 0`
	rotateServiceToken = `
		UPDATE service_tokens SET digest = ?, kid = ?, last4 = ?, rotated_at = ?, expires_at = CASE WHEN ? = 1 THEN expires_at ELSE ? END, gen = gen + 1
		WHERE id = ? AND revoked_at = 0`
	revokeServiceToken = `
		UPDATE service_tokens SET revoked_at = ?, revoked_why = ?, gen = gen + 1 WHERE id = ? AND revoked_at = 0`
	touchServiceToken     = `UPDATE service_tokens SET last_used_at = ? WHERE id = ? AND last_used_at < ?`
	selectServiceExpiring = `
		SELECT t.id, t.name, t.last4, t.expires_at, a.org_id, n.name, a.name
		FROM service_tokens t JOIN service_accounts a ON a.id = t.account_id JOIN namespaces n ON n.id = a.org_id
		WHERE t.expires_at > ? AND t.expires_at <= ? AND t.revoked_at = 0 AND t.id > ? ORDER BY t.id LIMIT ?`
	deleteServiceRepos  = `DELETE FROM service_token_repos WHERE token_id = ?`
	insertServiceRepo   = `INSERT INTO service_token_repos (token_id, position, repo_id) VALUES (?, ?, ?)`
	selectServiceRepoID = `SELECT repo_id FROM service_token_repos WHERE token_id = ? ORDER BY position`
)

func scanServiceToken(s scanner) (t hub.ServiceToken, err error) {
	return t, s.Scan(&t.ID, &t.AccountID, &t.Name, &t.Last4, asJSON{&t.Permissions}, asJSON{&t.RepoPermissions},
		asJSON{&t.EndpointPatterns}, &t.SkipNetwork, &t.Gen, &t.CreatedBy, asTime{&t.CreatedAt}, asTime{&t.RotatedAt},
		asTime{&t.ExpiresAt}, asTime{&t.LastUsedAt}, asTime{&t.RevokedAt}, &t.RevokedWhy)
}

// serviceFacts assembles the facts of a service account's token, which reads like a fine-grained token with a scope on
// the organization and one on each of its repositories.
func serviceFacts(ctx context.Context, q queries, text string, key any, unknown error, f *hub.SubjectFacts) error {
	all, err := collect(ctx, q, scanServiceToken, text, key)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return unknown
	}
	st := all[0]
	a, err := readServiceAccount(ctx, q, st.AccountID)
	if err != nil {
		return err
	}
	f.Service, f.SkipNetwork = &a, st.SkipNetwork
	f.Token = &hub.Token{
		ID: st.ID, Kind: hub.TokenFineGrained, Name: st.Name, Last4: st.Last4, Gen: st.Gen, CreatedAt: st.CreatedAt,
		RotatedAt: st.RotatedAt, ExpiresAt: st.ExpiresAt, LastUsedAt: st.LastUsedAt, RevokedAt: st.RevokedAt, RevokedWhy: st.RevokedWhy,
		Scopes: []hub.Scope{{EntityType: hub.EntityOrg, EntityID: a.OrgID, EntityName: a.OrgName, NamespaceID: a.OrgID, Permissions: st.Permissions}},
	}
	repos, err := collect(ctx, q, func(s scanner) (c hub.Scope, err error) {
		c.Permissions = st.RepoPermissions
		return c, s.Scan(&c.EntityID, &c.EntityType, &c.EntityName, &c.NamespaceID, &c.GroupID)
	}, selectServiceRepos, st.ID)
	if err != nil {
		return err
	}
	f.Token.Scopes = append(f.Token.Scopes, repos...)
	return accountFacts(ctx, q, a, f)
}

// accountFacts adds what is known of a service account whatever its token.
func accountFacts(ctx context.Context, q queries, a hub.ServiceAccount, f *hub.SubjectFacts) error {
	f.Memberships = []hub.Member{{OrgID: a.OrgID, OrgName: a.OrgName, Role: hub.RoleAdmin, CreatedAt: a.CreatedAt}}
	rules, err := readRules(ctx, q, a.OrgID)
	if err != nil {
		return err
	}
	f.Rules = []hub.OrgRules{rules}
	if f.Gates, err = collect(ctx, q, scanGateGrant, selectGatesOfService, a.ID, a.OrgID); err != nil {
		return err
	}
	return q.one(ctx, selectSeq, nil, &f.Seq)
}

// ServiceFacts returns what is known of a service account, without any of its tokens. NotFound.
func (db *DB) ServiceFacts(ctx context.Context, accountID hub.ID) (f hub.SubjectFacts, err error) {
	err = db.inRead(ctx, func(q queries) error {
		a, err := readServiceAccount(ctx, q, accountID)
		if err != nil {
			return err
		}
		f = hub.SubjectFacts{Service: &a}
		return accountFacts(ctx, q, a, &f)
	})
	return f, db.fail(err, "reading a service account")
}

func (db *DB) serviceTokens(ctx context.Context, text string, key hub.ID) (all []hub.ServiceToken, err error) {
	err = db.inRead(ctx, func(q queries) error {
		if all, err = collect(ctx, q, scanServiceToken, text, key); err != nil {
			return err
		}
		for i := range all {
			if all[i].Repos, err = collect(ctx, q, scanOne[hub.ID], selectServiceRepoID, all[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// ServiceToken finds a token of a service account, revoked ones included. NotFound.
func (db *DB) ServiceToken(ctx context.Context, id hub.ID) (hub.ServiceToken, error) {
	all, err := db.serviceTokens(ctx, selectServiceToken, id)
	if err == nil && len(all) == 0 {
		return hub.ServiceToken{}, noToken()
	}
	if err != nil {
		return hub.ServiceToken{}, db.fail(err, "finding a service account's token")
	}
	return all[0], nil
}

// ServiceTokens returns the live tokens of a service account in the order of their creation.
func (db *DB) ServiceTokens(ctx context.Context, accountID hub.ID) ([]hub.ServiceToken, error) {
	all, err := db.serviceTokens(ctx, selectServiceTokens, accountID)
	return all, db.fail(err, "listing the tokens of a service account")
}

// CreateServiceToken adds a token under the digest of its value. The caller chooses t.ID and has checked permissions
// and that every repository belongs to the organization or is public. NotFound when there is no such account.
func (db *DB) CreateServiceToken(ctx context.Context, t hub.ServiceToken, kid string, digest []byte, ev hub.Event) error {
	if err := checkDigest(digest); err != nil {
		return err
	}
	return db.mutate(ctx, "creating a service account's token", func(tx *Tx) error {
		a, err := readServiceAccount(ctx, tx.queries, t.AccountID)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, insertServiceToken, digest, kid, t.ID, t.AccountID, t.Name, t.Last4, list(t.Permissions),
			list(t.RepoPermissions), list(t.EndpointPatterns), t.SkipNetwork, t.CreatedBy, tx.when(t.CreatedAt), t.ExpiresAt)
		if err != nil {
			return err
		}
		if err := tx.putServiceRepos(ctx, t); err != nil {
			return err
		}
		ev.TargetID = t.ID
		return tx.record(ctx, about(ev, a.OrgID), "org.service_account.token.create", tokenChange(t.ID), userChange(a.ID))
	})
}

func (tx *Tx) putServiceRepos(ctx context.Context, t hub.ServiceToken) error {
	if _, err := tx.exec(ctx, deleteServiceRepos, t.ID); err != nil {
		return err
	}
	for i, id := range t.Repos {
		if _, err := tx.exec(ctx, insertServiceRepo, t.ID, i, id); err != nil {
			return err
		}
	}
	return nil
}

// UpdateServiceToken stores name, permissions, repositories, endpoint patterns, network exemption and expiry of the
// token t.ID. Conflict when it has changed since the generation t.Gen, of which 0 stands for any; NotFound, also for a revoked one.
func (db *DB) UpdateServiceToken(ctx context.Context, t hub.ServiceToken, ev hub.Event) error {
	return db.changeServiceToken(ctx, t.ID, t.Gen, ev, "org.service_account.token.update", func(tx *Tx) (int64, error) {
		n, err := tx.exec(ctx, updateServiceToken, t.Name, list(t.Permissions), list(t.RepoPermissions),
			list(t.EndpointPatterns), t.SkipNetwork, t.ExpiresAt, t.ID)
		if err != nil || n == 0 {
			return n, err
		}
		return n, tx.putServiceRepos(ctx, t)
	})
}

// RotateServiceToken gives a token a new value; the old one finds it until r.Until, and what an earlier rotation left is
// over at once. NotFound, also for a revoked one; Conflict as r says.
func (db *DB) RotateServiceToken(ctx context.Context, id hub.ID, r hub.Rotation, ev hub.Event) error {
	if err := checkDigest(r.Digest); err != nil {
		return err
	}
	return db.changeServiceToken(ctx, id, r.Gen, ev, "org.service_account.token.rotate", func(tx *Tx) (int64, error) {
		if err := tx.supersede(ctx, serviceTokens, id, tx.when(r.At), r.Until); err != nil {
			return 0, err
		}
		keep, end := expiryOf(r)
		return tx.exec(ctx, rotateServiceToken, r.Digest, r.KID, r.Last4, tx.when(r.At), keep, end, id)
	})
}

// ServiceTokensExpiring returns up to limit live tokens of service accounts whose expiry lies after from and not after until
// and whose id is greater than after, in the order of ids.
func (db *DB) ServiceTokensExpiring(ctx context.Context, from, until time.Time, after hub.ID, limit int) (all []hub.ExpiringServiceToken, err error) {
	all, err = collect(ctx, db.single, func(s scanner) (t hub.ExpiringServiceToken, err error) {
		return t, s.Scan(&t.ID, &t.Name, &t.Last4, asTime{&t.ExpiresAt}, &t.OrgID, &t.OrgName, &t.Account)
	}, selectServiceExpiring, from, until, after, limit)
	return all, db.fail(err, "listing tokens of service accounts that expire")
}

// RevokeServiceToken ends a token for good; why is "deleted" or "leaked". NotFound, also for a revoked one.
func (db *DB) RevokeServiceToken(ctx context.Context, id hub.ID, why string, at time.Time, ev hub.Event) error {
	return db.changeServiceToken(ctx, id, 0, ev, "org.service_account.token.delete", func(tx *Tx) (int64, error) {
		return tx.exec(ctx, revokeServiceToken, tx.when(at), why, id)
	})
}

func (db *DB) changeServiceToken(ctx context.Context, id hub.ID, from int64, ev hub.Event, kind string, f func(*Tx) (int64, error)) error {
	return db.mutate(ctx, "changing a service account's token", func(tx *Tx) error {
		n, err := f(tx)
		if err != nil {
			return err
		}
		if n == 0 {
			return noToken()
		}
		all, err := collect(ctx, tx.queries, scanServiceToken, selectServiceToken, id)
		if err != nil {
			return err
		}
		if err := since(from, all[0].Gen); err != nil {
			return err
		}
		a, err := readServiceAccount(ctx, tx.queries, all[0].AccountID)
		if err != nil {
			return err
		}
		ev.TargetID = id
		return tx.record(ctx, about(ev, a.OrgID), kind, tokenChange(id), userChange(a.ID))
	})
}
