package xethash

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Size is the length of a Hash in bytes.
const Size = 32

// Hash is a hash of the Xet protocol as it stands in files. Its string form, used in URLs and JSON, reverses
// each group of eight bytes: see String. The zero value stands for "none" and is the hash of the empty file.
type Hash [Size]byte

// Parse reads the string form: exactly 64 lower-case hex digits. Anything else is InvalidInput.
func Parse(s string) (Hash, error) {
	var h Hash
	if len(s) != 2*Size || !isLowerHex(s) {
		return Hash{}, hub.Errorf(hub.InvalidInput, "A Xet hash has 64 lower-case hexadecimal digits.")
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, hub.Wrap(err, hub.InvalidInput, "A Xet hash has 64 lower-case hexadecimal digits.")
	}
	return h.swap(), nil
}

// FromSHA256 returns the hash whose string form is the digest: how a shard stores the SHA-256 of a file.
// A digest that is none is InvalidInput.
func FromSHA256(d hub.Digest) (Hash, error) { return Parse(string(d)) }

// SHA256 is the inverse of FromSHA256.
func (h Hash) SHA256() hub.Digest { return hub.Digest(h.String()) }

// String returns the 64 lower-case hex digits of the protocol: every group of eight bytes is printed from its last
// byte to its first, because the reference client prints four little-endian numbers of 64 bits.
func (h Hash) String() string {
	var text [2 * Size]byte
	h.appendTo(text[:0])
	return string(text[:])
}

// IsZero tells whether h is 32 zero bytes.
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalText makes a Hash a JSON string in the form of String.
func (h Hash) MarshalText() ([]byte, error) { return h.appendTo(make([]byte, 0, 2*Size)), nil }

// UnmarshalText is Parse.
func (h *Hash) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}

// eligibleModulus thins out the chunks that are asked for by hash: about one in a thousand.
const eligibleModulus = 1024

// Eligible tells whether a chunk with this hash belongs into the deduplication index whatever its place in a file.
// The first chunk of every file belongs there too.
func (h Hash) Eligible() bool { return h.last()%eligibleModulus == 0 }

// last is the number that cuts Merkle groups and chooses eligible chunks: the last eight bytes.
func (h Hash) last() uint64 { return binary.LittleEndian.Uint64(h[24:]) }

func (h Hash) swap() Hash {
	for i := 0; i < Size; i += 8 {
		binary.BigEndian.PutUint64(h[i:], binary.LittleEndian.Uint64(h[i:]))
	}
	return h
}

func (h Hash) appendTo(b []byte) []byte {
	h = h.swap()
	return hex.AppendEncode(b, h[:])
}

func isLowerHex(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
