package pack

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"sort"

	"github.com/ambit-hub/ambit/internal/hub"
)

// index is a git pack index, version 2, read in place. Source: git's Documentation/gitformat-pack,
// "pack-*.idx files".
type index struct {
	data    []byte
	n       int
	packLen int64
}

const (
	idxMagic  = "\xfftOc\x00\x00\x00\x02"
	idxNames  = len(idxMagic) + 256*4 // where the ids begin
	idxFooter = 2 * sumSize
)

// parseIndex checks the shape of an index: sizes, rising fan-out, ids in order, offsets inside a pack of
// packLen bytes. So later lookups cannot fail. The error is ErrCorrupt.
func parseIndex(data []byte, packLen int64) (index, error) {
	x := index{data: data, packLen: packLen}
	if len(data) < idxNames+idxFooter || string(data[:len(idxMagic)]) != idxMagic {
		return x, ErrCorrupt
	}
	last := 0
	for i := range 256 {
		n := x.fan(i)
		if n < last {
			return x, ErrCorrupt
		}
		last = n
	}
	x.n = last
	large := len(data) - idxNames - idxFooter - 28*x.n
	if large < 0 || large%8 != 0 || large/8 > x.n {
		return x, ErrCorrupt
	}
	for i := range x.n {
		if i > 0 && bytes.Compare(x.name(i-1), x.name(i)) >= 0 {
			return x, ErrCorrupt
		}
		if b := int(x.name(i)[0]); i >= x.fan(b) || (b > 0 && i < x.fan(b-1)) {
			return x, ErrCorrupt
		}
		if off, ok := x.offsetOf(i, large/8); !ok || off < headerSize || off >= packLen-sumSize {
			return x, ErrCorrupt
		}
	}
	return x, nil
}

func (x index) fan(i int) int {
	return int(binary.BigEndian.Uint32(x.data[len(idxMagic)+4*i:]))
}

func (x index) name(i int) []byte { return x.data[idxNames+sumSize*i : idxNames+sumSize*(i+1)] }

func (x index) oid(i int) hub.OID { return hub.OID(x.name(i)) }

func (x index) crc(i int) uint32 {
	return binary.BigEndian.Uint32(x.data[idxNames+sumSize*x.n+4*i:])
}

func (x index) offset(i int) int64 {
	off, _ := x.offsetOf(i, x.n)
	return off
}

// offsetOf reads the offset of object i; large is the length of the table for offsets of 31 bits and more.
func (x index) offsetOf(i, large int) (int64, bool) {
	v := binary.BigEndian.Uint32(x.data[idxNames+24*x.n+4*i:])
	if v&(1<<31) == 0 {
		return int64(v), true
	}
	j := int(v &^ (1 << 31))
	if j >= large {
		return 0, false
	}
	off := binary.BigEndian.Uint64(x.data[idxNames+28*x.n+8*j:])
	return int64(off), off < 1<<62
}

// packSum returns the SHA-1 that ends the pack.
func (x index) packSum() []byte { return x.data[len(x.data)-idxFooter : len(x.data)-sumSize] }

func (x index) find(oid hub.OID) (int, bool) {
	lo := 0
	if oid[0] > 0 {
		lo = x.fan(int(oid[0]) - 1)
	}
	hi := x.fan(int(oid[0]))
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		switch bytes.Compare(x.name(mid), oid[:]) {
		case 0:
			return mid, true
		case -1:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return 0, false
}

// lowerBound returns the position of the first id that does not sort before oid.
func (x index) lowerBound(oid hub.OID) int {
	return sort.Search(x.n, func(i int) bool { return bytes.Compare(x.name(i), oid[:]) >= 0 })
}

// buildIndex returns the index of entries, which must be sorted by id.
func buildIndex(entries []entry, packSum []byte) []byte {
	b := make([]byte, 0, idxNames+28*len(entries)+idxFooter)
	b = append(b, idxMagic...)
	next := 0
	for i := range 256 {
		for next < len(entries) && int(entries[next].oid[0]) <= i {
			next++
		}
		b = binary.BigEndian.AppendUint32(b, uint32(next))
	}
	for i := range entries {
		b = append(b, entries[i].oid[:]...)
	}
	for i := range entries {
		b = binary.BigEndian.AppendUint32(b, entries[i].crc)
	}
	var large []byte
	for i := range entries {
		off := uint32(entries[i].offset)
		if entries[i].offset >= 1<<31 {
			off = 1<<31 | uint32(len(large)/8)
			large = binary.BigEndian.AppendUint64(large, uint64(entries[i].offset))
		}
		b = binary.BigEndian.AppendUint32(b, off)
	}
	b = append(append(b, large...), packSum...)
	sum := sha1.Sum(b)
	return append(b, sum[:]...)
}
