package meta

import (
	"bytes"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

func TestTokens(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		got, err := db.TokenByID(ctx, w.token.ID)
		must(t, err)
		same(t, "token", got, w.token)

		used := testTime()
		must(t, db.TouchTokens(ctx, map[hub.ID]time.Time{w.token.ID: used, hub.NewID(): used}))
		must(t, db.TouchTokens(ctx, map[hub.ID]time.Time{w.token.ID: used.Add(-time.Minute)}))
		want := w.token
		want.LastUsedAt = used

		want.Name, want.CanReadGated, want.ExpiresAt = "other", true, used.Add(time.Hour)
		want.Global = []hub.Permission{hub.PermDiscussionWrite, hub.PermPostWrite}
		want.Scopes = w.token.Scopes[1:]
		must(t, db.UpdateToken(ctx, want, hub.Event{}))
		want.Gen++

		digest := newDigest()
		rotated := used.Add(time.Minute)
		must(t, db.RotateToken(ctx, want.ID, "wxyz", "k2", digest, rotated, hub.Event{}))
		want.Gen, want.Last4, want.RotatedAt = want.Gen+1, "wxyz", rotated
		f, err := db.TokenFacts(ctx, w.tokenDigest)
		must(t, err)
		if f.Superseded == nil || f.Superseded.Until.After(rotated) {
			t.Errorf("the former value is not over at once: %+v", f.Superseded)
		}
		f, err = db.TokenFacts(ctx, digest)
		must(t, err)
		same(t, "rotated token", *f.Token, want)

		revoked := used.Add(time.Hour)
		must(t, db.RevokeToken(ctx, want.ID, "deleted", revoked, hub.Event{}))
		want.Gen, want.RevokedAt, want.RevokedWhy = want.Gen+1, revoked, "deleted"
		f, err = db.TokenFacts(ctx, digest)
		must(t, err) // told from an unknown one
		same(t, "revoked token", *f.Token, want)

		of, err := db.TokensOf(ctx, w.alice.ID)
		must(t, err)
		if len(of) != 2 || of[1].ID != w.revoked.ID || of[1].RevokedWhy != "leaked" {
			t.Errorf("tokens of alice: %+v", of)
		}
		all, err := db.ListTokens(ctx, w.token.ID, 10)
		must(t, err)
		same(t, "later tokens", all, of[1:])
	})
}

// TestScopesFollowTheirEntity moves and deletes what scopes name.
func TestScopesFollowTheirEntity(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		must(t, db.MoveRepo(ctx, w.public.ID, hub.RepoID{Name: "Renamed"}, w.acme.ID, hub.Event{}))
		tok, err := db.TokenByID(ctx, w.token.ID)
		must(t, err)
		if s := tok.Scopes[1]; s.EntityName != "Acme/Renamed" || s.NamespaceID != w.acme.ID {
			t.Errorf("after the move: %+v", s)
		}
		must(t, db.DeleteRepo(ctx, w.public.ID, hub.Event{}))
		again := addRepo(t, db, w.acme.ID, "Renamed")
		tok, err = db.TokenByID(ctx, w.token.ID)
		must(t, err)
		if len(tok.Scopes) != 1 || tok.Scopes[0].EntityID == again.ID {
			t.Errorf("after the deletion: %+v", tok.Scopes)
		}
	})
}

// TestSecretsAreNowhere looks for what must not be in the database: it holds digests and hashes only.
func TestSecretsAreNowhere(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		var digest []byte
		must(t, db.single.one(ctx, `SELECT digest FROM tokens WHERE id = ?`, []any{w.token.ID}, &digest))
		if !bytes.Equal(digest, w.tokenDigest) {
			t.Errorf("digest %x", digest)
		}
	})
}
