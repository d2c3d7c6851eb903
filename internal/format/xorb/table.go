package xorb

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"sort"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Entry says where a chunk lies. Both ends are counted in bytes from the start of the xorb; a chunk begins where the
// one before ends.
type Entry struct {
	Hash        xethash.Hash
	PackedEnd   uint32 // in the serialized form, headers included
	UnpackedEnd uint32 // in the uncompressed data
}

// Table lists the chunks of a xorb in order. It holds raw chunk hashes, which open the way to the data: it must never
// reach a client. Ranges of chunks have an exclusive end, and the caller answers for 0 <= start <= end <= len(t).
type Table []Entry

// Hash returns the hash of the xorb.
func (t Table) Hash() xethash.Hash { return xethash.Xorb(t.Leaves(0, len(t))) }

// Leaves returns the chunks of a range as they enter the tree of a file.
func (t Table) Leaves(start, end int) []xethash.Leaf {
	leaves := make([]xethash.Leaf, 0, end-start)
	for i := start; i < end; i++ {
		leaves = append(leaves, xethash.Leaf{Hash: t[i].Hash, Size: uint64(t.Unpacked(i, i+1))})
	}
	return leaves
}

// RangeHash returns the verification hash of a range of chunks.
func (t Table) RangeHash(start, end int) xethash.Hash {
	hashes := make([]xethash.Hash, 0, end-start)
	for _, e := range t[start:end] {
		hashes = append(hashes, e.Hash)
	}
	return xethash.Range(hashes)
}

// Packed returns where a range of chunks lies in the serialized form: from offset from up to, not including, to.
func (t Table) Packed(start, end int) (from, to int64) {
	return int64(t.packedEnd(start)), int64(t.packedEnd(end))
}

// Unpacked returns the number of uncompressed bytes of a range of chunks.
func (t Table) Unpacked(start, end int) int64 {
	return int64(t.unpackedEnd(end)) - int64(t.unpackedEnd(start))
}

// Offset returns where chunk i starts in the uncompressed data; for i == len(t), where it ends.
func (t Table) Offset(i int) int64 { return int64(t.unpackedEnd(i)) }

// Find returns the chunk that holds the uncompressed byte at offset, len(t) if the data ends before.
func (t Table) Find(offset int64) int {
	return sort.Search(len(t), func(i int) bool { return int64(t[i].UnpackedEnd) > offset })
}

// Section returns the serialized bytes of a range of chunks out of the stored xorb, ready for a Reader.
func (t Table) Section(r io.ReaderAt, start, end int) *io.SectionReader {
	from, to := t.Packed(start, end)
	return io.NewSectionReader(r, from, to-from)
}

func (t Table) packedEnd(i int) uint32 {
	if i == 0 {
		return 0
	}
	return t[i-1].PackedEnd
}

func (t Table) unpackedEnd(i int) uint32 {
	if i == 0 {
		return 0
	}
	return t[i-1].UnpackedEnd
}

// A table at rest: magic, number of entries, CRC-32C of all rows, then the rows of 40 bytes. The format is our own.
const (
	tableMagic  = "AmbXTab\x01"
	tableHeader = len(tableMagic) + 4 + 4
	tableRow    = xethash.Size + 4 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// MarshalBinary returns the table as it is kept beside the xorb: 16 bytes and 40 for each chunk.
func (t Table) MarshalBinary() ([]byte, error) {
	b := make([]byte, tableHeader, tableHeader+tableRow*len(t))
	for _, e := range t {
		b = append(b, e.Hash[:]...)
		b = binary.LittleEndian.AppendUint32(b, e.PackedEnd)
		b = binary.LittleEndian.AppendUint32(b, e.UnpackedEnd)
	}
	copy(b, tableMagic)
	binary.LittleEndian.PutUint32(b[8:], uint32(len(t)))
	binary.LittleEndian.PutUint32(b[12:], crc32.Checksum(b[tableHeader:], castagnoli))
	return b, nil
}

// ParseTable is the inverse of MarshalBinary. Bytes that are no table, or a damaged one, are Internal: only our own disk
// could have changed them. Whether it is the table of a given xorb, its Hash tells.
func ParseTable(b []byte) (Table, error) {
	if len(b) < tableHeader || string(b[:len(tableMagic)]) != tableMagic {
		return nil, damaged("no table")
	}
	rows := b[tableHeader:]
	n := binary.LittleEndian.Uint32(b[8:])
	if n > MaxChunks || len(rows) != tableRow*int(n) {
		return nil, damaged("wrong length")
	}
	if crc32.Checksum(rows, castagnoli) != binary.LittleEndian.Uint32(b[12:]) {
		return nil, damaged("wrong checksum")
	}
	t := make(Table, n)
	for i := range t {
		row := rows[i*tableRow:]
		t[i] = Entry{xethash.Hash(row[:32]), binary.LittleEndian.Uint32(row[32:]), binary.LittleEndian.Uint32(row[36:])}
		if t[i].PackedEnd <= t.packedEnd(i) || t[i].UnpackedEnd <= t.unpackedEnd(i) {
			return nil, damaged("ends that do not rise")
		}
	}
	return t, nil
}

func damaged(what string) error { return hub.Errorf(hub.Internal, "chunk table: %s", what) }
