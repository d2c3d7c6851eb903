package identity

import (
	"context"
	"crypto/sha256"
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
	const far = "far"
	for name, c := range map[string]struct {
		change hub.Change
		stale  bool
	}{
		"user":                    {hub.Change{Kind: hub.ChangeUser}, true},
		"token":                   {hub.Change{Kind: hub.ChangeToken}, true},
		"organization":            {hub.Change{Kind: hub.ChangeOrg}, true},
		"repository of a scope":   {hub.Change{Kind: hub.ChangeRepo, ID: repo}, true},
		"organization of a scope": {hub.Change{Kind: hub.ChangeOrg, ID: other}, true},
		"another user":            {hub.Change{Kind: hub.ChangeUser, ID: far}, false},
		"another repository":      {hub.Change{Kind: hub.ChangeRepo, ID: far}, false},
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
		if c.change.ID == far {
			c.change.ID = b.unrelated(hub.Change{Kind: hub.ChangeRepo, ID: repo}, hub.Change{Kind: hub.ChangeOrg, ID: other})
		}
		if c.change.ID == "" {
			c.change.ID = map[hub.ChangeKind]hub.ID{hub.ChangeUser: b.user.ID, hub.ChangeToken: b.token.ID, hub.ChangeOrg: b.org}[c.change.Kind]
		}
		before := b.store.reads
		b.store.edit(b.digest, func(f *hub.SubjectFacts) { f.Token.Name = "renamed" }, c.change)
		s := b.bearer(t)
		if read := b.store.reads > before; read != c.stale {
			t.Errorf("%s: read again %v, want %v", name, read, c.stale)
		}
		if renamed := s.TokenName() == "renamed"; renamed != c.stale {
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

// TestFillRaceWithManyChanges: however many changes came during a fill, the one that concerns it counts.
func TestFillRaceWithManyChanges(t *testing.T) {
	b := newBench(t)
	b.store.afterRead = func() {
		b.store.afterRead = nil
		b.store.edit(b.digest, func(f *hub.SubjectFacts) { f.Token.RevokedAt = b.now }, hub.Change{Kind: hub.ChangeToken, ID: b.token.ID})
		for range 10_000 {
			b.store.change(func() {}, hub.Change{Kind: hub.ChangeRepo, ID: hub.NewID()})
		}
	}
	b.bearer(t)
	if _, err := b.get("Bearer " + b.value); !hub.Is(err, hub.InvalidCredentials) {
		t.Fatalf("%v", err)
	}
}

// TestUnrelatedChangesDoNotSpoilAFill: a busy hub still fills its cache, and uses what is in it.
func TestUnrelatedChangesDoNotSpoilAFill(t *testing.T) {
	b := newBench(t)
	change := func() { b.store.change(func() {}, hub.Change{Kind: hub.ChangeUser, ID: b.unrelated()}) }
	b.store.afterRead = func() {
		b.store.afterRead = nil
		change()
	}
	for range 3 {
		b.bearer(t)
		change()
	}
	if b.store.reads != 1 {
		t.Fatalf("%d reads", b.store.reads)
	}
}

// unrelated returns an id that shares no stamp with what the token's snapshot was made of.
func (b *bench) unrelated(others ...hub.Change) hub.ID {
	taken := map[*atomic.Uint64]bool{}
	c := b.Authenticator.cache
	for _, ch := range append(others, hub.Change{Kind: hub.ChangeUser, ID: b.user.ID}, hub.Change{Kind: hub.ChangeToken, ID: b.token.ID},
		hub.Change{Kind: hub.ChangeOrg, ID: b.org}) {
		taken[c.stamp(access.Concern(ch))] = true
	}
	for {
		id, free := hub.NewID(), true
		for _, kind := range []hub.ChangeKind{hub.ChangeUser, hub.ChangeRepo} {
			free = free && !taken[c.stamp(access.Concern(hub.Change{Kind: kind, ID: id}))]
		}
		if free {
			return id
		}
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
	org := hub.NewID()
	var ks []digest
	for i := range 1000 {
		k := digest(sha256.Sum256([]byte{byte(i), byte(i >> 8)}))
		ks = append(ks, k)
		f := hub.SubjectFacts{User: hub.User{ID: hub.NewID()}, Memberships: []hub.Member{{OrgID: org, Role: hub.RoleRead}}}
		c.install(&k, &entry{subject: *access.NewSubject(f, access.Credential{Digest: k}), until: 1}, c.begin())
		if c.get(&k, time.Unix(0, 0)) == nil {
			t.Fatal("what was just installed is not there")
		}
		c.installNegative(&k, 1, c.begin())
	}
	held := func() (n int) {
		for i := range ks {
			if c.get(&ks[i], time.Unix(0, 0)) != nil {
				n++
			}
		}
		return n
	}
	if n := held(); n < 90 || n > 112 || len(c.negative) > maxNegative {
		t.Fatalf("%d entries, %d unknown", n, len(c.negative))
	}
	c.drop([]hub.Change{{Kind: hub.ChangeOrg, ID: org}})
	if n := held(); n != 0 {
		t.Fatalf("%d entries after a change of everybody's organization", n)
	}
}

// TestNeighboursInTheCache: of digests that differ in any one of the bytes that count, none answers for another.
func TestNeighboursInTheCache(t *testing.T) {
	c := newCache(1000)
	first := digest(sha256.Sum256([]byte("a")))
	ks := []digest{first}
	for i := range 17 {
		k := first
		k[i]++
		ks = append(ks, k)
	}
	for i, k := range ks {
		if c.get(&k, time.Unix(0, 0)) != nil {
			t.Errorf("number %d is there before it was installed", i)
		}
		c.install(&k, &entry{subject: *access.NewSubject(hub.SubjectFacts{User: hub.User{ID: hub.NewID()}}, access.Credential{Digest: k}), until: 1}, c.begin())
	}
	for i, k := range ks {
		if e := c.get(&k, time.Unix(0, 0)); e == nil || e.subject.Credential().Digest != k {
			t.Errorf("number %d is not there, or another one", i)
		}
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
