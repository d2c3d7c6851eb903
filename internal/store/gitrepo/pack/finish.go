package pack

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"io"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pace"
)

// Finished is a stored pack that is ready to be stored. It is valid until its builder changes or closes.
type Finished struct {
	Objects   int64
	PackBytes int64      // length of the pack section
	Bytes     int64      // length of the whole
	Sum       hub.Digest // SHA-256 of the whole

	head  []byte // first bytes of the pack
	spool *spool // from behind head to before tail
	tail  []byte // sum of the pack, idx, aux, trailer
}

// Finish lays out what is held as a stored pack. The builder can still be added to, and finished again.
func (b *Builder) Finish() (*Finished, error) {
	if err := b.settle(); err != nil {
		return nil, err
	}
	f := &Finished{Objects: int64(len(b.entries)), spool: &b.spool}
	f.head = appendHeader(nil, len(b.entries))
	f.PackBytes = b.spool.size + sumSize

	packSum, sum, err := b.sum(f)
	if err != nil {
		return nil, err
	}
	sorted := sortedByOID(b.entries)
	f.tail = packSum
	idx := buildIndex(sorted, f.tail)
	facts := buildAux(sorted)
	t := trailer{
		packLen: f.PackBytes, idxLen: int64(len(idx)), auxLen: int64(len(facts)),
		idxCRC: crc32.Checksum(idx, castagnoli), auxCRC: crc32.Checksum(facts, castagnoli),
	}
	f.tail = append(append(append(f.tail, idx...), facts...), t.format()...)
	sum.Write(f.tail)
	f.Sum = hub.Digest(hex.EncodeToString(sum.Sum(nil)))
	f.Bytes = b.spool.size + int64(len(f.tail))
	return f, nil
}

// sums are those of a pack that lies in the spool as it was received, header included.
type sums struct {
	end   int64 // of its entries
	pack  [sumSize]byte
	whole hash.Hash // SHA-256 up to end
}

// sum returns the SHA-1 that ends the pack, and the SHA-256 of what comes before that sum: it goes on over the tail.
func (b *Builder) sum(f *Finished) (packSum []byte, whole hash.Hash, err error) {
	if b.sums != nil && b.sums.end == b.spool.size {
		if c, ok := b.sums.whole.(hash.Cloner); ok {
			whole, err = c.Clone()
			return slices.Clone(b.sums.pack[:]), whole, err
		}
	}
	pack := sha1.New()
	whole = sha256.New()
	if _, err := io.Copy(io.MultiWriter(pack, whole, &pace.Pacer{}), f.packReader()); err != nil {
		return nil, nil, err
	}
	return pack.Sum(nil), whole, nil
}

// sortedByOID returns a copy of entries in the order of their ids. The first bytes of ids decide nearly always: sorting by
// those, beside the places of the entries, takes a fraction of the time.
func sortedByOID(entries []entry) []entry {
	type place struct {
		key uint64
		at  int32
	}
	places := make([]place, len(entries))
	for i := range entries {
		places[i] = place{binary.BigEndian.Uint64(entries[i].oid[:]), int32(i)}
	}
	var p pace.Pacer
	slices.SortFunc(places, func(x, y place) int {
		p.Step()
		if x.key != y.key {
			return cmp.Compare(x.key, y.key)
		}
		return bytes.Compare(entries[x.at].oid[:], entries[y.at].oid[:])
	})
	sorted := make([]entry, len(entries))
	for i, from := range places {
		sorted[i] = entries[from.at]
	}
	return sorted
}

// packReader returns the pack section without its sum.
func (f *Finished) packReader() io.Reader {
	return io.MultiReader(bytes.NewReader(f.head), io.NewSectionReader(f.spool, headerSize, f.spool.size-headerSize))
}

// Reader returns the bytes of the whole.
func (f *Finished) Reader() io.Reader {
	return io.MultiReader(f.packReader(), bytes.NewReader(f.tail))
}

// Whole returns the bytes of the whole in one slice.
func (f *Finished) Whole() ([]byte, error) {
	b := make([]byte, 0, f.Bytes)
	buf := bytes.NewBuffer(b)
	if _, err := io.Copy(buf, f.Reader()); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// Open returns the pack as it can be read before it is stored. It is closed by the caller, before the builder changes
// or closes.
func (f *Finished) Open() (*Pack, error) {
	src, err := f.spool.source()
	if err != nil {
		return nil, err
	}
	p := &Pack{src: src, t: trailer{packLen: f.PackBytes}}
	tail := f.tail[sumSize : len(f.tail)-TrailerSize]
	t, err := parseTrailer(f.tail[len(f.tail)-TrailerSize:], f.Bytes)
	if err == nil {
		p.idx, err = parseIndex(tail[:t.idxLen], f.PackBytes)
	}
	if err == nil {
		p.aux, err = parseAux(tail[t.idxLen:], p.idx.n)
	}
	if err != nil {
		src.Close()
		return nil, err
	}
	return p, nil
}
