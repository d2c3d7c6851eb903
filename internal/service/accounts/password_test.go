package accounts

import (
	"context"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

func TestPasswordRoundTrip(t *testing.T) {
	ctx := context.Background()
	p := newPasswords(10)
	h, err := p.hash(ctx, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(h, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("hash is %s", h)
	}
	if again, _ := p.hash(ctx, "correct horse"); again == h {
		t.Error("two hashes of one password are equal: the salt is not random")
	}
	for _, c := range []struct {
		hash, pw string
		want     bool
	}{
		{h, "correct horse", true}, {h, "correct horsf", false}, {h, "", false}, {"", "correct horse", false},
		{h, strings.Repeat("x", maxPassword+1), false},
	} {
		got, err := p.verify(ctx, c.hash, c.pw)
		if err != nil || got != c.want {
			t.Errorf("verify(%.12q, %.12q) = %v, %v; want %v", c.hash, c.pw, got, err, c.want)
		}
	}
}

func TestPasswordRules(t *testing.T) {
	p := newPasswords(10)
	for _, pw := range []string{"", "tiny-pw", "nine char", "two\nlines of text", "nul\x00 in the middle", "\xff\xfe not text here", strings.Repeat("x", maxPassword+1)} {
		if err := p.check(pw); !hub.Is(err, hub.InvalidInput) || pw != "" && strings.Contains(err.Error(), pw) {
			t.Errorf("%.20q: %v", pw, err)
		}
	}
	for _, pw := range []string{"ten chars!", "密码密码密码密码密码", strings.Repeat("x", maxPassword)} {
		if err := p.check(pw); err != nil {
			t.Errorf("%.20q is refused: %v", pw, err)
		}
	}
}

func TestPasswordHashWaitsOnlyAsLongAsItsCaller(t *testing.T) {
	p := newPasswords(10)
	for range cap(p.turns) {
		p.turns <- struct{}{} // all turns are taken
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.hash(ctx, "correct horse"); err == nil {
		t.Fatal("hash did not give up")
	}
}

func FuzzPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=4294967295,t=1,p=1$AAAA$AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := parsePHC(s); err == nil && (got.memory > 1<<20 || got.time > 64) {
			t.Fatalf("%q asks for %d KiB and %d rounds", s, got.memory, got.time)
		}
	})
}
