package identity

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"log/slog"
	"strings"
	"sync"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// KeySize is the length in bytes of a key.
const KeySize = 32

// Keys is the ring of keys under which credentials are digested. The first key makes new digests; the others
// still recognise credentials that were made under them. It is immutable, safe for concurrent use, and prints
// as "[redacted]". The daemon keeps it in a file outside the database, readable by its owner only.
type Keys struct{ ring *[]key }

type key struct {
	id       string
	token    *macPool // each purpose has a key of its own, derived from the stored one
	session  *macPool
	ticket   *macPool
	material [KeySize]byte
}

// GenerateKeys returns a ring of one new random key.
func GenerateKeys() Keys {
	var m [KeySize]byte
	rand.Read(m[:])
	return makeKeys([]key{newKey(string(hub.NewID()), m)})
}

// ParseKeys reads a key file: one key a line as "id hex", the newest first; empty lines and lines that begin
// with # are skipped. The error is InvalidInput and never quotes the text.
func ParseKeys(text []byte) (Keys, error) {
	var ring []key
	seen := map[string]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if len(f) != 2 || len(f[0]) > 64 || seen[f[0]] {
			return Keys{}, hub.Errorf(hub.InvalidInput, "key file, line %d: want a new key id and %d hexadecimal digits", i+1, 2*KeySize)
		}
		b, err := hex.DecodeString(f[1])
		if err != nil || len(b) != KeySize {
			return Keys{}, hub.Errorf(hub.InvalidInput, "key file, line %d: a key has %d hexadecimal digits", i+1, 2*KeySize)
		}
		seen[f[0]] = true
		ring = append(ring, newKey(f[0], [KeySize]byte(b)))
	}
	if len(ring) == 0 {
		return Keys{}, hub.Errorf(hub.InvalidInput, "the key file holds no key")
	}
	return makeKeys(ring), nil
}

// Marshal returns the text of a key file. It is secret.
func (k Keys) Marshal() []byte {
	var b bytes.Buffer
	b.WriteString("# Ambit credential keys, newest first. Whoever has them can make credentials out of database rows.\n")
	for _, e := range k.entries() {
		b.WriteString(e.id + " " + hex.EncodeToString(e.material[:]) + "\n")
	}
	return b.Bytes()
}

// Rotate returns a ring with a new key in front. Credentials made under the old ones stay valid.
func (k Keys) Rotate() Keys {
	n := GenerateKeys()
	return makeKeys(append(n.entries(), k.entries()...))
}

// IsZero tells whether the ring is empty, which every use of it refuses.
func (k Keys) IsZero() bool { return len(k.entries()) == 0 }

// TokenDigest returns the digest of a token's value under the newest key, and that key's id: what CreateToken
// and RotateToken of the store take.
func (k Keys) TokenDigest(value secret.String) (kid string, digest []byte) {
	e := k.newest()
	d := e.token.sum(value.Reveal())
	return e.id, d[:]
}

// SessionDigest returns the digest of a session cookie's value under the newest key.
func (k Keys) SessionDigest(value secret.String) []byte {
	d := k.newest().session.sum(value.Reveal())
	return d[:]
}

// Derive returns a key for another purpose, made of the newest key. It changes when the ring is rotated. It is secret.
func (k Keys) Derive(purpose string) [KeySize]byte {
	e := k.newest()
	m := hmac.New(sha256.New, e.material[:])
	m.Write([]byte("ambit " + purpose))
	return [KeySize]byte(m.Sum(nil))
}

func makeKeys(ring []key) Keys { return Keys{&ring} }

func (k Keys) entries() []key {
	if k.ring == nil {
		return nil
	}
	return *k.ring
}

func (k Keys) newest() key {
	if k.IsZero() {
		panic("identity: empty key ring")
	}
	return k.entries()[0]
}

const redacted = "[redacted]"

// String returns "[redacted]".
func (Keys) String() string { return redacted }

// GoString returns "[redacted]".
func (Keys) GoString() string { return redacted }

// LogValue returns "[redacted]".
func (Keys) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]": use Marshal to write the key file.
func (Keys) MarshalText() ([]byte, error) { return []byte(redacted), nil }

func newKey(id string, material [KeySize]byte) key {
	derive := func(purpose string) *macPool {
		m := hmac.New(sha256.New, material[:])
		m.Write([]byte("ambit " + purpose))
		return newMacPool(m.Sum(nil))
	}
	return key{id: id, material: material, token: derive("token"), session: derive("session"), ticket: derive("ticket")}
}

// macPool computes HMACs under one key; reusing the keyed state is three times as fast as keying anew.
type macPool struct{ pool sync.Pool }

type macState struct {
	h   hash.Hash
	in  []byte
	out [sha256.Size]byte
}

func newMacPool(k []byte) *macPool {
	p := &macPool{}
	p.pool.New = func() any { return &macState{h: hmac.New(sha256.New, k), in: make([]byte, 0, 256)} }
	return p
}

// sum returns the HMAC-SHA-256 of s.
func (p *macPool) sum(s string) [sha256.Size]byte {
	m := p.pool.Get().(*macState)
	m.in = append(m.in[:0], s...)
	m.h.Reset()
	m.h.Write(m.in)
	m.h.Sum(m.out[:0])
	out := m.out
	clear(m.in) // the pool must not keep credentials
	p.pool.Put(m)
	return out
}

// digest returns the digest of a credential under this key.
func (k *key) digest(value string, session bool) digest {
	if session {
		return k.session.sum(value)
	}
	return k.token.sum(value)
}
