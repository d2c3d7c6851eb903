package pack

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
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

	// One pass gives both sums; the second one goes on over the tail, which depends on the first.
	packSum, sum := sha1.New(), sha256.New()
	if _, err := io.Copy(io.MultiWriter(packSum, sum, &pace.Pacer{}), f.packReader()); err != nil {
		return nil, err
	}
	sorted := slices.Clone(b.entries)
	slices.SortFunc(sorted, func(x, y entry) int { return bytes.Compare(x.oid[:], y.oid[:]) })
	f.tail = packSum.Sum(nil)
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
