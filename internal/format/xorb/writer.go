package xorb

import (
	"io"

	"github.com/ambit-hub/ambit/internal/format/xetchunk"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Writer packs chunks into one xorb after the other, without footers, as the Rust client does. Its buffers take about
// 700 KiB. Not for concurrent use.
type Writer struct {
	w      io.Writer
	packer *packer
	table  Table
	tree   xethash.Tree
}

// NewWriter makes a Writer whose first xorb goes to w, one Write for each chunk.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w, packer: newPacker()} }

// Fits tells whether the xorb has room for one more chunk of n uncompressed bytes. Any xorb has room for one.
func (w *Writer) Fits(n int) bool {
	return len(w.table) < MaxChunks && w.table.Offset(len(w.table))+int64(n) <= MaxUnpacked
}

// NewFile tells that the next chunk begins another file: how it compresses best is tried anew.
func (w *Writer) NewFile() { w.packer.untilRetest = 0 }

// Add appends a chunk of 1 to xetchunk.Max bytes whose hash the caller has computed, compressed if that saves anything.
// A chunk of another length, or for which Fits says no, is Internal: the caller has miscounted.
func (w *Writer) Add(hash xethash.Hash, data []byte) error {
	if len(data) == 0 || len(data) > xetchunk.Max || !w.Fits(len(data)) {
		return hub.Errorf(hub.Internal, "a chunk of %d bytes does not fit into the xorb", len(data))
	}
	stored := w.packer.pack(data)
	if _, err := w.w.Write(stored); err != nil {
		return err
	}
	at := len(w.table)
	w.table = append(w.table, Entry{hash, w.table.packedEnd(at) + uint32(len(stored)), w.table.unpackedEnd(at) + uint32(len(data))})
	w.tree.Add(xethash.Leaf{Hash: hash, Size: uint64(len(data))})
	return nil
}

// Table returns the chunks so far. It is the Writer's own until Finish.
func (w *Writer) Table() Table { return w.table }

// Finish returns the hash and the table of the xorb; the next chunk starts another one, which goes to next.
func (w *Writer) Finish(next io.Writer) (xethash.Hash, Table) {
	hash, table := w.tree.Root().Hash, w.table
	w.w, w.table = next, nil
	return hash, table
}
