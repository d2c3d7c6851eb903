package meta

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	tokenColumns = `
		SELECT t.id, t.user_id, t.kind, t.name, t.last4, t.global_perms, t.can_read_gated, t.gen,
			t.created_at, t.rotated_at, t.expires_at, COALESCE(w.last_used_at, 0), t.revoked_at, t.revoked_why
		FROM tokens t LEFT JOIN token_use w ON w.token_id = t.id `
	selectTokenByDigest = tokenColumns + `WHERE t.digest = ?`
	selectTokenByID     = tokenColumns + `WHERE t.id = ?`
	selectTokensOf      = tokenColumns + `WHERE t.user_id = ? ORDER BY t.id`
	selectTokens        = tokenColumns + `WHERE t.id > ? ORDER BY t.id LIMIT ?`
	selectExpiring      = tokenColumns + `WHERE t.expires_at > ? AND t.expires_at <= ? AND t.revoked_at = 0 AND t.id > ? ORDER BY t.id LIMIT ?`
	insertToken         = `
		INSERT INTO tokens (digest, kid, id, user_id, kind, name, last4, global_perms, can_read_gated, gen,
			created_at, rotated_at, expires_at, revoked_at, revoked_why)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, 0, ?, 0, '')`
	rotateToken = `
		UPDATE tokens SET digest = ?, kid = ?, last4 = ?, rotated_at = ?, expires_at = CASE WHEN ? = 1 THEN expires_at ELSE ? END, gen = gen + 1
		WHERE id = ? AND revoked_at = 0`
	updateToken = `
		UPDATE tokens SET name = ?, global_perms = ?, can_read_gated = ?, expires_at = ?, gen = gen + 1
		WHERE id = ? AND revoked_at = 0`
	revokeToken = `
		UPDATE tokens SET revoked_at = ?, revoked_why = ?, gen = gen + 1 WHERE id = ? AND revoked_at = 0`
	upsertTokenUse = `
		INSERT INTO token_use (token_id, last_used_at) SELECT id, ? FROM tokens WHERE id = ?
		ON CONFLICT (token_id) DO UPDATE SET last_used_at = excluded.last_used_at
		WHERE token_use.last_used_at < excluded.last_used_at`
)

func scanToken(s scanner) (t hub.Token, err error) {
	return t, s.Scan(&t.ID, &t.UserID, &t.Kind, &t.Name, &t.Last4, asJSON{&t.Global}, &t.CanReadGated, &t.Gen,
		asTime{&t.CreatedAt}, asTime{&t.RotatedAt}, asTime{&t.ExpiresAt}, asTime{&t.LastUsedAt},
		asTime{&t.RevokedAt}, &t.RevokedWhy)
}

func noToken() error { return hub.Errorf(hub.NotFound, "There is no such token.") }

func tokenChange(id hub.ID) hub.Change { return hub.Change{Kind: hub.ChangeToken, ID: id} }

// CreateToken adds a token under the digest of its value (HMAC-SHA-256, 32 bytes, under the key that kid names). The
// caller chooses t.ID and has checked permissions; of a scope, entity type, entity id and permissions are stored.
// NotFound when there is no such user, or no entity that a scope names.
func (db *DB) CreateToken(ctx context.Context, t hub.Token, kid string, digest []byte, ev hub.Event) error {
	if err := checkDigest(digest); err != nil {
		return err
	}
	return db.mutate(ctx, "creating a token", func(tx *Tx) error {
		if t.CreatedAt.IsZero() {
			t.CreatedAt = tx.at
		}
		if _, err := readUser(ctx, tx.queries, selectUserByID, t.UserID); err != nil {
			return err
		}
		_, err := tx.exec(ctx, insertToken, digest, kid, t.ID, t.UserID, string(t.Kind), t.Name, t.Last4,
			list(t.Global), t.CanReadGated, t.CreatedAt, t.ExpiresAt)
		if err != nil {
			return err
		}
		if err := tx.putScopes(ctx, t.ID, t.Scopes); err != nil {
			return err
		}
		if err := tx.reviewScopes(ctx, ev, t.ID, nil); err != nil {
			return err
		}
		return tx.recordToken(ctx, ev, "token.create", t.ID, t.UserID)
	})
}

func (tx *Tx) recordToken(ctx context.Context, ev hub.Event, kind string, id, owner hub.ID) error {
	if ev.TargetID == "" {
		ev.TargetID = id
	}
	return tx.record(ctx, about(ev, owner), kind, tokenChange(id))
}

// RotateToken gives a token a new value: the old digest finds nothing from now on, and Gen grows. A zero time at means
// now. NotFound, also for a revoked token.
func (db *DB) RotateToken(ctx context.Context, id hub.ID, last4, kid string, digest []byte, at time.Time, ev hub.Event) error {
	return db.RotateTokenTo(ctx, id, hub.Rotation{Last4: last4, KID: kid, Digest: digest, At: at}, ev)
}

// RotateTokenTo is RotateToken, but the old digest finds the token until r.Until, and the token may get another end. What an
// earlier rotation left is over at once.
func (db *DB) RotateTokenTo(ctx context.Context, id hub.ID, r hub.Rotation, ev hub.Event) error {
	if err := checkDigest(r.Digest); err != nil {
		return err
	}
	return db.changeToken(ctx, "rotating a token", id, r.Gen, ev, "token.rotate", func(tx *Tx) (int64, error) {
		if err := tx.supersede(ctx, userTokens, id, tx.when(r.At), r.Until); err != nil {
			return 0, err
		}
		keep, end := expiryOf(r)
		return tx.exec(ctx, rotateToken, r.Digest, r.KID, r.Last4, tx.when(r.At), keep, end, id)
	})
}

// expiryOf tells whether a rotation keeps the token's end, and the new one.
func expiryOf(r hub.Rotation) (keep bool, end time.Time) {
	if r.ExpiresAt == nil {
		return true, time.Time{}
	}
	return false, *r.ExpiresAt
}

// UpdateToken stores name, scopes, global permissions, the right to read gated repositories and expiry of the token
// t.ID. Gen grows; t.Gen is that of the token which t was made from, 0 for any, and Conflict says that it has changed
// since, so that no change is undone by another that began before it. NotFound, also for a revoked token, and for an entity
// that is not there.
func (db *DB) UpdateToken(ctx context.Context, t hub.Token, ev hub.Event) error {
	return db.changeToken(ctx, "changing a token", t.ID, t.Gen, ev, "token.update", func(tx *Tx) (int64, error) {
		old, err := scopesOf(ctx, tx.queries, t.ID)
		if err != nil {
			return 0, err
		}
		n, err := tx.exec(ctx, updateToken, t.Name, list(t.Global), t.CanReadGated, t.ExpiresAt, t.ID)
		if err != nil || n == 0 {
			return n, err
		}
		if err := tx.putScopes(ctx, t.ID, t.Scopes); err != nil {
			return 0, err
		}
		return n, tx.reviewScopes(ctx, ev, t.ID, old)
	})
}

// RevokeToken ends a token for good; why is "deleted" or "leaked". The row stays, so that its use can be told from
// that of an unknown one. NotFound, also for a token that is revoked already.
func (db *DB) RevokeToken(ctx context.Context, id hub.ID, why string, at time.Time, ev hub.Event) error {
	return db.changeToken(ctx, "revoking a token", id, 0, ev, "token.revoke", func(tx *Tx) (int64, error) {
		return tx.exec(ctx, revokeToken, tx.when(at), why, id)
	})
}

// since makes sure that a change of a token, which is done, was made to the generation that it was judged by; 0 stands for
// any. Conflict.
func since(from, now int64) error {
	if from != 0 && now != from+1 {
		return hub.Errorf(hub.Conflict, "The token was changed meanwhile: look at it again.")
	}
	return nil
}

// changeToken runs f, which returns how many tokens it changed, and was judged by the generation from (see since).
func (db *DB) changeToken(ctx context.Context, doing string, id hub.ID, from int64, ev hub.Event, kind string, f func(*Tx) (int64, error)) error {
	return db.mutate(ctx, doing, func(tx *Tx) error {
		n, err := f(tx)
		if err != nil {
			return err
		}
		if n == 0 {
			return noToken()
		}
		tokens, err := collect(ctx, tx.queries, scanToken, selectTokenByID, id)
		if err != nil {
			return err
		}
		if err := since(from, tokens[0].Gen); err != nil {
			return err
		}
		return tx.recordToken(ctx, ev, kind, id, tokens[0].UserID)
	})
}

// when returns t, or the time of the transaction when t is zero.
func (tx *Tx) when(t time.Time) time.Time {
	if t.IsZero() {
		return tx.at
	}
	return t
}

// TokenByID finds a token, revoked ones included. NotFound.
func (db *DB) TokenByID(ctx context.Context, id hub.ID) (hub.Token, error) {
	tokens, err := db.tokens(ctx, selectTokenByID, id)
	if err == nil && len(tokens) == 0 {
		return hub.Token{}, noToken()
	}
	if err != nil {
		return hub.Token{}, db.fail(err, "finding a token")
	}
	return tokens[0], nil
}

// TokensOf returns all tokens of a user, revoked ones included, in the order of ids, which is that of creation.
func (db *DB) TokensOf(ctx context.Context, userID hub.ID) ([]hub.Token, error) {
	tokens, err := db.tokens(ctx, selectTokensOf, userID)
	return tokens, db.fail(err, "listing tokens")
}

// ListTokens returns up to limit tokens whose id is greater than after, revoked ones included, in the order of ids.
func (db *DB) ListTokens(ctx context.Context, after hub.ID, limit int) ([]hub.Token, error) {
	tokens, err := db.tokens(ctx, selectTokens, after, limit)
	return tokens, db.fail(err, "listing tokens")
}

func (db *DB) tokens(ctx context.Context, text string, args ...any) (tokens []hub.Token, err error) {
	err = db.inRead(ctx, func(q queries) error {
		tokens, err = collect(ctx, q, scanToken, text, args...)
		if err != nil {
			return err
		}
		for i := range tokens {
			if tokens[i].Scopes, err = scopesOf(ctx, q, tokens[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	return tokens, err
}

// TokensExpiring returns up to limit live tokens whose expiry lies after from and not after until and whose id is greater
// than after, in the order of ids.
func (db *DB) TokensExpiring(ctx context.Context, from, until time.Time, after hub.ID, limit int) ([]hub.Token, error) {
	tokens, err := db.tokens(ctx, selectExpiring, from, until, after, limit)
	return tokens, db.fail(err, "listing tokens that expire")
}

// TouchTokens stores when tokens were last used. Unknown tokens are passed over and times never go back.
func (db *DB) TouchTokens(ctx context.Context, used map[hub.ID]time.Time) error {
	if len(used) == 0 {
		return nil
	}
	return db.mutate(ctx, "storing when tokens were used", func(tx *Tx) error {
		for _, id := range sortedKeys(used) {
			if _, err := tx.exec(ctx, upsertTokenUse, used[id], id); err != nil {
				return err
			}
			if _, err := tx.exec(ctx, touchServiceToken, used[id], id, used[id]); err != nil {
				return err
			}
		}
		return nil
	})
}
