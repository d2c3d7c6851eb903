package object

import (
	"bytes"
	"strconv"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Links returns what a walk through a history needs of a commit: its tree, its parents and the second of its commit
// date, 0 if that cannot be read. It is much cheaper than ParseCommit. The error is ErrCommit.
func Links(data []byte) (tree hub.OID, parents []hub.OID, date int64, err error) {
	tree, rest, ok := oidLine(data, "tree ")
	if !ok {
		return hub.ZeroOID, nil, 0, ErrCommit
	}
	for {
		parent, after, ok := oidLine(rest, "parent ")
		if !ok {
			break
		}
		if parents, rest = append(parents, parent), after; len(parents) > MaxParents {
			return hub.ZeroOID, nil, 0, ErrCommit
		}
	}
	if _, rest, ok = headerLine(rest, "author "); !ok {
		return hub.ZeroOID, nil, 0, ErrCommit
	}
	committer, _, ok := headerLine(rest, "committer ")
	if !ok {
		return hub.ZeroOID, nil, 0, ErrCommit
	}
	_, when, _ := bytes.Cut(committer[bytes.LastIndexByte(committer, '>')+1:], []byte{' '})
	when, _, _ = bytes.Cut(when, []byte{' '})
	if date, err = strconv.ParseInt(string(when), 10, 64); err != nil || date < 0 {
		date = 0
	}
	return tree, parents, date, nil
}

// Cursor goes through the entries of a tree in place, without parsing the others.
type Cursor struct{ rest []byte }

// NewCursor returns a cursor before the first entry of the bytes of a tree.
func NewCursor(data []byte) Cursor { return Cursor{data} }

// Next returns the next entry, with the bytes of it all. ok is false at the end and, with ErrTree, at bytes that are no
// entry.
func (c *Cursor) Next() (e RawEntry, ok bool, err error) {
	if len(c.rest) == 0 {
		return RawEntry{}, false, nil
	}
	r, ok := parseEntry(c.rest)
	if !ok {
		return RawEntry{}, false, ErrTree
	}
	e = RawEntry{Mode: r.mode, Name: r.name, Bytes: c.rest[:r.length]}
	c.rest = c.rest[r.length:]
	return e, true, nil
}

// RawEntry is an entry of a tree in place.
type RawEntry struct {
	Mode  uint32
	Name  []byte
	Bytes []byte // mode, name and id as they lie in the tree
}

// OID returns the id that the entry names.
func (e RawEntry) OID() hub.OID { return hub.OID(e.Bytes[len(e.Bytes)-len(hub.OID{}):]) }

// IsDir tells whether the entry is a directory.
func (e RawEntry) IsDir() bool { return e.Mode == ModeDirectory }

// Compare orders entries as git does.
func (e RawEntry) Compare(o RawEntry) int {
	return compareNames(e.Name, e.IsDir(), o.Name, o.IsDir())
}

// SkipCommon moves both cursors past the entries that begin both of what is left. It compares bytes, not entries: most of
// a tree is the same as before, mostly.
func SkipCommon(a, b *Cursor) {
	n := commonPrefix(a.rest, b.rest)
	at := 0
	for at < n {
		i := bytes.IndexByte(a.rest[at:n], 0)
		if i < 0 || at+i+1+len(hub.OID{}) > n {
			break
		}
		at += i + 1 + len(hub.OID{})
	}
	a.rest, b.rest = a.rest[at:], b.rest[at:]
}
