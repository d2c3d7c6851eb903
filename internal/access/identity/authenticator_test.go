package identity

import (
	"context"
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

type addr = netip.Addr

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestNoCredentialIsAnonymous(t *testing.T) {
	b := newBench(t)
	s, err := b.get("")
	if err != nil || !s.IsAnonymous() {
		t.Fatalf("%v %v", s, err)
	}
}

func TestTokenAsBearerAndAsPassword(t *testing.T) {
	b := newBench(t)
	for _, h := range []string{
		"Bearer " + b.value, "bearer " + b.value, "BEARER  " + b.value + " ",
		basic("alice", b.value), basic("hf_user", b.value), basic("", b.value), "basic" + basic("x", b.value)[5:],
	} {
		s, err := b.get(h)
		if err != nil || s.UserID() != b.user.ID || s.TokenID() != b.token.ID || s.Kind() != access.KindWrite {
			t.Errorf("%s: %v %v", strings.Fields(h)[0], s, err)
		}
	}
	if b.store.reads != 1 {
		t.Errorf("%d reads of the store for one token", b.store.reads)
	}
}

// TestRefusedCredentials: never anonymous, never looked up unless shaped like a token of ours, and with the
// constant that the Python client compares wherever a better token would help.
func TestRefusedCredentials(t *testing.T) {
	b := newBench(t)
	foreign := tokenfmt.ForInstance("another hub").Generate()
	unknown := tokenfmt.ForInstance(instance).Generate()
	letters := strings.Repeat("x", 34)
	const constant = hub.MessageInvalidCredentials
	cases := []struct {
		header, reason, message, hint string
		lookups                       int
	}{
		{"Bearer " + unknown, "credential.unknown", constant, "", 1},
		{"Bearer " + foreign, "credential.foreign", constant, "not issued by this hub", 0},
		{basic("u", foreign), "credential.foreign", constant, "not issued by this hub", 0},
		{"Bearer hf_oauth_" + letters, "credential.unknown", constant, "", 0},
		{"Bearer api_org_" + letters, "credential.organization_token", constant, "create a user access token", 0},
		{basic("u", "api_org_"+letters), "credential.organization_token", constant, "create a user access token", 0},
		{"Bearer api_" + letters, "credential.legacy_token", constant, "create a user access token", 0},
		{basic("alice", "correct horse"), "credential.password", "passwords are not accepted", "", 0},
		{basic(b.value, ""), "credential.user_name", "in the place of the user name", "", 0},
		{basic(b.value, "x-oauth-basic"), "credential.user_name", "in the place of the user name", "", 0},
		{basic(foreign, "correct horse"), "credential.user_name", "in the place of the user name", "", 0},
		{basic("u", ""), "credential.malformed", constant, "with the token as password", 0},
		{"Bearer", "credential.malformed", constant, "Bearer hf_", 0},
		{"Bearer hf_", "credential.malformed", constant, "", 0},
		{"Bearer " + b.value + "x", "credential.malformed", constant, "", 0},
		{"Basic !!!", "credential.malformed", constant, "", 0},
		{"Basic " + base64.StdEncoding.EncodeToString([]byte("nocolon")), "credential.malformed", constant, "", 0},
		{"Digest " + b.value, "credential.scheme", constant, "", 0},
		{b.value, "credential.scheme", constant, "", 0},
		{" ", "credential.scheme", constant, "", 0},
		{basic(strings.Repeat("u", 10_000), b.value), "credential.malformed", constant, "", 0},
		{"Bearer " + strings.Repeat("a", 100_000), "credential.malformed", constant, "", 0},
	}
	for _, c := range cases {
		b.store.reads = 0
		s, err := b.get(c.header)
		var e *hub.Error
		if !errors.As(err, &e) || s != nil {
			t.Errorf("%.40q: %v %v", c.header, s, err)
			continue
		}
		if e.Code != hub.InvalidCredentials || e.Reason != c.reason || !strings.Contains(e.Hint, c.hint) || b.store.reads != c.lookups {
			t.Errorf("%.40q: %v, hint %q, %d lookups", c.header, e, e.Hint, b.store.reads)
		}
		if c.message == constant && e.Message != constant || !strings.Contains(e.Message, c.message) {
			t.Errorf("%.40q: message %q", c.header, e.Message)
		}
		for _, said := range []string{e.Message, e.Hint, e.Reason} {
			if strings.Contains(said, foreign) || strings.Contains(said, unknown) {
				t.Errorf("an answer quotes the credential: %q", said)
			}
		}
	}
	if len(b.failed) != len(cases) {
		t.Errorf("%d failures told, want %d", len(b.failed), len(cases))
	}
}

func TestDeadTokens(t *testing.T) {
	for name, c := range map[string]struct {
		edit   func(*hub.SubjectFacts, time.Time)
		reason string
	}{
		"expired":   {func(f *hub.SubjectFacts, now time.Time) { f.Token.ExpiresAt = now }, "token.expired"},
		"revoked":   {func(f *hub.SubjectFacts, now time.Time) { f.Token.RevokedAt = now }, "token.revoked"},
		"suspended": {func(f *hub.SubjectFacts, now time.Time) { f.User.Suspended = true }, "subject.suspended"},
	} {
		b := newBench(t)
		b.bearer(t)
		b.store.edit(b.digest, func(f *hub.SubjectFacts) { c.edit(f, b.now) }, hub.Change{Kind: hub.ChangeToken, ID: b.token.ID})
		for range 2 { // from the store and from the cache
			_, err := b.get("Bearer " + b.value)
			var e *hub.Error
			if !errors.As(err, &e) || e.Code != hub.InvalidCredentials || e.Message != hub.MessageInvalidCredentials || e.Reason != c.reason {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestExpiryNeedsNoSweeper: a cached snapshot dies on the instant.
func TestExpiryNeedsNoSweeper(t *testing.T) {
	b := newBench(t)
	b.store.edit(b.digest, func(f *hub.SubjectFacts) { f.Token.ExpiresAt = b.now.Add(time.Second) })
	b.bearer(t)
	b.now = b.now.Add(time.Second - 1)
	b.bearer(t)
	b.now = b.now.Add(1)
	if _, err := b.get("Bearer " + b.value); !hub.Is(err, hub.InvalidCredentials) {
		t.Fatalf("%v", err)
	}
}

func TestSession(t *testing.T) {
	b := newBench(t)
	const cookie = "a-session-cookie-value"
	d := b.keys.SessionDigest(secret.New(cookie))
	b.store.sessions[string(d)] = hub.Session{ID: hub.NewID(), UserID: b.user.ID, ExpiresAt: b.now.Add(90 * time.Second)}
	ask := func(c Credentials) (*access.Subject, error) { return b.Authenticate(context.Background(), c) }
	s, err := ask(Credentials{Cookie: cookie})
	if err != nil || s.Kind() != access.KindSession || s.UserID() != b.user.ID || s.TokenID() != "" {
		t.Fatalf("%v %v", s, err)
	}
	if _, err := ask(Credentials{Cookie: cookie + "x"}); !hub.Is(err, hub.InvalidCredentials) {
		t.Errorf("unknown cookie: %v", err)
	}
	if _, err := ask(Credentials{Cookie: b.value}); !hub.Is(err, hub.InvalidCredentials) {
		t.Errorf("a token is no cookie: %v", err)
	}
	if _, err := b.get("Bearer " + cookie); !hub.Is(err, hub.InvalidCredentials) {
		t.Errorf("a cookie is no token: %v", err)
	}
	s, err = ask(Credentials{Authorization: "Bearer " + b.value, Cookie: cookie})
	if err != nil || s.Kind() != access.KindWrite {
		t.Errorf("the header comes first: %v %v", s, err)
	}
	if _, err := ask(Credentials{Authorization: "Bearer hf_bad", Cookie: cookie}); !hub.Is(err, hub.InvalidCredentials) {
		t.Errorf("a bad header is not saved by a good cookie: %v", err)
	}
	b.now = b.now.Add(89 * time.Second)
	if _, err := ask(Credentials{Cookie: cookie}); err != nil {
		t.Errorf("before its end: %v", err)
	}
	b.now = b.now.Add(time.Second)
	if _, err := ask(Credentials{Cookie: cookie}); !hub.Is(err, hub.InvalidCredentials) {
		t.Errorf("after its end: %v", err)
	}
}

func TestRefresh(t *testing.T) {
	b := newBench(t)
	s := b.bearer(t)
	if fresh, err := b.Refresh(context.Background(), s); err != nil || fresh.TokenID() != b.token.ID {
		t.Fatalf("%v %v", fresh, err)
	}
	if a, err := b.Refresh(context.Background(), access.Anonymous()); err != nil || !a.IsAnonymous() {
		t.Fatalf("%v %v", a, err)
	}
	// Rotated: the digest finds nothing any more.
	b.store.change(func() { delete(b.store.tokens, string(b.digest)) }, hub.Change{Kind: hub.ChangeToken, ID: b.token.ID})
	if _, err := b.Refresh(context.Background(), s); !hub.Is(err, hub.InvalidCredentials) {
		t.Fatalf("after rotation: %v", err)
	}
	loose := access.NewSubject(hub.SubjectFacts{User: b.user}, access.Credential{})
	if _, err := b.Refresh(context.Background(), loose); !hub.Is(err, hub.InvalidCredentials) {
		t.Fatalf("a subject without credential: %v", err)
	}
}

// TestOlderKeysStillRecognise: after a key rotation new and old credentials work, and a ring without the old
// key knows nothing of the old ones.
func TestOlderKeysStillRecognise(t *testing.T) {
	b := newBench(t)
	rotated := b.keys.Rotate()
	again, err := ParseKeys(rotated.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	a := b.authenticator(again)
	s, err := a.Authenticate(context.Background(), Credentials{Authorization: "Bearer " + b.value})
	if err != nil || s.TokenID() != b.token.ID {
		t.Fatalf("%v %v", s, err)
	}
	if fresh, err := a.Refresh(context.Background(), s); err != nil || fresh.TokenID() != b.token.ID {
		t.Fatalf("refresh under an older key: %v", err)
	}
	b.store.edit(b.digest, func(f *hub.SubjectFacts) { f.Token.RevokedAt = b.now }, hub.Change{Kind: hub.ChangeToken, ID: b.token.ID})
	if _, err := a.Authenticate(context.Background(), Credentials{Authorization: "Bearer " + b.value}); !hub.Is(err, hub.InvalidCredentials) {
		t.Fatalf("a change reaches snapshots under older keys: %v", err)
	}
	other := b.authenticator(GenerateKeys())
	if _, err := other.Authenticate(context.Background(), Credentials{Authorization: "Bearer " + b.value}); !hub.Is(err, hub.InvalidCredentials) {
		t.Fatalf("another ring: %v", err)
	}
}

func TestHotPathAllocatesNothing(t *testing.T) {
	b := newBench(t)
	b.bearer(t)
	c := Credentials{Authorization: "Bearer " + b.value}
	ctx := context.Background()
	want := 0.0
	if raceDetector {
		want = 4 // under it sync.Pool throws things away on purpose
	}
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := b.Authenticate(ctx, c); err != nil {
			t.Fatal(err)
		}
	}); n > want {
		t.Fatalf("%v allocations a request", n)
	}
}

func FuzzAuthenticate(f *testing.F) {
	b := newBench(f)
	f.Add("Bearer " + b.value)
	f.Add(basic("u", b.value))
	f.Add("Basic Og==")
	f.Fuzz(func(t *testing.T, header string) {
		s, err := b.get(header)
		switch {
		case header == "" && err == nil && s.IsAnonymous():
		case err == nil && strings.Contains(header, b.value):
		case err == nil && strings.HasPrefix(strings.ToLower(header), "basic ") && s.TokenID() == b.token.ID:
		case hub.Is(err, hub.InvalidCredentials):
		default:
			t.Fatalf("%q: %v %v", header, s, err)
		}
	})
}
