package xethash

import "strconv"

// The shape of the Merkle tree. A group of nodes ends after a node, at the earliest the third, whose hash is a multiple
// of branching, and at the latest after maxGroup nodes. Source: xet-core aggregated_hashes, hub-docs docs/xet/hashing.
const (
	branching = 4
	minGroup  = 3
	maxGroup  = 9
)

// Leaf is a chunk in the tree of a xorb or a file: its hash and its uncompressed length in bytes.
type Leaf struct {
	Hash Hash
	Size uint64
}

// Tree computes a Merkle root from leaves as they come, in memory that grows with the logarithm of their number: the
// nodes of a level that do not yet make up a group wait there. The zero value is an empty tree. Not for concurrent use.
type Tree struct {
	levels []level
	line   []byte
}

type level struct {
	waiting [maxGroup]Leaf
	n       int
	passed  bool // a group has gone up from here, so the root lies higher
}

// Add appends a leaf.
func (t *Tree) Add(l Leaf) { t.add(0, l) }

func (t *Tree) add(depth int, l Leaf) {
	if depth == len(t.levels) {
		t.levels = append(t.levels, level{})
	}
	at := &t.levels[depth]
	at.waiting[at.n] = l
	at.n++
	if at.n == maxGroup || at.n >= minGroup && l.Hash.last()%branching == 0 {
		t.lift(depth)
	}
}

// lift replaces the group that waits at a level by its node, one level up.
func (t *Tree) lift(depth int) {
	at := &t.levels[depth]
	node := t.node(at.waiting[:at.n])
	at.n, at.passed = 0, true
	t.add(depth+1, node)
}

// node hashes one line for each child: its hash as a string, " : ", its size in decimal, a line feed.
func (t *Tree) node(children []Leaf) (n Leaf) {
	t.line = t.line[:0]
	for i := range children {
		t.line = children[i].Hash.appendTo(t.line)
		t.line = append(t.line, " : "...)
		t.line = strconv.AppendUint(t.line, children[i].Size, 10)
		t.line = append(t.line, '\n')
		n.Size += children[i].Size
	}
	n.Hash = sum(nodeHashers, t.line)
	return n
}

// Root returns the root and the sum of the sizes of all leaves, and empties the tree. A single leaf is its own root; the
// root of no leaves is zero. Sizes are added modulo 2^64.
func (t *Tree) Root() Leaf {
	defer t.reset()
	for depth := 0; depth < len(t.levels); depth++ {
		at := &t.levels[depth]
		if !at.passed && at.n == 1 {
			return at.waiting[0]
		}
		if at.n > 0 {
			t.lift(depth)
		}
	}
	return Leaf{}
}

func (t *Tree) reset() {
	clear(t.levels)
	t.levels = t.levels[:0]
}

// File returns the hash of the file whose chunks are the leaves, and empties the tree. Unlike a xorb's, it is not the
// root itself. The empty file has the zero hash.
func (t *Tree) File() Hash {
	if len(t.levels) == 0 {
		return Hash{}
	}
	root := t.Root().Hash
	return sum(fileHashers, root[:])
}

// Xorb returns the hash of the xorb that consists of the given chunks.
func Xorb(chunks []Leaf) Hash { return treeOf(chunks).Root().Hash }

// File returns the hash of the file that consists of the given chunks.
func File(chunks []Leaf) Hash { return treeOf(chunks).File() }

func treeOf(chunks []Leaf) *Tree {
	t := new(Tree)
	for _, c := range chunks {
		t.Add(c)
	}
	return t
}
