package hub

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"sync/atomic"
	"time"
)

// ID names a row: 24 lower-case hex digits, time-ordered, the shape that Hub clients expect of every `_id`.
// The zero value is no row at all.
type ID string

var idCounter atomic.Uint32

// NewID returns an ID that sorts after every ID this process made in an earlier millisecond.
// Layout: 48 bits of milliseconds since 1970, 16 bits of a counter, 32 random bits. Safe for concurrent use.
func NewID() ID { return NewIDAt(time.Now()) }

// NewIDAt is NewID for the given instant.
func NewIDAt(t time.Time) ID {
	var b [12]byte
	ms := uint64(t.UnixMilli())
	b[0], b[1], b[2], b[3], b[4], b[5] = byte(ms>>40), byte(ms>>32), byte(ms>>24), byte(ms>>16), byte(ms>>8), byte(ms)
	binary.BigEndian.PutUint16(b[6:8], uint16(idCounter.Add(1)))
	rand.Read(b[8:]) // crypto/rand never fails: it ends the process instead
	return ID(hex.EncodeToString(b[:]))
}

// ParseID accepts exactly 24 lower-case hex digits; anything else is InvalidInput.
func ParseID(s string) (ID, error) {
	if len(s) != 24 || !isLowerHex(s) {
		return "", Errorf(InvalidInput, "An id has 24 hexadecimal digits.")
	}
	return ID(s), nil
}

// ErrTailTaken is the cause of Conflict from a mutation that adds a user, an organization, a service account, a resource group
// or a repository when the tail of the id, its last 8 digits, is or was that of another one, or zero: decisions tell all of them
// apart by their tails. Nothing was changed. GiveID tries another id, so that no client sees this.
var ErrTailTaken = errors.New("the tail of the id is taken")

// giveIDTries is how many ids GiveID tries. With a million things there, one id in 4,000 has a taken tail, and eight in a row
// have one as good as never.
const giveIDTries = 8

// GiveID calls create with a new ID of the instant now, and with another one for as long as create fails with ErrTailTaken as
// cause: up to 8 times, then Internal. Otherwise it returns what create does. Each call must use its own id wherever it names
// what is created, in events too, and leave nothing behind when it fails.
func GiveID(now time.Time, create func(ID) error) error {
	var err error
	for range giveIDTries {
		if err = create(NewIDAt(now)); !errors.Is(err, ErrTailTaken) {
			return err
		}
	}
	return Wrap(err, Internal, "No id could be given.")
}

func isLowerHex(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
