package auditchain

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Frontier is a Merkle tree reduced to what growing it needs: the roots of its complete subtrees, largest first, at most
// one for each bit of its size. The zero Frontier is the empty tree.
type Frontier struct {
	size  int64
	peaks []tlog.Hash
}

// Size returns the number of records.
func (f *Frontier) Size() int64 { return f.size }

// Append adds the record with the given bytes.
func (f *Frontier) Append(record []byte) {
	h := tlog.RecordHash(record)
	for n := f.size; n&1 == 1; n >>= 1 {
		h = tlog.NodeHash(f.peaks[len(f.peaks)-1], h)
		f.peaks = f.peaks[:len(f.peaks)-1]
	}
	f.peaks = append(f.peaks, h)
	f.size++
}

// Root returns the root of the tree, as tlog.TreeHash does; that of the empty tree is zero here.
func (f *Frontier) Root() Hash {
	if len(f.peaks) == 0 {
		return Hash{}
	}
	r := f.peaks[len(f.peaks)-1]
	for i := len(f.peaks) - 2; i >= 0; i-- {
		r = tlog.NodeHash(f.peaks[i], r)
	}
	return Hash(r)
}

// Marshal returns the peaks, 32 bytes each; the size is kept beside them.
func (f *Frontier) Marshal() []byte {
	out := make([]byte, 0, len(f.peaks)*tlog.HashSize)
	for _, p := range f.peaks {
		out = append(out, p[:]...)
	}
	return out
}

// ParseFrontier reads what Marshal wrote of a tree of the given size.
func ParseFrontier(size int64, b []byte) (*Frontier, error) {
	if size < 0 || len(b) != bits.OnesCount64(uint64(size))*tlog.HashSize {
		return nil, fmt.Errorf("%d bytes are not the frontier of a tree of %d records", len(b), size)
	}
	f := &Frontier{size: size}
	for ; len(b) > 0; b = b[tlog.HashSize:] {
		f.peaks = append(f.peaks, tlog.Hash(b[:tlog.HashSize]))
	}
	return f, nil
}
