package meta

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ambit-hub/ambit/internal/format/auditchain"
	"github.com/ambit-hub/ambit/internal/hub"
)

// checkChain fails unless the stored chain is whole, and returns its rows.
func checkChain(t testing.TB, db *DB) []hub.AuditRow {
	t.Helper()
	must(t, db.SealEvents(ctx))
	var rows []hub.AuditRow
	must(t, db.ScanAudit(ctx, 0, math.MaxInt64, func(r *hub.AuditRow) error {
		rows = append(rows, r.Clone())
		return nil
	}))
	var hash auditchain.Hash
	for i, r := range rows {
		if r.Seq != int64(i)+1 {
			t.Fatalf("row %d has number %d", i+1, r.Seq)
		}
		hash = auditchain.Next(hash, auditchain.Record(nil, r))
		if !slices.Equal(hash[:], r.Hash) {
			t.Fatalf("row %d does not continue the chain", r.Seq)
		}
	}
	head, err := db.AuditHead(ctx)
	must(t, err)
	if head.Seq != int64(len(rows)) || !slices.Equal(head.Hash, hash[:]) || head.Last != head.Seq {
		t.Fatalf("the head is %+v after %d rows", head, len(rows))
	}
	return rows
}

// TestAuditChainUnderConcurrency lets writers of all sorts race, some of whom fail: the chain has no gap and no fork, and
// knows nothing of what was undone.
func TestAuditChainUnderConcurrency(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		before := len(checkChain(t, db))
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 10 {
					must(t, putUser(db, w.bob, hub.Event{Message: fmt.Sprint(i, j)}))
					must(t, db.RecordEvents(ctx, hub.Event{Type: "a"}, hub.Event{Type: "b"}))
					err := db.CreateUser(ctx, hub.User{ID: hub.NewID(), Name: "Bob"}, "", hub.Event{Type: "undone"})
					wantCode(t, err, hub.Conflict)
				}
			})
		}
		wg.Wait()
		rows := checkChain(t, db)
		if len(rows) != before+8*10*3 {
			t.Errorf("%d events, want %d", len(rows), before+240)
		}
		for _, r := range rows {
			if r.Type == "undone" {
				t.Error("an event of a transaction that was undone is in the log")
			}
		}
	})
}

// TestEventsNameTheOwner holds that events about repositories carry the namespace, deletion included, and that texts
// which no database takes do not stand in the way.
func TestEventsNameTheOwner(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		must(t, db.DeleteRepo(ctx, w.public.ID, hub.Event{UserAgent: "a\xff\x00b", Message: "€"}))
		rows, err := db.AuditEvents(ctx, hub.AuditQuery{Namespace: w.public.NamespaceID, Type: "repo.*", Limit: 1})
		must(t, err)
		if len(rows) != 1 || rows[0].Type != "repo.delete" || rows[0].RepoID != w.public.ID || rows[0].UserAgent != "a�b" {
			t.Errorf("got %+v", rows)
		}
		checkChain(t, db)
	})
}

// TestAuditQuery tries each condition against the same filter in Go.
func TestAuditQuery(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		org, other := hub.NewID(), hub.NewID()
		at := testTime()
		must(t, db.RecordEvents(ctx,
			hub.Event{Type: "repo.create", ActorName: "Alice", NamespaceID: org, Message: "100% done", At: at},
			hub.Event{Type: "repo_create", ActorName: "bob", NamespaceID: org, TokenID: other, Message: "x", At: at.Add(10)},
			hub.Event{Type: "repo.delete", ActorName: "bob", NamespaceID: other, RepoID: org, Message: "A_B für ÄRZTE", At: at.Add(20000)},
		))
		for _, c := range []struct {
			q    hub.AuditQuery
			want []string
		}{
			{hub.AuditQuery{}, []string{"repo.delete", "repo_create", "repo.create"}},
			{hub.AuditQuery{Limit: 1}, []string{"repo.delete"}},
			{hub.AuditQuery{Before: 3}, []string{"repo_create", "repo.create"}},
			{hub.AuditQuery{Namespace: org}, []string{"repo_create", "repo.create"}},
			{hub.AuditQuery{Type: "repo.create"}, []string{"repo.create"}},
			{hub.AuditQuery{Type: "repo.*"}, []string{"repo.delete", "repo.create"}},
			{hub.AuditQuery{Actor: "ALICE"}, []string{"repo.create"}},
			{hub.AuditQuery{Actor: "%"}, nil},
			{hub.AuditQuery{Token: other}, []string{"repo_create"}},
			{hub.AuditQuery{Repo: org}, []string{"repo.delete"}},
			{hub.AuditQuery{Text: "0% D"}, []string{"repo.create"}},
			{hub.AuditQuery{Text: "a_b"}, []string{"repo.delete"}},
			{hub.AuditQuery{Text: "FÜR ÄRZTE"}, []string{"repo.delete"}},
			{hub.AuditQuery{Text: "für ärzte"}, []string{"repo.delete"}},
			{hub.AuditQuery{Type: "REPO.*"}, []string{"repo.delete", "repo.create"}},
			{hub.AuditQuery{Since: at.Add(15000)}, []string{"repo.delete"}},
			{hub.AuditQuery{Until: at.Add(15000)}, []string{"repo_create", "repo.create"}},
		} {
			if c.q.Limit == 0 {
				c.q.Limit = 100
			}
			rows, err := db.AuditEvents(ctx, c.q)
			must(t, err)
			var got []string
			for _, r := range rows {
				got = append(got, r.Type)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%+v: %s", c.q, d)
			}
		}
	})
}

// TestOldAuditIsChained brings a database of before the chain to the newest schema.
func TestOldAuditIsChained(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		url, old := oldDatabase(t, db, 4)
		const n = 2500 // more than two pages
		for i := range n {
			_, err := old.ExecContext(ctx, fmt.Sprintf(`INSERT INTO audit (id, type, actor_id, actor_name, token_id, namespace_id, repo_id,
				target_id, message, ip, user_agent, at) VALUES ('%024x', 'repo.create', '', 'a', '', 'n', '', '', 'm', '', '', %d)`, n-i, n-i))
			must(t, err)
		}
		must(t, old.Close())
		now := openAt(t, url)
		rows := checkChain(t, now)
		if len(rows) != n || rows[0].ID != hub.ID(fmt.Sprintf("%024x", 1)) || rows[0].At.UnixMicro() != 1 {
			t.Errorf("%d rows, the first %+v", len(rows), rows[0])
		}
		must(t, now.RecordEvents(ctx, hub.Event{Type: "later"}))
		checkChain(t, now)
	})
}
