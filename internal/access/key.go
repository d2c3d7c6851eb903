package access

import (
	"cmp"

	"github.com/ambit-hub/ambit/internal/hub"
)

// key is an id packed into twelve bytes. The zero key is that of no row: text that is not an id gets it, and
// it matches nothing.
type key struct {
	head      // first 16 digits
	tail tail // last 8 digits
}

type head struct{ a, b uint32 }

// tail is the last 8 digits of the id of a user, an organization, a service account, a resource group or a repository. The
// store gives each once, whatever the kind (hub.ErrTailTaken), and never the zero tail: two of these things are the same
// when their tails are. Decisions know them by their tails alone, which is half of what makes them quick: see decision 13.
type tail uint32

func keyOf(id hub.ID) key {
	if len(id) != 24 {
		return key{}
	}
	var words [3]uint32
	var bad byte
	for i := range 24 {
		d := hexDigit[id[i]]
		bad |= d
		words[i/8] = words[i/8]<<4 | uint32(d)
	}
	if bad > 15 {
		return key{}
	}
	return key{head{words[0], words[1]}, tail(words[2])}
}

// tailOf is the tail of an id, the zero tail for text that is none.
func tailOf(id hub.ID) tail { return keyOf(id).tail }

const hexDigits = "0123456789abcdef"

// hexDigit is the value of a lower-case hexadecimal digit, 255 for any other byte.
var hexDigit = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range hexDigits {
		t[hexDigits[i]] = byte(i)
	}
	return t
}()

// id is the text that k was made of, empty for the zero key.
func (k key) id() hub.ID {
	if k == (key{}) {
		return ""
	}
	var b [24]byte
	for i, word := range [...]uint32{k.a, k.b, uint32(k.tail)} {
		for j := range 8 {
			b[8*i+j] = hexDigits[word>>(28-4*j)&15]
		}
	}
	return hub.ID(b[:])
}

// compare orders keys by what differs most.
func (k key) compare(l key) int {
	return cmp.Or(cmp.Compare(k.tail, l.tail), cmp.Compare(k.a, l.a), cmp.Compare(k.b, l.b))
}

// Key is the id of a token or of who acts, packed: for tables that are looked into with every request, where making text of
// an id would cost more than the rest. Keys are equal when their ids are; the zero Key is nobody's.
type Key struct{ k key }

// TokenKey is the key of TokenID.
func (s *Subject) TokenKey() Key { return Key{s.token} }

// ActorKey is the key of ActorID.
func (s *Subject) ActorKey() Key {
	if a := s.Service(); a != nil {
		return Key{keyOf(a.ID)}
	}
	return Key{s.person()}
}

// Part spreads keys evenly over n parts, from 0 on.
func (k Key) Part(n uint32) uint32 { return uint32(k.k.tail) % n }
