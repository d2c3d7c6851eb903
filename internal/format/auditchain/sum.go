package auditchain

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash"
	"sync"
)

// summer makes SHA-256 digests of many short texts. It pads them itself, so that the hash goes over whole blocks where they lie,
// and takes the digest out of the hash's state: of texts of one or two blocks that saves a third of the time, which
// crypto/sha256 needs for copying the text, and then itself, in order to pad. Not safe for concurrent use.
type summer struct {
	on    hash.Hash
	state []byte
}

// The place of the digest in the state that crypto/sha256 gives away: after its magic word.
const (
	stateBegin = 4
	stateEnd   = stateBegin + sha256.Size
)

// padded returns b with the padding of SHA-256 for the text that begins at from behind it, in place when there is room.
// Source: FIPS 180-4, section 5.1.1.
func padded(b []byte, from int) []byte {
	var zeros [sha256.BlockSize]byte
	n := len(b) - from
	b = append(b, 0x80)
	if over := (n + 1 + 8) % sha256.BlockSize; over > 0 {
		b = append(b, zeros[over:]...)
	}
	return binary.BigEndian.AppendUint64(b, uint64(n)*8)
}

// sum returns the digest of the text that blocks is the padded form of.
func (s *summer) sum(blocks []byte) Hash {
	if s.on == nil {
		s.on, s.state = sha256.New(), make([]byte, 0, 128)
	}
	if !stateKnown() {
		n := binary.BigEndian.Uint64(blocks[len(blocks)-8:]) / 8
		return sha256.Sum256(blocks[:n])
	}
	s.on.Reset()
	s.on.Write(blocks)
	s.state, _ = s.on.(encoding.BinaryAppender).AppendBinary(s.state[:0]) // never fails
	return Hash(s.state[stateBegin:stateEnd])
}

// stateKnown tells whether the state has the digest where it was when this was written. Package hash promises that later
// versions read it, and not that they write it in the same form; then sum is as fast as crypto/sha256 makes it.
var stateKnown = sync.OnceValue(func() bool {
	on := sha256.New()
	appender, ok := on.(encoding.BinaryAppender)
	for _, text := range []string{"", "one block", "two blocks, as are hashed for each event in the chain and for each node of the tree"} {
		if !ok {
			break
		}
		on.Reset()
		on.Write(padded([]byte(text), 0))
		state, err := appender.AppendBinary(nil)
		ok = err == nil && len(state) >= stateEnd && Hash(state[stateBegin:stateEnd]) == sha256.Sum256([]byte(text))
	}
	return ok
})
