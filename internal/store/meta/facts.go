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

func (db *DB) tokenFacts(ctx context.Context, text string, key any, unknown *hub.Error) (f hub.SubjectFacts, err error) {
	err = db.inRead(ctx, func(q queries) error {
		tokens, err := collect(ctx, q, scanToken, text, key)
		if err != nil {
			return err
		}
		if len(tokens) == 0 {
			return unknown
		}
		t := tokens[0]
		if t.Scopes, err = scopesOf(ctx, q, t.ID); err != nil {
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

func ownerFacts(ctx context.Context, q queries, userID hub.ID, f *hub.SubjectFacts) (err error) {
	if f.User, err = readUser(ctx, q, selectUserByID, userID); err != nil {
		return err
	}
	if f.Memberships, err = collect(ctx, q, scanMember, selectMemberships, userID); err != nil {
		return err
	}
	return q.one(ctx, selectSeq, nil, &f.Seq)
}
