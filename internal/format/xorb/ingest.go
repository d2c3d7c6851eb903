package xorb

import (
	"io"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Ingester verifies xorbs, one after the other, reusing its buffers. Not for concurrent use.
type Ingester struct{ r *Reader }

// NewIngester makes an Ingester.
func NewIngester() *Ingester { return &Ingester{NewReader(nil)} }

// Ingest reads a whole xorb from src, hashes every chunk, and writes the chunks, without a footer, to dst: one Write each.
// It returns the table of the chunks when, and only when, the xorb is well formed, within the limits of this package, and
// has the hash want; otherwise what it wrote to dst must be thrown away. A xorb that is not, or that has no chunk, is
// InvalidInput; errors of src and dst are passed on.
func (g *Ingester) Ingest(dst io.Writer, src io.Reader, want xethash.Hash) (Table, error) {
	g.r.Reset(src)
	defer g.r.Reset(nil)
	var table Table
	var tree xethash.Tree
	packed, unpacked := uint32(0), uint32(0)
	for {
		c, err := g.r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(table) == MaxChunks {
			return nil, hub.Errorf(hub.InvalidInput, "A xorb has at most %d chunks.", MaxChunks)
		}
		packed += uint32(len(c.Stored))
		unpacked += c.Unpacked
		if packed > MaxBytes {
			return nil, hub.Errorf(hub.InvalidInput, "A xorb has at most %d bytes.", MaxBytes)
		}
		hash := xethash.Chunk(c.Data)
		tree.Add(xethash.Leaf{Hash: hash, Size: uint64(c.Unpacked)})
		table = append(table, Entry{Hash: hash, PackedEnd: packed, UnpackedEnd: unpacked})
		if _, err := dst.Write(c.Stored); err != nil {
			return nil, err
		}
	}
	if len(table) == 0 {
		return nil, hub.Errorf(hub.InvalidInput, "The xorb has no chunk.")
	}
	if got := tree.Root().Hash; got != want {
		return nil, hub.Errorf(hub.InvalidInput, "The chunks do not make up the xorb %s.", want)
	}
	return table, nil
}
