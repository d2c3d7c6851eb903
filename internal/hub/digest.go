package hub

import "encoding/hex"

// Digest is the SHA-256 of a large file: 64 lower-case hex digits without the "sha256:" prefix.
// It is what Git LFS calls the oid of an object.
type Digest string

// ParseDigest accepts exactly 64 lower-case hex digits; anything else is InvalidInput.
func ParseDigest(s string) (Digest, error) {
	if len(s) != 64 || !isLowerHex(s) {
		return "", Errorf(InvalidInput, "A SHA-256 has 64 lower-case hexadecimal digits.")
	}
	return Digest(s), nil
}

// OID names a git object by its SHA-1. The zero value names none and stands, as in git, for
// "the ref does not exist" in a ref update.
type OID [20]byte

// ZeroOID is the OID of no object.
var ZeroOID OID

// ParseOID accepts exactly 40 hex digits in either case; anything else is InvalidInput.
func ParseOID(s string) (OID, error) {
	var o OID
	if len(s) == 40 {
		if _, err := hex.Decode(o[:], []byte(s)); err == nil {
			return o, nil
		}
	}
	// Not by Errorf: names of branches are looked at this way in every request.
	return ZeroOID, &Error{Code: InvalidInput, Message: "A git object id has 40 hexadecimal digits."}
}

// IsZero tells whether o names no object.
func (o OID) IsZero() bool { return o == ZeroOID }

// String returns the 40 lower-case hex digits.
func (o OID) String() string { return hex.EncodeToString(o[:]) }

// MarshalText makes an OID a JSON string of 40 hex digits.
func (o OID) MarshalText() ([]byte, error) { return []byte(o.String()), nil }
