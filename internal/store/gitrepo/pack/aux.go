package pack

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"sort"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// The aux section, all numbers big-endian:
//
//	"AUX\x01"  number of objects (4 bytes)  number of pointers (4 bytes)
//	for each object, in the order of the idx: 1 byte kind, highest bit set for a pointer; 7 bytes size
//	for each pointer, in the same order: position in the idx (4 bytes), size (8), SHA-256 (32)
//
// Sizes are those of the inflated object, deltas applied.
const (
	auxMagic    = "AUX\x01"
	auxHeader   = len(auxMagic) + 8
	auxFact     = 8
	auxPointer  = 4 + 8 + 32
	pointerFlag = 0x80
)

// aux is an aux section, read in place.
type aux struct {
	data     []byte
	n        int
	pointers int
}

// parseAux checks the shape of the facts about n objects, so that later lookups cannot fail. The error is ErrCorrupt.
func parseAux(data []byte, n int) (aux, error) {
	a := aux{data: data, n: n}
	if len(data) < auxHeader || string(data[:len(auxMagic)]) != auxMagic ||
		binary.BigEndian.Uint32(data[4:]) != uint32(n) {
		return a, ErrCorrupt
	}
	a.pointers = int(binary.BigEndian.Uint32(data[8:]))
	if a.pointers > n || len(data) != auxHeader+auxFact*n+auxPointer*a.pointers {
		return a, ErrCorrupt
	}
	next := 0 // pointer whose record is due
	for i := range n {
		if !a.kind(i).IsObject() {
			return a, ErrCorrupt
		}
		if !a.isPointer(i) {
			continue
		}
		if next >= a.pointers || a.pointerPos(next) != i || a.pointerRecord(next)[4] >= 0x80 {
			return a, ErrCorrupt
		}
		next++
	}
	if next != a.pointers {
		return a, ErrCorrupt
	}
	return a, nil
}

func (a aux) fact(i int) []byte { return a.data[auxHeader+auxFact*i:] }

func (a aux) kind(i int) object.Kind { return object.Kind(a.fact(i)[0] &^ pointerFlag) }

func (a aux) isPointer(i int) bool { return a.fact(i)[0]&pointerFlag != 0 }

func (a aux) size(i int) int64 {
	return int64(binary.BigEndian.Uint64(a.fact(i)) & (1<<56 - 1))
}

func (a aux) pointerRecord(j int) []byte {
	return a.data[auxHeader+auxFact*a.n+auxPointer*j:]
}

func (a aux) pointerPos(j int) int { return int(binary.BigEndian.Uint32(a.pointerRecord(j))) }

// pointer returns what the pointer at position i says.
func (a aux) pointer(i int) (lfspointer.Pointer, bool) {
	if !a.isPointer(i) {
		return lfspointer.Pointer{}, false
	}
	j := sort.Search(a.pointers, func(j int) bool { return a.pointerPos(j) >= i })
	r := a.pointerRecord(j)
	return lfspointer.Pointer{
		Size:   int64(binary.BigEndian.Uint64(r[4:])),
		Digest: hub.Digest(hex.EncodeToString(r[12:44])),
	}, true
}

// buildAux returns the facts about entries, which must be sorted by id.
func buildAux(entries []entry) []byte {
	var pointers bytes.Buffer
	b := make([]byte, 0, auxHeader+auxFact*len(entries))
	b = append(b, auxMagic...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(entries)))
	b = append(b, 0, 0, 0, 0) // number of pointers, filled in below
	n := 0
	for i, e := range entries {
		fact := uint64(e.kind)<<56 | uint64(e.size)
		if e.pointer != nil {
			fact |= pointerFlag << 56
			n++
			record := binary.BigEndian.AppendUint32(nil, uint32(i))
			record = binary.BigEndian.AppendUint64(record, uint64(e.pointer.Size))
			record, _ = hex.AppendDecode(record, []byte(e.pointer.Digest)) // a parsed digest
			pointers.Write(record)
		}
		b = binary.BigEndian.AppendUint64(b, fact)
	}
	binary.BigEndian.PutUint32(b[8:], uint32(n))
	return append(b, pointers.Bytes()...)
}
