package object

import (
	"bytes"
	"errors"
	"sort"
	"strconv"

	"github.com/ambit-hub/ambit/internal/hub"
)

// ErrTree says that bytes are not a well-formed tree.
var ErrTree = errors.New("object: malformed tree")

// EmptyTree is the id of the tree without entries.
var EmptyTree, _ = Hash(KindTree, nil)

// TreeEntry is one entry of a tree.
type TreeEntry struct {
	Mode uint32
	Name string
	OID  hub.OID
}

// IsDir tells whether the entry is a directory.
func (e TreeEntry) IsDir() bool { return e.Mode == ModeDirectory }

// Tree is a parsed tree. Entries are found by binary search, so that one name in a directory of a hundred
// thousand costs a dozen comparisons. It never changes and may be used concurrently.
type Tree struct {
	data    []byte
	offsets []uint32 // where each entry begins in data
}

// ParseTree parses the bytes of a tree, which it keeps. Entries must be in git's order and without duplicates,
// names not empty and without '/'; modes are any octal number. The error is ErrTree.
func ParseTree(data []byte) (*Tree, error) {
	if uint64(len(data)) > 1<<32-1 {
		return nil, ErrTree
	}
	t := &Tree{data: data}
	if len(data) > 0 {
		// The shortest names are likely in directories with many files, so guess low and let it grow.
		t.offsets = make([]uint32, 0, len(data)/48+1)
	}
	var last rawEntry
	for off := 0; off < len(data); {
		e, ok := parseEntry(data[off:])
		if !ok || (off > 0 && compareNames(last.name, last.dir(), e.name, e.dir()) >= 0) {
			return nil, ErrTree
		}
		t.offsets = append(t.offsets, uint32(off))
		off += e.length
		last = e
	}
	return t, nil
}

type rawEntry struct {
	mode   uint32
	name   []byte
	length int
}

func (e rawEntry) dir() bool { return e.mode == ModeDirectory }

// parseEntry parses "mode SP name NUL oid" at the start of b.
func parseEntry(b []byte) (rawEntry, bool) {
	var e rawEntry
	i := 0
	for ; i < len(b) && b[i] != ' '; i++ {
		if b[i] < '0' || b[i] > '7' || i >= 7 {
			return e, false
		}
		e.mode = e.mode<<3 | uint32(b[i]-'0')
	}
	if i == 0 || i >= len(b) {
		return e, false
	}
	i++
	n := bytes.IndexByte(b[i:], 0)
	if n <= 0 || len(b)-i-n-1 < len(hub.OID{}) {
		return e, false
	}
	e.name = b[i : i+n]
	e.length = i + n + 1 + len(hub.OID{})
	return e, bytes.IndexByte(e.name, '/') < 0
}

// compareNames orders names as git does: byte by byte, a directory as if its name ended in '/'.
func compareNames[A, B string | []byte](a A, aDir bool, b B, bDir bool) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return int(a[i]) - int(b[i])
		}
	}
	var ca, cb int // the byte after the common part, 0 behind the end
	if len(a) > n {
		ca = int(a[n])
	} else if aDir {
		ca = '/'
	}
	if len(b) > n {
		cb = int(b[n])
	} else if bDir {
		cb = '/'
	}
	return ca - cb
}

// CompareNames orders two names of a directory as git does: a directory counts as if its name ended in '/'.
func CompareNames(a string, aDir bool, b string, bDir bool) int {
	return compareNames(a, aDir, b, bDir)
}

// Len returns the number of entries.
func (t *Tree) Len() int { return len(t.offsets) }

// Weight returns the memory that the tree occupies, in bytes.
func (t *Tree) Weight() int64 { return int64(cap(t.data)) + 4*int64(cap(t.offsets)) + 64 }

func (t *Tree) raw(i int) rawEntry {
	e, _ := parseEntry(t.data[t.offsets[i]:]) // ParseTree has checked it
	return e
}

// Entry returns entry i.
func (t *Tree) Entry(i int) TreeEntry {
	e := t.raw(i)
	return TreeEntry{Mode: e.mode, Name: string(e.name), OID: t.OID(i)}
}

// OID returns the id of entry i.
func (t *Tree) OID(i int) hub.OID {
	return hub.OID(t.data[t.end(i)-len(hub.OID{}) : t.end(i)])
}

func (t *Tree) end(i int) int {
	if i+1 < len(t.offsets) {
		return int(t.offsets[i+1])
	}
	return len(t.data)
}

// Raw returns the bytes of entries i to j-1; they must not be changed.
func (t *Tree) Raw(i, j int) []byte {
	if i >= j {
		return nil
	}
	return t.data[t.offsets[i]:t.end(j-1)]
}

// LowerBound returns the index of the first entry that does not sort before the name.
func (t *Tree) LowerBound(name string, dir bool) int {
	return sort.Search(len(t.offsets), func(i int) bool {
		e := t.raw(i)
		return compareNames(e.name, e.dir(), name, dir) >= 0
	})
}

// Find returns the index of the entry of that name, whether file or directory.
func (t *Tree) Find(name string) (int, bool) {
	for _, dir := range []bool{false, true} {
		i := t.LowerBound(name, dir)
		if i < len(t.offsets) && string(t.raw(i).name) == name {
			return i, true
		}
	}
	return 0, false
}

// AppendEntry appends an entry as trees store it.
func AppendEntry(b []byte, mode uint32, name string, oid hub.OID) []byte {
	b = strconv.AppendUint(b, uint64(mode), 8)
	b = append(b, ' ')
	b = append(b, name...)
	b = append(b, 0)
	return append(b, oid[:]...)
}
