package identity

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

const instance = "65f0c0ffee000000000000aa"

// memStore is the part of store/meta that identity reads, with its contract: changes are told to the
// listeners after they are in force and before the changing call returns.
type memStore struct {
	mu        sync.Mutex // guards all below
	tokens    map[string]hub.SubjectFacts
	sessions  map[string]hub.Session
	users     map[hub.ID]hub.User
	touched   map[hub.ID]time.Time
	touches   int
	failTouch bool
	reads     int
	listeners []func([]hub.Change)
	afterRead func() // runs after facts were read and before they are returned
}

func newMemStore() *memStore {
	return &memStore{
		tokens: map[string]hub.SubjectFacts{}, sessions: map[string]hub.Session{}, users: map[hub.ID]hub.User{}, touched: map[hub.ID]time.Time{},
	}
}

func (m *memStore) TokenFacts(_ context.Context, d []byte) (hub.SubjectFacts, error) {
	m.mu.Lock()
	m.reads++
	f, ok := m.tokens[string(d)]
	hook := m.afterRead
	m.mu.Unlock()
	if hook != nil {
		hook()
	}
	if !ok {
		return hub.SubjectFacts{}, hub.Errorf(hub.Unauthorized, "no such row")
	}
	return f, nil
}

func (m *memStore) SessionByDigest(_ context.Context, d []byte) (hub.Session, hub.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	s, ok := m.sessions[string(d)]
	if !ok {
		return hub.Session{}, hub.User{}, hub.Errorf(hub.Unauthorized, "no such row")
	}
	return s, m.users[s.UserID], nil
}

func (m *memStore) UserFacts(_ context.Context, id hub.ID) (hub.SubjectFacts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, ok := m.users[id]
	if !ok {
		return hub.SubjectFacts{}, hub.Errorf(hub.NotFound, "no such row")
	}
	return hub.SubjectFacts{User: u}, nil
}

func (m *memStore) OnChange(f func([]hub.Change)) { m.listeners = append(m.listeners, f) }

func (m *memStore) TouchTokens(_ context.Context, used map[hub.ID]time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failTouch {
		return errors.New("busy")
	}
	m.touches++
	for id, at := range used {
		m.touched[id] = at
	}
	return nil
}

// change applies f and tells the listeners, as a committed transaction does.
func (m *memStore) change(f func(), changes ...hub.Change) {
	m.mu.Lock()
	f()
	m.mu.Unlock()
	for _, l := range m.listeners {
		l(changes)
	}
}

// edit changes the facts of one token.
func (m *memStore) edit(d []byte, f func(*hub.SubjectFacts), changes ...hub.Change) {
	m.change(func() {
		facts := m.tokens[string(d)]
		t := *facts.Token
		facts.Token = &t
		f(&facts)
		m.tokens[string(d)] = facts
	}, changes...)
}

// bench is an authenticator over a memStore with one token of one user, and a clock that the test moves.
type bench struct {
	*Authenticator
	store  *memStore
	keys   Keys
	now    time.Time
	user   hub.User
	org    hub.ID
	token  hub.Token
	value  string
	digest []byte

	mu     sync.Mutex // guards failed
	failed []string
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{store: newMemStore(), keys: GenerateKeys(), now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), org: hub.NewID()}
	b.Authenticator = b.authenticator(b.keys)
	b.user = hub.User{ID: hub.NewID(), Name: "alice"}
	b.store.users[b.user.ID] = b.user
	b.value, b.token, b.digest = b.issue()
	return b
}

func (b *bench) authenticator(k Keys) *Authenticator {
	return New(b.store, k, instance, Options{
		Now: func() time.Time { return b.now },
		OnFailure: func(_ addr, reason string) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.failed = append(b.failed, reason)
		},
	})
}

// issue puts a write token of the user into the store without telling anybody.
func (b *bench) issue() (string, hub.Token, []byte) {
	value := tokenfmt.ForInstance(instance).Generate()
	tok := hub.Token{ID: hub.NewID(), UserID: b.user.ID, Kind: hub.TokenWrite, Name: "test"}
	_, d := b.keys.TokenDigest(secret.New(value))
	b.store.tokens[string(d)] = hub.SubjectFacts{
		User: b.user, Token: &tok,
		Memberships: []hub.Member{{OrgID: b.org, OrgName: "acme", UserID: b.user.ID, Role: hub.RoleWrite}},
	}
	return value, tok, d
}

func (b *bench) get(header string) (*access.Subject, error) {
	return b.Authenticate(context.Background(), Credentials{Authorization: header})
}

func (b *bench) bearer(t testing.TB) *access.Subject {
	t.Helper()
	s, err := b.get("Bearer " + b.value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
