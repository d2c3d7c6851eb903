package pack

import (
	"hash/crc32"
	"io"
	"sync"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// MaxDeltaDepth bounds chains of deltas, as git does. Source: git's pack.depth, at most 4095.
const MaxDeltaDepth = 4095

// MaxWhole is the size in bytes up to which an object is inflated whole into memory: trees, commits, tags and
// results of deltas. Bigger ones are refused; blobs that are not deltas stream and may have any size.
const MaxWhole = 64 << 20

// Pack is an open stored pack. It may be used concurrently; nothing of it may be used after Close.
// Objects are named by their position in the idx, from 0 to Len()-1.
type Pack struct {
	src Source
	t   trailer
	idx index
	aux aux

	once   sync.Once // guards the making of byOffset
	sorted []int32   // positions in the order of their offsets
}

// Open checks trailer, idx and aux of a stored pack and returns it. It owns src, also when it fails.
// The error is ErrCorrupt or one of reading.
func Open(src Source) (*Pack, error) {
	p := &Pack{src: src}
	if err := p.open(); err != nil {
		src.Close()
		return nil, err
	}
	return p, nil
}

func (p *Pack) open() error {
	size := p.src.Size()
	if size < TrailerSize {
		return ErrCorrupt
	}
	b, err := p.src.Bytes(size-TrailerSize, TrailerSize)
	if err != nil {
		return err
	}
	if p.t, err = parseTrailer(b, size); err != nil {
		return err
	}
	tail, err := p.src.Bytes(p.t.packLen, p.t.idxLen+p.t.auxLen)
	if err != nil {
		return err
	}
	idx, facts := tail[:p.t.idxLen], tail[p.t.idxLen:]
	if crc32.Checksum(idx, castagnoli) != p.t.idxCRC || crc32.Checksum(facts, castagnoli) != p.t.auxCRC {
		return ErrCorrupt
	}
	if p.idx, err = parseIndex(idx, p.t.packLen); err != nil {
		return err
	}
	p.aux, err = parseAux(facts, p.idx.n)
	return err
}

// Close ends the use of the pack.
func (p *Pack) Close() error { return p.src.Close() }

// Len returns the number of objects.
func (p *Pack) Len() int { return p.idx.n }

// Find returns the position of an object.
func (p *Pack) Find(oid hub.OID) (int, bool) { return p.idx.find(oid) }

// LowerBound returns the position of the first object whose id does not sort before oid.
func (p *Pack) LowerBound(oid hub.OID) int { return p.idx.lowerBound(oid) }

// OID returns the id of the object at a position.
func (p *Pack) OID(pos int) hub.OID { return p.idx.oid(pos) }

// Kind returns the kind of the object at a position.
func (p *Pack) Kind(pos int) object.Kind { return p.aux.kind(pos) }

// Size returns the size of the object at a position, in bytes.
func (p *Pack) Size(pos int) int64 { return p.aux.size(pos) }

// Pointer returns what the object at a position says if it is a git-lfs pointer.
func (p *Pack) Pointer(pos int) (lfspointer.Pointer, bool) { return p.aux.pointer(pos) }

// SHA1 returns the sum that ends the pack section; git names pack files by it.
func (p *Pack) SHA1() hub.OID { return hub.OID(p.idx.packSum()) }

// PackReader returns the bytes of the pack section, a whole git pack.
func (p *Pack) PackReader() io.Reader { return p.src.Reader(0, p.t.packLen) }

// IdxReader returns the bytes of the idx section, a whole git pack index.
func (p *Pack) IdxReader() io.Reader { return p.src.Reader(p.t.packLen, p.t.idxLen) }
