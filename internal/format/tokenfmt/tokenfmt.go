// Package tokenfmt makes and recognises the text of access tokens.
//
// A token is "hf_", 28 random letters and 6 letters of checksum: 37 characters. The checksum is CRC-32 (IEEE)
// over the instance id followed by the 28 letters, written in base 52. So a token says offline which hub it
// belongs to: one of another hub passes here by chance once in 2·10^10, and is otherwise never hashed, looked
// up or logged. The checksum is a filter and keeps no secret; the 28 letters carry 159.6 bits.
//
// Letters only, because scanners for leaked tokens look for 34 letters after "hf_".
package tokenfmt

import (
	"crypto/rand"
	"hash/crc32"
	"strings"
)

// Length is the length in bytes of every token of ours.
const Length = len(prefix) + randomLetters + sumLetters

const (
	prefix        = "hf_"
	randomLetters = 28
	sumLetters    = 6 // 52^6 > 2^32
	alphabet      = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// Class is what a text presented as a credential turns out to be.
type Class uint8

// The classes. The zero Class is Malformed.
const (
	Malformed    Class = iota
	Ours               // made by this hub, as far as the checksum can tell
	Foreign            // shaped like a token, but of another hub or mistyped
	Organization       // api_org_…: organization tokens, abolished by the Hub in 2023
	Legacy             // api_…: user tokens of before 2022
	OAuth              // hf_oauth_… and hf_jwt_…: kinds that other issuers hand out
)

// Format knows the tokens of one hub. The zero Format is that of the hub with the empty instance id.
type Format struct{ seed uint32 }

// ForInstance returns the format of the hub with the given instance id.
func ForInstance(id string) Format { return Format{crc32.ChecksumIEEE([]byte(id))} }

// Generate returns a new token. Its letters come from crypto/rand and are uniform.
func (f Format) Generate() string {
	var out [Length]byte
	copy(out[:], prefix)
	letters := out[len(prefix) : len(prefix)+randomLetters]
	fillLetters(letters)
	sum := f.sum(letters)
	copy(out[len(prefix)+randomLetters:], sum[:])
	return string(out[:])
}

// Classify tells what s is. It allocates nothing and takes time linear in at most Length bytes of s.
func (f Format) Classify(s string) Class {
	switch {
	case strings.HasPrefix(s, "api_org_"):
		return Organization
	case strings.HasPrefix(s, "api_"):
		return Legacy
	case strings.HasPrefix(s, "hf_oauth_"), strings.HasPrefix(s, "hf_jwt_"):
		return OAuth
	case len(s) != Length, s[:len(prefix)] != prefix:
		return Malformed
	}
	var body [randomLetters + sumLetters]byte
	copy(body[:], s[len(prefix):])
	var seen byte
	for _, c := range body {
		seen |= sorts[c]
	}
	switch {
	case seen >= another:
		return Malformed
	case seen == letter && f.sum(body[:randomLetters]) == [sumLetters]byte(body[randomLetters:]):
		return Ours
	}
	return Foreign
}

// The sorts of characters, as bits: no token of ours has digits, but other hubs have made such ones.
const (
	letter  = 0
	digit   = 1
	another = 2
)

// sorts is the sort of each character. The letters of a token follow no pattern, so that a table is several times as fast
// as comparing.
var sorts = func() (t [256]byte) {
	for i := range t {
		t[i] = another
	}
	for i := range alphabet {
		t[alphabet[i]] = letter
	}
	for c := '0'; c <= '9'; c++ {
		t[c] = digit
	}
	return t
}()

// Last4 returns the last four characters of a token, which are shown to people and kept in clear.
func Last4(token string) string {
	if len(token) < 4 {
		return ""
	}
	return token[len(token)-4:]
}

// sum writes the checksum of the random letters in base 52, most significant letter first.
func (f Format) sum(letters []byte) [sumLetters]byte {
	n := ^f.seed
	for _, c := range letters { // crc32.Update would move the letters of every request to the heap
		n = crc32.IEEETable[byte(n)^c] ^ n>>8
	}
	n = ^n
	var out [sumLetters]byte
	for i := sumLetters - 1; i >= 0; i-- {
		out[i] = alphabet[n%uint32(len(alphabet))]
		n /= uint32(len(alphabet))
	}
	return out
}

// fillLetters fills b with uniform letters by rejection: a byte counts only below 208, the largest multiple
// of 52 that a byte can hold.
func fillLetters(b []byte) {
	var buf [64]byte
	for i := 0; i < len(b); {
		rand.Read(buf[:]) // crypto/rand never fails: it ends the process instead
		for _, r := range buf {
			if int(r) < 4*len(alphabet) {
				b[i] = alphabet[int(r)%len(alphabet)]
				if i++; i == len(b) {
					return
				}
			}
		}
	}
}
