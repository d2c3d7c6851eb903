package auditchain

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
)

// SubtreeLevel and SubtreeSize are of the subtrees whose roots are worth keeping: proofs are made of them without
// reading every record.
const (
	SubtreeLevel = 10
	SubtreeSize  = 1 << SubtreeLevel
)

// What stands before a record in its leaf, and before two subtrees in their node.
// Source: RFC 6962, section 2.1.
const (
	leafPrefix = 0
	nodePrefix = 1
)

// Leaf returns the hash of a record in the tree, as tlog.RecordHash does.
// Source: RFC 6962, section 2.1.
func Leaf(record []byte) Hash {
	h := sha256.New()
	h.Write([]byte{leafPrefix})
	h.Write(record)
	var out Hash
	h.Sum(out[:0])
	return out
}

// Node returns the hash of the tree that has two subtrees, as tlog.NodeHash does.
// Source: RFC 6962, section 2.1.
func Node(left, right Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = nodePrefix
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// Frontier is a Merkle tree reduced to what growing it needs: the roots of its complete subtrees, largest first, at most
// one for each bit of its size. The zero Frontier is the empty tree.
type Frontier struct {
	// OnSubtree, if set, hears of every complete subtree of SubtreeSize records; n counts them from 0.
	OnSubtree func(n int64, root Hash)

	size  int64
	peaks []Hash
}

// Size returns the number of records.
func (f *Frontier) Size() int64 { return f.size }

// Append adds the record with the given bytes.
func (f *Frontier) Append(record []byte) { f.AppendLeaf(Leaf(record)) }

// AppendLeaf adds the record with the given leaf.
func (f *Frontier) AppendLeaf(leaf Hash) { f.push(0, leaf) }

// AppendSubtree adds SubtreeSize records at once, of which root is the tree. The size must be a multiple of
// SubtreeSize.
func (f *Frontier) AppendSubtree(root Hash) {
	if f.size%SubtreeSize != 0 {
		panic("auditchain: a subtree at a wrong place")
	}
	f.push(SubtreeLevel, root)
}

func (f *Frontier) push(level int, h Hash) {
	added := int64(1) << level
	for at := f.size >> level; ; at, level = at>>1, level+1 {
		if level == SubtreeLevel && f.OnSubtree != nil {
			f.OnSubtree(f.size>>SubtreeLevel, h)
		}
		if at&1 == 0 {
			break
		}
		h = Node(f.peaks[len(f.peaks)-1], h)
		f.peaks = f.peaks[:len(f.peaks)-1]
	}
	f.peaks = append(f.peaks, h)
	f.size += added
}

// Root returns the root of the tree, as tlog.TreeHash does; that of the empty tree is zero here.
func (f *Frontier) Root() Hash {
	if len(f.peaks) == 0 {
		return Hash{}
	}
	r := f.peaks[len(f.peaks)-1]
	for i := len(f.peaks) - 2; i >= 0; i-- {
		r = Node(f.peaks[i], r)
	}
	return r
}

// Peak returns the root of the subtree of 1<<level records that begins after the first begin records, when it is one of
// those that the frontier holds.
func (f *Frontier) Peak(level int, begin int64) (Hash, bool) {
	at, i := int64(0), 0
	for b := 62; b >= 0; b-- {
		if f.size>>b&1 == 0 {
			continue
		}
		if b == level && at == begin {
			return f.peaks[i], true
		}
		at, i = at+(1<<b), i+1
	}
	return Hash{}, false
}

// Marshal returns the peaks, 32 bytes each; the size is kept beside them.
func (f *Frontier) Marshal() []byte {
	out := make([]byte, 0, len(f.peaks)*sha256.Size)
	for _, p := range f.peaks {
		out = append(out, p[:]...)
	}
	return out
}

// ParseFrontier reads what Marshal wrote of a tree of the given size.
func ParseFrontier(size int64, b []byte) (*Frontier, error) {
	if size < 0 || len(b) != bits.OnesCount64(uint64(size))*sha256.Size {
		return nil, fmt.Errorf("%d bytes are not the frontier of a tree of %d records", len(b), size)
	}
	f := &Frontier{size: size}
	for ; len(b) > 0; b = b[sha256.Size:] {
		f.peaks = append(f.peaks, Hash(b[:sha256.Size]))
	}
	return f, nil
}
