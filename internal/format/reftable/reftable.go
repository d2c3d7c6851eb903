// Package reftable reads the tables in which git can keep refs instead of files. It reads all refs of a table and nothing
// else: no log, no index, no single ref.
// Source: git's Documentation/technical/reftable.
package reftable

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Kind says what a record makes of a ref.
type Kind uint8

// The kinds.
const (
	Deleted  Kind = iota // there is no such ref any more, whatever older tables say
	Object               // Target
	Peeled               // Target is a tag; what it leads to is not read
	Symbolic             // To
)

// Record is one ref of a table.
type Record struct {
	Name   string
	Kind   Kind
	Target hub.OID
	To     string // name of another ref
}

// ErrCorrupt says that bytes are not a table.
var ErrCorrupt = errors.New("reftable: not a valid table")

// ErrSHA256 says that a table names objects by SHA-256.
var ErrSHA256 = errors.New("reftable: objects are named by SHA-256")

// Sizes in bytes; those with two are of versions 1 and 2.
const (
	headerV1, headerV2 = 24, 28
	footerTail         = 5*8 + 4 // behind the copy of the header: positions and a checksum
	blockHead          = 4
	maxName            = 4096 // longer ones no file system would have held either
)

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// Refs returns all refs of a table, by name. The error wraps ErrCorrupt, or is ErrSHA256.
func Refs(table []byte) ([]Record, error) {
	t, err := open(table)
	if err != nil {
		return nil, err
	}
	var out []Record
	for at := 0; at < len(t.refs); {
		first := 0
		if at == 0 {
			first = t.header // the first block begins with the file
		}
		next, err := t.block(at, first, &out)
		if err != nil {
			return nil, err
		}
		at = next
	}
	return out, nil
}

// table is the part of a file that holds refs.
type table struct {
	refs      []byte // from the beginning of the file
	header    int    // length
	blockSize int    // to which blocks are filled up; 0: they are not
}

// open checks header and footer, and finds the refs.
func open(b []byte) (t table, err error) {
	if len(b) < headerV1 || string(b[:4]) != "REFT" {
		return t, corrupt("it does not begin like one")
	}
	switch b[4] {
	case 1:
		t.header = headerV1
	case 2:
		t.header = headerV2
	default:
		return t, corrupt("version %d", b[4])
	}
	t.blockSize = int(b[5])<<16 | int(b[6])<<8 | int(b[7])
	end := len(b) - t.header - footerTail
	if end < t.header {
		return t, corrupt("it is too short")
	}
	footer := b[end:]
	if !bytes.Equal(footer[:t.header], b[:t.header]) {
		return t, corrupt("header and footer differ")
	}
	sum := len(footer) - 4
	if crc32.ChecksumIEEE(footer[:sum]) != binary.BigEndian.Uint32(footer[sum:]) {
		return t, corrupt("its checksum is wrong")
	}
	if t.header == headerV2 {
		switch id := string(b[24:28]); id {
		case "sha1":
		case "s256":
			return t, ErrSHA256
		default:
			return t, corrupt("hash %q", id)
		}
	}
	// Behind the refs come, if at all: their index, objects and their index, the log and its index.
	for i := range 5 {
		at := binary.BigEndian.Uint64(footer[t.header+8*i:])
		if i == 1 {
			at >>= 5 // the other bits are the length of ids
		}
		if at != 0 && at < uint64(end) {
			end = int(at)
		}
	}
	if end <= t.header || b[t.header] != 'r' {
		return t, nil // only a log
	}
	t.refs = b[:end]
	return t, nil
}

// block adds the refs of the block at an offset, whose own header is first bytes behind it, and returns the offset of the next.
func (t *table) block(at, first int, out *[]Record) (next int, err error) {
	b := t.refs[at:]
	if len(b) < first+blockHead || b[first] != 'r' {
		return 0, corrupt("no block of refs at %d", at)
	}
	length := int(b[first+1])<<16 | int(b[first+2])<<8 | int(b[first+3])
	if length < first+blockHead+2 || length > len(b) {
		return 0, corrupt("the block at %d has %d bytes", at, length)
	}
	restarts := 3 * int(binary.BigEndian.Uint16(b[length-2:length]))
	end := length - 2 - restarts
	if end < first+blockHead {
		return 0, corrupt("the block at %d has no room for its restarts", at)
	}
	r := reader{b: b[first+blockHead : end]}
	for last := ""; len(r.b) > 0; {
		rec := r.record(last)
		if r.bad {
			return 0, corrupt("a record behind %q", last)
		}
		if n := len(*out); n > 0 && (*out)[n-1].Name >= rec.Name {
			return 0, corrupt("%q is not in its place", rec.Name)
		}
		last = rec.Name
		*out = append(*out, rec)
	}
	// Without a byte of padding the next block follows at once, which begins with its type.
	if t.blockSize > length && (length == len(b) || b[length] == 0) {
		return at + t.blockSize, nil
	}
	return at + length, nil
}

// reader reads records. What is wrong makes it bad.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.bad, n = true, 0
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

// number reads one as in offsets of pack files: seven bits a byte, each but the last with its high bit set, and one added for
// each byte that follows.
func (r *reader) number() uint64 {
	var v uint64
	for i := 0; ; i++ {
		b := r.take(1)
		if r.bad || i == 9 {
			r.bad = true
			return 0
		}
		v |= uint64(b[0] & 0x7f)
		if b[0]&0x80 == 0 {
			return v
		}
		v = (v + 1) << 7
	}
}

func (r *reader) oid() hub.OID {
	var oid hub.OID
	copy(oid[:], r.take(uint64(len(oid))))
	return oid
}

// record reads the one behind the ref named last, whose beginning it shares.
func (r *reader) record(last string) (rec Record) {
	prefix, n := r.number(), r.number()
	rec.Kind = Kind(n & 7)
	suffix := r.take(n >> 3)
	if prefix > uint64(len(last)) || prefix+uint64(len(suffix)) > maxName || rec.Kind > Symbolic {
		r.bad = true
		return rec
	}
	rec.Name = last[:prefix] + string(suffix)
	r.number() // when it was written
	switch rec.Kind {
	case Object:
		rec.Target = r.oid()
	case Peeled:
		rec.Target = r.oid()
		r.oid()
	case Symbolic:
		rec.To = string(r.take(r.number()))
	}
	return rec
}
