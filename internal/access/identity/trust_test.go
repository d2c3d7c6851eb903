package identity

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestUntrustedCacheIsNotAsked changes a token behind the back of the listeners, as a node does that cannot be heard: what
// is cached counts only while the cache is trusted.
func TestUntrustedCacheIsNotAsked(t *testing.T) {
	b := newBench(t)
	var trusted atomic.Bool
	trusted.Store(true)
	b.opts.Trusted = trusted.Load
	b.bearer(t)
	b.store.mu.Lock()
	f := b.store.tokens[string(b.digest)]
	tok := *f.Token
	tok.RevokedAt = b.now
	f.Token = &tok
	b.store.tokens[string(b.digest)] = f
	b.store.mu.Unlock()
	b.bearer(t) // the lease still runs
	trusted.Store(false)
	if _, err := b.get("Bearer " + b.value); !hub.Is(err, hub.InvalidCredentials) {
		t.Errorf("an untrusted snapshot was used: %v", err)
	}
	// An unknown token that became known is found, too.
	value, _, d := b.issue()
	facts := b.store.tokens[string(d)]
	delete(b.store.tokens, string(d))
	trusted.Store(true)
	if _, err := b.get("Bearer " + value); err == nil {
		t.Fatal("an unknown token is known")
	}
	b.store.tokens[string(d)] = facts
	trusted.Store(false)
	if _, err := b.get("Bearer " + value); err != nil {
		t.Errorf("an untrusted refusal was used: %v", err)
	}
}

// deadStore answers nothing until its caller gives up.
type deadStore struct{ *memStore }

func (deadStore) TokenFacts(ctx context.Context, _ []byte) (hub.SubjectFacts, error) {
	<-ctx.Done()
	return hub.SubjectFacts{}, ctx.Err()
}

// TestDeadStoreIsUnavailable: without an answer nobody is let in, nobody is told that his token is bad, and nobody waits
// for ever.
func TestDeadStoreIsUnavailable(t *testing.T) {
	b := newBench(t)
	a := New(deadStore{b.store}, b.keys, instance, Options{})
	_, err := a.Authenticate(context.Background(), Credentials{Authorization: "Bearer " + b.value})
	if !hub.Is(err, hub.Unavailable) {
		t.Errorf("got %v", err)
	}
}

// TestSupersededValue uses a former value in and after its time.
func TestSupersededValue(t *testing.T) {
	b := newBench(t)
	var unknown [][]byte
	b.opts.OnUnknown = func(d [][]byte, _ Credentials) { unknown = append(unknown, d...) }
	b.store.edit(b.digest, func(f *hub.SubjectFacts) { f.Superseded = &hub.Superseded{Until: b.now.Add(10 * time.Second)} })
	if s := b.bearer(t); s.Superseded() == nil {
		t.Error("the subject does not say that its value is a former one")
	}
	b.now = b.now.Add(10 * time.Second)
	if _, err := b.get("Bearer " + b.value); !hub.Is(err, hub.InvalidCredentials) {
		t.Errorf("after its time: %v", err)
	}
	b.get("Bearer " + b.value)
	if len(unknown) != 1 || !bytes.Equal(unknown[0], b.digest) {
		t.Errorf("told of %d unknown values", len(unknown))
	}
}
