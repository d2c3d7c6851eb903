package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TokenFacts assembles what the access engine needs of a token, found by the digest of its value, from one state of the
// rows. Revoked and expired tokens are returned too: the caller decides, so that it can say which it was.
// Unauthorized when no token has the digest.
func (db *DB) TokenFacts(ctx context.Context, digest []byte) (hub.SubjectFacts, error) {
	f, err := db.tokenFacts(ctx, selectTokenByDigest, digest, hub.Errorf(hub.Unauthorized, "There is no such token."))
	return f, db.fail(err, "reading the facts of a token")
}

// TokenFactsByID is TokenFacts for a token found by its id. NotFound.
func (db *DB) TokenFactsByID(ctx context.Context, id hub.ID) (hub.SubjectFacts, error) {
	f, err := db.tokenFacts(ctx, selectTokenByID, string(id), hub.Errorf(hub.NotFound, "There is no such token."))
	return f, db.fail(err, "reading the facts of a token")
}

// UserFacts assembles the same for a user without a token, as for a session. NotFound.
func (db *DB) UserFacts(ctx context.Context, userID hub.ID) (f hub.SubjectFacts, err error) {
	err = db.inRead(ctx, func(q queries) error { return ownerFacts(ctx, q, userID, &f) })
	if err != nil {
		return hub.SubjectFacts{}, db.fail(err, "reading the facts of a user")
	}
	return f, nil
}

const (
	// An organization or a group lets in those of its members who may read there.
	selectGatesOf = `
		SELECT repo_id, kind, state, until FROM gate_requests WHERE kind = 'user' AND subject_id = ?
		UNION ALL
		SELECT q.repo_id, q.kind, q.state, q.until FROM gate_requests q JOIN members m ON m.org_id = q.subject_id
		WHERE q.kind = 'org' AND q.state = 'accepted' AND m.user_id = ? AND m.role >= 2
		UNION ALL
		SELECT q.repo_id, q.kind, q.state, q.until FROM gate_requests q JOIN group_members m ON m.group_id = q.subject_id
			JOIN resource_groups g ON g.id = m.group_id JOIN members o ON o.org_id = g.org_id AND o.user_id = m.user_id
		WHERE q.kind = 'group' AND q.state = 'accepted' AND m.user_id = ? AND m.role >= 2`
	selectGatesOfService = `
		SELECT repo_id, kind, state, until FROM gate_requests
		WHERE state = 'accepted' AND ((kind = 'service' AND subject_id = ?) OR (kind = 'org' AND subject_id = ?))`
)

func scanGateGrant(s scanner) (g hub.GateGrant, err error) {
	return g, s.Scan(&g.RepoID, &g.Kind, &g.State, asTime{&g.Until})
}

func (db *DB) tokenFacts(ctx context.Context, text string, key any, unknown *hub.Error) (f hub.SubjectFacts, err error) {
	err = db.inRead(ctx, func(q queries) error {
		tokens, err := collect(ctx, q, scanToken, text, key)
		if err != nil {
			return err
		}
		if len(tokens) == 0 && text != selectTokenByDigest {
			return serviceFacts(ctx, q, selectServiceToken, key, unknown, &f)
		}
		if len(tokens) == 0 {
			if tokens, err = db.otherFacts(ctx, q, key, unknown, &f); err != nil || len(tokens) == 0 {
				return err
			}
		}
		t := tokens[0]
		if t.Scopes, err = scopesOf(ctx, q, t.ID); err != nil {
			return err
		}
		if f.Grants, err = collect(ctx, q, scanGrant, selectDecided, t.ID); err != nil {
			return err
		}
		f.Token = &t
		return ownerFacts(ctx, q, t.UserID, &f)
	})
	if err != nil {
		return hub.SubjectFacts{}, err
	}
	return f, nil
}

// otherFacts finds what the digest of no person's present value belongs to: a service account's token, whose facts it
// fills in, or a token by a former value that is still accepted. It returns the token where that is a person's.
func (db *DB) otherFacts(ctx context.Context, q queries, digest any, unknown error, f *hub.SubjectFacts) ([]hub.Token, error) {
	err := serviceFacts(ctx, q, selectServiceTokenByDigest, digest, unknown, f)
	if err != unknown {
		return nil, err
	}
	old, id, err := db.superseded(ctx, q, userTokens, digest)
	if err != nil {
		return nil, err
	}
	if old != nil {
		f.Superseded = old
		return collect(ctx, q, scanToken, selectTokenByID, id)
	}
	if old, id, err = db.superseded(ctx, q, serviceTokens, digest); err != nil {
		return nil, err
	}
	if old == nil {
		return nil, unknown
	}
	f.Superseded = old
	return nil, serviceFacts(ctx, q, selectServiceToken, id, unknown, f)
}

func ownerFacts(ctx context.Context, q queries, userID hub.ID, f *hub.SubjectFacts) (err error) {
	if f.User, err = readUser(ctx, q, selectUserByID, userID); err != nil {
		return err
	}
	if f.Memberships, err = collect(ctx, q, scanMember, selectMemberships, userID); err != nil {
		return err
	}
	if len(f.Memberships) > 0 {
		if f.Rules, err = collect(ctx, q, scanRules, selectRulesUser, userID); err != nil {
			return err
		}
		if f.Groups, err = collect(ctx, q, scanGroupMember, selectAllGroupsOf, userID); err != nil {
			return err
		}
	}
	if f.Gates, err = collect(ctx, q, scanGateGrant, selectGatesOf, userID, userID, userID); err != nil {
		return err
	}
	return q.one(ctx, selectSeq, nil, &f.Seq)
}
