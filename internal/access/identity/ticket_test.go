package identity

import (
	"context"
	"encoding/base64"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

func sample(b *bench) Ticket {
	return Ticket{
		Method: "PUT", Action: access.RepoWrite, RepoID: hub.NewID(), Size: 12,
		Digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Expires: b.now.Add(time.Minute),
	}
}

func TestTicketComesBackWhole(t *testing.T) {
	b := newBench(t)
	for name, s := range map[string]*access.Subject{"token": b.bearer(t), "anonymous": access.Anonymous()} {
		rapid.Check(t, func(t *rapid.T) {
			want := Ticket{
				Method:  rapid.SampledFrom([]string{"PUT", "GET", "POST"}).Draw(t, "method"),
				Action:  rapid.SampledFrom([]access.Action{access.RepoContentRead, access.RepoWrite}).Draw(t, "action"),
				RepoID:  hub.NewID(),
				Digest:  hub.Digest(rapid.StringMatching(`[0-9a-f]{64}|`).Draw(t, "digest")),
				Size:    rapid.Int64Min(-1).Draw(t, "size"),
				Upload:  hub.ID(rapid.StringMatching(`[0-9a-f]{24}|`).Draw(t, "upload")),
				Part:    rapid.IntRange(0, 10_000).Draw(t, "part"),
				Expires: b.now.Add(time.Duration(rapid.IntRange(1, 3600).Draw(t, "seconds")) * time.Second).Local(),
			}
			sub, got, err := b.Redeem(context.Background(), b.Mint(s, want), want.Method)
			if err != nil || !got.Expires.Equal(want.Expires) || sub.UserID() != s.UserID() {
				t.Fatalf("%s: %+v %v", name, got, err)
			}
			got.Expires = want.Expires
			if got != want {
				t.Fatalf("%s: got %+v, want %+v", name, got, want)
			}
		})
	}
}

// TestEveryBitOfATicketCounts flips each bit.
func TestEveryBitOfATicketCounts(t *testing.T) {
	b := newBench(t)
	raw, err := base64.RawURLEncoding.DecodeString(b.Mint(b.bearer(t), sample(b)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(raw) * 8 {
		raw[i/8] ^= 1 << (i % 8)
		if _, _, err := b.Redeem(context.Background(), base64.RawURLEncoding.EncodeToString(raw), "PUT"); !hub.Is(err, hub.Forbidden) {
			t.Fatalf("bit %d flipped: %v", i, err)
		}
		raw[i/8] ^= 1 << (i % 8)
	}
	for n := range len(raw) {
		if _, _, err := b.Redeem(context.Background(), base64.RawURLEncoding.EncodeToString(raw[:n]), "PUT"); !hub.Is(err, hub.Forbidden) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func TestTicketsEnd(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	s := b.bearer(t)
	text := b.Mint(s, sample(b))
	if _, _, err := b.Redeem(ctx, text, "GET"); !hub.Is(err, hub.Forbidden) {
		t.Errorf("for another method: %v", err)
	}
	if _, _, err := b.authenticator(GenerateKeys()).Redeem(ctx, text, "PUT"); !hub.Is(err, hub.Forbidden) {
		t.Errorf("of another ring: %v", err)
	}
	if _, _, err := b.authenticator(b.keys.Rotate()).Redeem(ctx, text, "PUT"); err != nil {
		t.Errorf("after a key rotation: %v", err)
	}
	b.now = b.now.Add(time.Minute)
	if _, _, err := b.Redeem(ctx, text, "PUT"); !hub.Is(err, hub.Forbidden) {
		t.Errorf("after its time: %v", err)
	}
	text = b.Mint(s, sample(b))
	b.store.edit(b.digest, func(f *hub.SubjectFacts) { f.Token.RevokedAt = b.now }, hub.Change{Kind: hub.ChangeToken, ID: b.token.ID})
	if _, _, err := b.Redeem(ctx, text, "PUT"); !hub.Is(err, hub.InvalidCredentials) {
		t.Errorf("after its parent was revoked: %v", err)
	}
}

// TestOddActionsGetNoTicket: only reading and writing content can be signed away.
func TestOddActionsGetNoTicket(t *testing.T) {
	b := newBench(t)
	for _, a := range []access.Action{access.NoAction, access.RepoDelete, access.TokenManage, access.InstanceAdmin} {
		tk := sample(b)
		tk.Action = a
		if _, _, err := b.Redeem(context.Background(), b.Mint(b.bearer(t), tk), "PUT"); !hub.Is(err, hub.Forbidden) {
			t.Errorf("%s: %v", a, err)
		}
	}
	if _, _, err := b.Redeem(context.Background(), b.Mint(access.Operator(), sample(b)), "PUT"); err == nil {
		t.Error("a ticket of the operator was honoured")
	}
}

func FuzzRedeem(f *testing.F) {
	b := newBench(f)
	f.Add(b.Mint(b.bearer(f), sample(b)))
	f.Add(b.Mint(access.Anonymous(), sample(b)))
	f.Fuzz(func(t *testing.T, text string) {
		_, tk, err := b.Redeem(context.Background(), text, "PUT")
		if err == nil && tk.Action != access.RepoWrite {
			t.Fatalf("%+v", tk)
		}
		parseTicket([]byte(text))
	})
}
