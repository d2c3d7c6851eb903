package meta

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

func TestLeases(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		now := time.Now()
		db.now = func() time.Time { return now }
		a, got, err := db.AcquireLease(ctx, "job", hub.NewID(), time.Minute)
		if err != nil || !got || a.Fence != 1 {
			t.Fatalf("%+v %v %v", a, got, err)
		}
		if _, got, err := db.AcquireLease(ctx, "job", hub.NewID(), time.Minute); err != nil || got {
			t.Fatalf("a held lease: %v %v", got, err)
		}
		now = now.Add(50 * time.Second)
		must(t, db.RenewLease(ctx, a, time.Minute))
		now = now.Add(50 * time.Second)
		if _, got, err := db.AcquireLease(ctx, "job", hub.NewID(), time.Minute); err != nil || got {
			t.Fatalf("a renewed lease: %v %v", got, err)
		}
		now = now.Add(time.Minute)
		b, got, err := db.AcquireLease(ctx, "job", hub.NewID(), time.Minute)
		if err != nil || !got || b.Fence != 2 {
			t.Fatalf("%+v %v %v", b, got, err)
		}
		wantCode(t, db.RenewLease(ctx, a, time.Minute), hub.PreconditionFailed)
		must(t, db.ReleaseLease(ctx, a)) // lost: does nothing
		if _, got, err := db.AcquireLease(ctx, "job", hub.NewID(), time.Minute); err != nil || got {
			t.Fatalf("released by somebody else: %v %v", got, err)
		}
		must(t, db.ReleaseLease(ctx, b))
		c, got, err := db.AcquireLease(ctx, "job", hub.NewID(), time.Minute)
		if err != nil || !got || c.Fence != 3 {
			t.Fatalf("%+v %v %v", c, got, err)
		}
		// Many at once: one gets it.
		must(t, db.ReleaseLease(ctx, c))
		var wg sync.WaitGroup
		var holders atomic.Int32
		for range 8 {
			wg.Go(func() {
				if _, got, err := db.AcquireLease(ctx, "job", hub.NewID(), time.Minute); err != nil {
					t.Error(err)
				} else if got {
					holders.Add(1)
				}
			})
		}
		wg.Wait()
		if holders.Load() != 1 {
			t.Errorf("%d holders", holders.Load())
		}
		must(t, db.EndLeases(ctx))
		if _, got, err := db.AcquireLease(ctx, "job", hub.NewID(), time.Minute); err != nil || !got {
			t.Errorf("after the end of all: %v %v", got, err)
		}
	})
}

// inlinePack is a pack that lies in its row.
func inlinePack(repo hub.ID, n int) hub.NewPack {
	data := fmt.Appendf(nil, "pack %d", n)
	return hub.NewPack{Pack: hub.Pack{ID: hub.NewID(), RepoID: repo, Kind: "commit", State: hub.PackLive, Bytes: int64(len(data)), PackBytes: 1, Sum: "x"}, Inline: data}
}

func TestReplacePacks(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		u := addUser(t, db, "alice")
		repo := addRepo(t, db, u.ID, "one")
		p := inlinePack(repo.ID, 0)
		pub := change(repo.ID, "refs/heads/main", hub.ZeroOID, oid(1))
		pub.Pack, pub.Inline = &p.Pack, p.Inline
		gen, err := db.Publish(ctx, pub)
		must(t, err)
		swap := func(s hub.PackSwap) (hub.NewPack, int64, error) {
			n := inlinePack(repo.ID, 1)
			s.RepoID, s.New = repo.ID, append(s.New, n)
			gen, err := db.ReplacePacks(ctx, s)
			return n, gen, err
		}
		lease, _, err := db.AcquireLease(ctx, "git/x", hub.NewID(), time.Minute)
		must(t, err)
		late := lease
		late.Fence--
		for what, s := range map[string]hub.PackSwap{
			"a lost lease":         {Retired: []hub.ID{p.Pack.ID}, Lease: late},
			"a lease of nobody":    {Retired: []hub.ID{p.Pack.ID}, Lease: hub.Lease{Name: "git/y", Holder: "h", Fence: 1}},
			"a pack that is gone":  {Retired: []hub.ID{hub.NewID()}, Lease: lease},
			"another generation":   {Retired: []hub.ID{p.Pack.ID}, Lease: lease, Drops: true, Gen: gen - 1},
			"the same pack twice":  {Retired: []hub.ID{p.Pack.ID, p.Pack.ID}, Lease: lease},
			"a repository's other": {Retired: []hub.ID{""}, Lease: lease},
		} {
			_, _, err := swap(s)
			if got := hub.CodeOf(err); got != hub.PreconditionFailed {
				t.Errorf("%s: %v", what, err)
			}
		}
		if g, packs, err := db.LivePacks(ctx, repo.ID); err != nil || g != gen || len(packs) != 1 || packs[0].ID != p.Pack.ID {
			t.Fatalf("a refused swap changed something: %d %v %v", g, packs, err)
		}
		n, next, err := swap(hub.PackSwap{Retired: []hub.ID{p.Pack.ID}, Lease: lease, Drops: true, Gen: gen})
		must(t, err)
		row, err := db.RepoByID(ctx, repo.ID)
		must(t, err)
		if next != gen+1 || row.GCEpoch != 1 || row.GitBytes != n.Pack.Bytes {
			t.Errorf("generation %d, epoch %d, %d bytes", next, row.GCEpoch, row.GitBytes)
		}
		// Whoever checked before is refused.
		_, err = db.Publish(ctx, change(repo.ID, "refs/heads/main", oid(1), oid(2)))
		wantCode(t, err, hub.Conflict)
		ok := change(repo.ID, "refs/heads/main", oid(1), oid(2))
		ok.GCEpoch = 1
		_, err = db.Publish(ctx, ok)
		must(t, err)
		if tips, err := db.OldTips(ctx, repo.ID, time.Now().Add(-time.Hour)); err != nil || len(tips) != 1 || tips[0] != oid(1) {
			t.Errorf("%v %v", tips, err)
		}
		if tips, err := db.OldTips(ctx, repo.ID, time.Now().Add(time.Hour)); err != nil || len(tips) != 0 {
			t.Errorf("%v %v", tips, err)
		}
		must(t, db.DeleteRepo(ctx, repo.ID, hub.Event{}))
		_, _, err = swap(hub.PackSwap{Lease: lease})
		wantCode(t, err, hub.RepoNotFound)
		must(t, db.SweepGit(ctx, time.Now()))
	})
}

func TestDueGC(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		u := addUser(t, db, "alice")
		a, b := addRepo(t, db, u.ID, "a"), addRepo(t, db, u.ID, "b")
		gen, err := db.Publish(ctx, change(a.ID, "refs/heads/main", hub.ZeroOID, oid(1)))
		must(t, err)
		due := func(before time.Time) []hub.ID {
			ids, err := db.DueGC(ctx, before, 10)
			must(t, err)
			return ids
		}
		soon, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
		if ids := due(past); len(ids) != 1 || ids[0] != a.ID {
			t.Fatalf("%v, and only %s changed since it was made, not %s", ids, a.ID, b.ID)
		}
		must(t, db.MarkGC(ctx, a.ID, gen))
		if ids := due(soon); len(ids) != 0 {
			t.Errorf("unchanged, but due: %v", ids)
		}
		_, err = db.Publish(ctx, change(a.ID, "refs/heads/main", oid(1), oid(2)))
		must(t, err)
		if ids := due(past); len(ids) != 0 {
			t.Errorf("due too soon: %v", ids)
		}
		if ids := due(soon); len(ids) != 1 {
			t.Errorf("changed, and not due")
		}
	})
}

func TestLocksAndKeys(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		u := addUser(t, db, "alice")
		repo := addRepo(t, db, u.ID, "one")
		l := hub.FileLock{ID: hub.NewID(), RepoID: repo.ID, Path: "a/b", OwnerID: u.ID, CreatedAt: testTime()}
		_, err := db.CreateLock(ctx, l, hub.Event{})
		must(t, err)
		other := l
		other.ID = hub.NewID()
		held, err := db.CreateLock(ctx, other, hub.Event{})
		if wantCode(t, err, hub.Conflict); held.ID != l.ID || held.OwnerName != "alice" {
			t.Errorf("%+v", held)
		}
		if got, err := db.LockByPath(ctx, repo.ID, "a/b"); err != nil || got.ID != l.ID || !got.CreatedAt.Equal(l.CreatedAt) {
			t.Errorf("%+v %v", got, err)
		}
		_, err = db.LockByPath(ctx, repo.ID, "a\x00b")
		wantCode(t, err, hub.NotFound)
		_, err = db.LockByID(ctx, hub.NewID(), l.ID)
		wantCode(t, err, hub.NotFound)
		must(t, db.DeleteLock(ctx, repo.ID, l.ID, hub.Event{}))
		wantCode(t, db.DeleteLock(ctx, repo.ID, l.ID, hub.Event{}), hub.NotFound)
		l.RepoID = hub.NewID()
		_, err = db.CreateLock(ctx, l, hub.Event{})
		wantCode(t, err, hub.RepoNotFound)

		bob := addUser(t, db, "bob")
		k := hub.SSHKey{ID: hub.NewID(), UserID: bob.ID, Name: "laptop", Kind: "ssh-ed25519", Fingerprint: "SHA256:x", Public: "p", CreatedAt: testTime()}
		must(t, db.AddSSHKey(ctx, k, hub.Event{}))
		again := k
		again.ID, again.UserID = hub.NewID(), u.ID
		wantCode(t, db.AddSSHKey(ctx, again, hub.Event{}), hub.Conflict)
		must(t, db.TouchSSHKey(ctx, k.ID))
		got, err := db.SSHKeyByFingerprint(ctx, "SHA256:x")
		if must(t, err); got.UserName != "bob" || got.LastUsedAt.IsZero() {
			t.Errorf("%+v", got)
		}
		// The key of somebody who is gone is free again.
		must(t, db.DeleteUser(ctx, bob.ID, hub.Event{}))
		_, err = db.SSHKeyByFingerprint(ctx, "SHA256:x")
		wantCode(t, err, hub.NotFound)
		must(t, db.AddSSHKey(ctx, again, hub.Event{}))
		if keys, err := db.SSHKeysOf(ctx, u.ID); err != nil || len(keys) != 1 {
			t.Errorf("%v %v", keys, err)
		}
		must(t, db.DeleteSSHKey(ctx, again.ID, hub.Event{}))
		wantCode(t, db.DeleteSSHKey(ctx, again.ID, hub.Event{}), hub.NotFound)
	})
}

func TestClosures(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		repo := addRepo(t, db, addUser(t, db, "alice").ID, "one")
		_, err := db.Closure(ctx, repo.ID)
		wantCode(t, err, hub.NotFound)
		for _, body := range []string{"first", "second"} {
			must(t, db.PutClosure(ctx, repo.ID, []byte(body)))
			if got, err := db.Closure(ctx, repo.ID); err != nil || string(got) != body {
				t.Errorf("%q, %v", got, err)
			}
		}
		wantCode(t, db.PutClosure(ctx, repo.ID, make([]byte, MaxClosure+1)), hub.TooLarge)
		must(t, db.PutClosure(ctx, "gone", []byte("of nobody")))
		must(t, db.SweepGit(ctx, time.Now()))
		_, err = db.Closure(ctx, "gone")
		wantCode(t, err, hub.NotFound)
		if got, err := db.Closure(ctx, repo.ID); err != nil || string(got) != "second" {
			t.Errorf("swept: %q, %v", got, err)
		}
	})
}
