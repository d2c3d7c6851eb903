package identity

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// TestChangesDropSnapshotsBeforeTheReply: whatever a snapshot was made of, its change is seen by the next
// request, without any time passing.
func TestChangesDropSnapshotsBeforeTheReply(t *testing.T) {
	repo := hub.NewID()
	other := hub.NewID()
	for name, c := range map[string]struct {
		change hub.Change
		stale  bool
	}{
		"user":                    {hub.Change{Kind: hub.ChangeUser}, true},
		"token":                   {hub.Change{Kind: hub.ChangeToken}, true},
		"organization":            {hub.Change{Kind: hub.ChangeOrg}, true},
		"repository of a scope":   {hub.Change{Kind: hub.ChangeRepo, ID: repo}, true},
		"organization of a scope": {hub.Change{Kind: hub.ChangeOrg, ID: other}, true},
		"another user":            {hub.Change{Kind: hub.ChangeUser, ID: other}, false},
		"another repository":      {hub.Change{Kind: hub.ChangeRepo, ID: other}, false},
	} {
		b := newBench(t)
		b.store.edit(b.digest, func(f *hub.SubjectFacts) {
			f.Token.Kind = hub.TokenFineGrained
			f.Token.Scopes = []hub.Scope{
				{EntityType: hub.EntityModel, EntityID: repo, NamespaceID: b.org},
				{EntityType: hub.EntityOrg, EntityID: other, NamespaceID: other},
			}
		})
		b.bearer(t)
		if c.change.ID == "" {
			c.change.ID = map[hub.ChangeKind]hub.ID{hub.ChangeUser: b.user.ID, hub.ChangeToken: b.token.ID, hub.ChangeOrg: b.org}[c.change.Kind]
		}
		before := b.store.reads
		b.store.edit(b.digest, func(f *hub.SubjectFacts) { f.Token.Name = "renamed" }, c.change)
		s := b.bearer(t)
		if read := b.store.reads > before; read != c.stale {
			t.Errorf("%s: read again %v, want %v", name, read, c.stale)
		}
		if renamed := s.Facts().Token.Name == "renamed"; renamed != c.stale {
			t.Errorf("%s: new facts %v, want %v", name, renamed, c.stale)
		}
	}
}

// TestFillRace pauses a fill between its read and its install and changes the token in between: the old
// facts must not come back into the cache.
func TestFillRace(t *testing.T) {
	for name, change := range map[string]hub.ChangeKind{"token": hub.ChangeToken, "user": hub.ChangeUser, "org": hub.ChangeOrg} {
		b := newBench(t)
		id := map[hub.ChangeKind]hub.ID{hub.ChangeUser: b.user.ID, hub.ChangeToken: b.token.ID, hub.ChangeOrg: b.org}[change]
		b.store.afterRead = func() {
			b.store.afterRead = nil
			b.store.edit(b.digest, func(f *hub.SubjectFacts) { f.Token.RevokedAt = b.now }, hub.Change{Kind: change, ID: id})
		}
		if _, err := b.get("Bearer " + b.value); err != nil {
			t.Fatalf("%s: the request that began before the change: %v", name, err)
		}
		if _, err := b.get("Bearer " + b.value); !hub.Is(err, hub.InvalidCredentials) {
			t.Fatalf("%s: a request after the reply succeeds with the old facts: %v", name, err)
		}
	}
}

// TestFillRaceWithManyChanges: when more changes came than are kept, nothing is installed.
func TestFillRaceWithManyChanges(t *testing.T) {
	b := newBench(t)
	b.store.afterRead = func() {
		b.store.afterRead = nil
		b.store.edit(b.digest, func(f *hub.SubjectFacts) { f.Token.RevokedAt = b.now }, hub.Change{Kind: hub.ChangeToken, ID: b.token.ID})
		for range keptChanges {
			b.store.change(func() {}, hub.Change{Kind: hub.ChangeRepo, ID: hub.NewID()})
		}
	}
	b.bearer(t)
	if _, err := b.get("Bearer " + b.value); !hub.Is(err, hub.InvalidCredentials) {
		t.Fatalf("%v", err)
	}
}

// TestUnrelatedChangesDoNotSpoilAFill: a busy hub still fills its cache.
func TestUnrelatedChangesDoNotSpoilAFill(t *testing.T) {
	b := newBench(t)
	b.store.afterRead = func() {
		b.store.afterRead = nil
		b.store.change(func() {}, hub.Change{Kind: hub.ChangeUser, ID: hub.NewID()})
	}
	b.bearer(t)
	b.bearer(t)
	if b.store.reads != 1 {
		t.Fatalf("%d reads", b.store.reads)
	}
}

func TestUnknownTokensAreRememberedBriefly(t *testing.T) {
	b := newBench(t)
	value, tok, d := b.issue()
	facts := b.store.tokens[string(d)]
	delete(b.store.tokens, string(d))
	ask := func() error { _, err := b.get("Bearer " + value); return err }
	for range 3 {
		if !hub.Is(ask(), hub.InvalidCredentials) {
			t.Fatal("an unknown token passes")
		}
	}
	if b.store.reads != 1 {
		t.Fatalf("%d reads for an unknown token", b.store.reads)
	}
	// Creating it makes it known at once.
	b.store.change(func() { b.store.tokens[string(d)] = facts }, hub.Change{Kind: hub.ChangeToken, ID: tok.ID})
	if err := ask(); err != nil {
		t.Fatalf("after creation: %v", err)
	}
	// Without any notice it is known after the time is up.
	value, _, d = b.issue()
	facts = b.store.tokens[string(d)]
	delete(b.store.tokens, string(d))
	if !hub.Is(ask(), hub.InvalidCredentials) {
		t.Fatal("an unknown token passes")
	}
	b.store.tokens[string(d)] = facts
	if !hub.Is(ask(), hub.InvalidCredentials) {
		t.Fatal("not remembered")
	}
	b.now = b.now.Add(negativeTTL)
	if err := ask(); err != nil {
		t.Fatalf("remembered too long: %v", err)
	}
}

// TestNegativeFillRace: a token created between the read that missed it and the memory of the miss.
func TestNegativeFillRace(t *testing.T) {
	b := newBench(t)
	value, tok, d := b.issue()
	facts := b.store.tokens[string(d)]
	delete(b.store.tokens, string(d))
	b.store.afterRead = func() {
		b.store.afterRead = nil
		b.store.change(func() { b.store.tokens[string(d)] = facts }, hub.Change{Kind: hub.ChangeToken, ID: tok.ID})
	}
	if _, err := b.get("Bearer " + value); !hub.Is(err, hub.InvalidCredentials) {
		t.Fatalf("the request that began before: %v", err)
	}
	if _, err := b.get("Bearer " + value); err != nil {
		t.Fatalf("the request that began after: %v", err)
	}
}

// TestBelt: without any notice a snapshot is read again after a minute.
func TestBelt(t *testing.T) {
	b := newBench(t)
	b.bearer(t)
	b.store.edit(b.digest, func(f *hub.SubjectFacts) { f.Token.RevokedAt = b.now })
	b.now = b.now.Add(snapshotTTL - 1)
	b.bearer(t)
	b.now = b.now.Add(1)
	if _, err := b.get("Bearer " + b.value); !hub.Is(err, hub.InvalidCredentials) {
		t.Fatalf("%v", err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := newCache(100)
	for i := range 1000 {
		f := hub.SubjectFacts{User: hub.User{ID: hub.ID(fmt.Sprint(i))}, Memberships: []hub.Member{{OrgID: "o"}}}
		c.install(digest{byte(i), byte(i >> 8)}, &entry{subject: access.NewSubject(f, access.Credential{})}, c.begin())
		c.installNegative(digest{byte(i), byte(i >> 8), 1}, 1, c.begin())
	}
	held := 0
	for i := range c.shards {
		held += len(c.shards[i].entries)
	}
	if held != 100 || len(c.keys) != 100 || len(c.index) != 101 || len(c.negative) > maxNegative {
		t.Fatalf("%d entries, %d keys, %d index rows, %d unknown", held, len(c.keys), len(c.index), len(c.negative))
	}
	c.drop([]hub.Change{{Kind: hub.ChangeOrg, ID: "o"}})
	if len(c.keys)+len(c.index) != 0 {
		t.Fatalf("%d keys, %d index rows after dropping everything", len(c.keys), len(c.index))
	}
}

// TestRevocationUnderFire: many clients ask while the token is revoked; none that begins after the reply of
// the revocation gets in.
func TestRevocationUnderFire(t *testing.T) {
	for range 20 {
		b := newBench(t)
		var replied, late atomic.Bool
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 500 {
					began := replied.Load()
					if _, err := b.Authenticate(context.Background(), Credentials{Authorization: "Bearer " + b.value}); err == nil && began {
						late.Store(true)
					}
				}
			})
		}
		b.store.edit(b.digest, func(f *hub.SubjectFacts) { f.Token.RevokedAt = b.now }, hub.Change{Kind: hub.ChangeToken, ID: b.token.ID})
		replied.Store(true)
		wg.Wait()
		if late.Load() {
			t.Fatal("a request that began after the reply of the revocation succeeded")
		}
	}
}

func TestLastUsed(t *testing.T) {
	b := newBench(t)
	b.bearer(t)
	b.now = b.now.Add(59 * time.Second)
	b.bearer(t)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := b.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if got := b.store.touched[b.token.ID]; !got.Equal(b.now.Add(-59 * time.Second)) {
		t.Fatalf("last used %v", got)
	}
	b.now = b.now.Add(time.Second)
	b.bearer(t)
	b.store.failTouch = true
	if err := b.Run(ctx); err == nil {
		t.Fatal("the last flush failed in silence")
	}
	b.store.failTouch = false
	if err := b.Run(ctx); err != nil || !b.store.touched[b.token.ID].Equal(b.now) {
		t.Fatalf("after a failed flush: %v %v", b.store.touched[b.token.ID], err)
	}
}

// TestManyTokensFlushEarly: a thousand waiting tokens do not wait for the clock.
func TestManyTokensFlushEarly(t *testing.T) {
	store := newMemStore()
	l := newLastUsed(store)
	for i := range flushAt {
		l.note(hub.ID(fmt.Sprint(i)), time.Unix(1, 0))
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- l.run(ctx, time.Hour) }()
	for {
		store.mu.Lock()
		n := len(store.touched)
		store.mu.Unlock()
		if n == flushAt {
			break
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if store.touches != 1 {
		t.Fatalf("%d flushes", store.touches)
	}
}
