// Package xetterms is how the terms of a file lie in its row: which runs of chunks of which xorbs make the file up. The
// format is our own: a version, the distinct xorbs, then the runs as numbers of few bytes.
package xetterms

import (
	"encoding/binary"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xetchunk"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
)

const version = 1

// Term is a run of chunks of one xorb.
type Term struct {
	Xorb       int    // place in File.Xorbs
	Start, End uint32 // chunks, the end exclusive; the start is always less
	Unpacked   uint32 // bytes of the run after decompression
}

// File is a file as its terms.
type File struct {
	Xorbs []xethash.Hash // each once
	Terms []Term
}

// Of takes the terms of a shard's file.
func Of(terms []shard.Term) File {
	f := File{Terms: make([]Term, len(terms))}
	at := map[xethash.Hash]int{}
	for i, t := range terms {
		k, ok := at[t.Xorb]
		if !ok {
			k = len(f.Xorbs)
			at[t.Xorb] = k
			f.Xorbs = append(f.Xorbs, t.Xorb)
		}
		f.Terms[i] = Term{Xorb: k, Start: t.Start, End: t.End, Unpacked: t.Unpacked}
	}
	return f
}

// Size returns the length of the file in bytes.
func (f File) Size() (n int64) {
	for _, t := range f.Terms {
		n += int64(t.Unpacked)
	}
	return n
}

// Encode returns the bytes that Decode reads.
func (f File) Encode() []byte {
	b := make([]byte, 0, 16+len(f.Xorbs)*xethash.Size+len(f.Terms)*10)
	b = append(b, version)
	b = binary.AppendUvarint(b, uint64(len(f.Xorbs)))
	for _, x := range f.Xorbs {
		b = append(b, x[:]...)
	}
	b = binary.AppendUvarint(b, uint64(len(f.Terms)))
	for _, t := range f.Terms {
		b = binary.AppendUvarint(b, uint64(t.Xorb))
		b = binary.AppendUvarint(b, uint64(t.Start))
		b = binary.AppendUvarint(b, uint64(t.End-t.Start))
		b = binary.AppendUvarint(b, uint64(t.Unpacked))
	}
	return b
}

// maxChunks is how many chunks a xorb may have. Source: xet-core xorb_object/src/constants.rs.
const maxChunks = 8 << 10

// Decode is the inverse of Encode. Bytes that are no terms are Internal: only our own disk could have changed them.
func Decode(b []byte) (File, error) {
	d := decoder{b: b}
	if len(b) == 0 || b[0] != version {
		return File{}, damaged("unknown version")
	}
	d.b = b[1:]
	f := File{}
	n := d.number(uint64(len(b)) / xethash.Size)
	f.Xorbs = make([]xethash.Hash, 0, n)
	for range n {
		f.Xorbs = append(f.Xorbs, d.hash())
	}
	m := d.number(uint64(len(b)) / 4)
	f.Terms = make([]Term, 0, m)
	for range m {
		t := Term{Xorb: int(d.number(uint64(len(f.Xorbs)))), Start: uint32(d.number(maxChunks))}
		t.End = t.Start + uint32(d.number(maxChunks))
		t.Unpacked = uint32(d.number(maxChunks * xetchunk.Max))
		if t.Xorb >= len(f.Xorbs) || t.Start >= t.End || t.End > maxChunks || t.Unpacked < t.End-t.Start {
			return File{}, damaged("impossible run")
		}
		f.Terms = append(f.Terms, t)
	}
	if d.bad || len(d.b) > 0 {
		return File{}, damaged("wrong length")
	}
	return f, nil
}

type decoder struct {
	b   []byte
	bad bool
}

// number reads a number of at most most; what is none reads as zero.
func (d *decoder) number(most uint64) uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || v > most {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) hash() (h xethash.Hash) {
	if len(d.b) < xethash.Size {
		d.bad = true
		return h
	}
	d.b = d.b[copy(h[:], d.b):]
	return h
}

func damaged(what string) error { return hub.Errorf(hub.Internal, "terms of a file: %s", what) }
