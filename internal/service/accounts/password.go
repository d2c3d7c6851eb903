package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Cost of a password hash: what OWASP's password storage cheat sheet asks of argon2id at least.
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonThreads = 1
	argonSalt    = 16 // bytes
	argonKey     = 32 // bytes
)

// maxPassword is the length in bytes of the longest password.
const maxPassword = 1024

// passwords hashes and verifies passwords, at most one a core at a time: a hash costs about 25 ms and 19 MiB on purpose,
// so that without a bound the sign-in form would be a lever to take the machine down. Safe for concurrent use.
type passwords struct {
	turns     chan struct{}
	minLength int    // characters
	decoy     string // hash that no password matches, for users who do not exist
}

func newPasswords(minLength int) *passwords {
	p := &passwords{turns: make(chan struct{}, max(1, runtime.NumCPU())), minLength: minLength}
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	p.decoy = phc(salt, make([]byte, argonKey))
	return p
}

// check tells whether pw may be a password; the error is InvalidInput and does not repeat it.
func (p *passwords) check(pw string) error {
	switch {
	case !utf8.ValidString(pw) || strings.ContainsAny(pw, "\x00\r\n"):
		return hub.Errorf(hub.InvalidInput, "A password is one line of text.")
	case utf8.RuneCountInString(pw) < p.minLength:
		return hub.Errorf(hub.InvalidInput, "The password is shorter than %d characters.", p.minLength)
	case len(pw) > maxPassword:
		return hub.Errorf(hub.InvalidInput, "The password is longer than %d bytes.", maxPassword)
	}
	return nil
}

// hash returns the PHC string of pw. It waits for its turn as long as ctx lives.
func (p *passwords) hash(ctx context.Context, pw string) (string, error) {
	if err := p.check(pw); err != nil {
		return "", err
	}
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	key, err := p.derive(ctx, pw, salt, argonMemory, argonTime, argonThreads, argonKey)
	if err != nil {
		return "", err
	}
	return phc(salt, key), nil
}

// verify tells whether pw has the given hash. The empty hash, of a user without a password or of nobody, matches
// nothing and takes as long as any other.
func (p *passwords) verify(ctx context.Context, hash, pw string) (bool, error) {
	if len(pw) > maxPassword {
		return false, nil
	}
	none := hash == ""
	if none {
		hash = p.decoy
	}
	f, err := parsePHC(hash)
	if err != nil {
		return false, err
	}
	key, err := p.derive(ctx, pw, f.salt, f.memory, f.time, f.threads, uint32(len(f.key)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, f.key) == 1 && !none, nil
}

func (p *passwords) derive(ctx context.Context, pw string, salt []byte, memory, time uint32, threads uint8, length uint32) ([]byte, error) {
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(pw), salt, time, memory, threads, length), nil
}

var b64 = base64.RawStdEncoding

func phc(salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

type phcFields struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

// parsePHC reads a hash in the PHC string format. Costs come from the hash, so that they can be raised later
// without locking anybody out; they are bounded, in case somebody wrote the database by hand.
func parsePHC(s string) (f phcFields, err error) {
	bad := fmt.Errorf("a stored password hash is malformed")
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return f, bad
	}
	var version int
	if n, err := fmt.Sscanf(parts[2], "v=%d", &version); n != 1 || err != nil || version != argon2.Version {
		return f, bad
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &f.memory, &f.time, &f.threads); n != 3 || err != nil {
		return f, bad
	}
	if f.memory < 8 || f.memory > 1<<20 || f.time < 1 || f.time > 64 || f.threads < 1 {
		return f, bad
	}
	if f.salt, err = b64.DecodeString(parts[4]); err != nil || len(f.salt) < 8 || len(f.salt) > 64 {
		return f, bad
	}
	if f.key, err = b64.DecodeString(parts[5]); err != nil || len(f.key) < 16 || len(f.key) > 64 {
		return f, bad
	}
	return f, nil
}
