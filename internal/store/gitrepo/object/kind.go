// Package object knows what git objects say: kinds, trees, commits, tags, deltas and their hashes.
// It does no I/O. Sources: git's Documentation/gitformat-pack, git-fsck, and the behaviour of git itself.
package object

// Kind is the type of an object, numbered as in pack entries.
type Kind uint8

// The kinds of objects and the two delta encodings of pack entries.
const (
	KindCommit Kind = 1
	KindTree   Kind = 2
	KindBlob   Kind = 3
	KindTag    Kind = 4
	OfsDelta   Kind = 6
	RefDelta   Kind = 7
)

// String returns git's word for the kind: commit, tree, blob, tag.
func (k Kind) String() string {
	switch k {
	case KindCommit:
		return "commit"
	case KindTree:
		return "tree"
	case KindBlob:
		return "blob"
	case KindTag:
		return "tag"
	case OfsDelta:
		return "ofs-delta"
	case RefDelta:
		return "ref-delta"
	}
	return "unknown"
}

// IsObject tells whether k is one of the four kinds of objects.
func (k Kind) IsObject() bool { return k >= KindCommit && k <= KindTag }
