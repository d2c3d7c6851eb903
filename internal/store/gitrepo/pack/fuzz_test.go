package pack

import (
	"bytes"
	"hash/crc32"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

func smallPack(tb testing.TB) []byte {
	b := NewBuilder("", 1<<20)
	defer b.Close()
	for _, s := range []string{"", "one", "two"} {
		if _, err := b.Add(object.KindBlob, []byte(s)); err != nil {
			tb.Fatal(err)
		}
	}
	if _, err := b.Add(object.KindBlob, lfspointer.Pointer{Digest: digest, Size: 9}.Format()); err != nil {
		tb.Fatal(err)
	}
	f, err := b.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	data, err := f.Whole()
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// readAll reads everything a pack offers. Whatever the bytes are, nothing may panic.
func readAll(p *Pack) {
	for pos := range p.Len() {
		p.Read(pos)
		p.Pointer(pos)
		p.extent(pos)
		if r, ok, err := p.Stream(pos); err == nil && ok {
			r.Close()
		}
	}
	p.Find(hub.OID{1, 2, 3})
	p.LowerBound(hub.OID{200})
	p.Verify()
}

// FuzzStored feeds sections whose sums are right, so that the parsers behind the sums are reached.
func FuzzStored(f *testing.F) {
	data := smallPack(f)
	t, err := parseTrailer(data[len(data)-TrailerSize:], int64(len(data)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[:t.packLen], data[t.packLen:t.packLen+t.idxLen], data[t.packLen+t.idxLen:len(data)-TrailerSize])
	f.Fuzz(func(t *testing.T, pack, idx, facts []byte) {
		tr := trailer{
			packLen: int64(len(pack)), idxLen: int64(len(idx)), auxLen: int64(len(facts)),
			idxCRC: crc32.Checksum(idx, castagnoli), auxCRC: crc32.Checksum(facts, castagnoli),
		}
		stored := bytes.Join([][]byte{pack, idx, facts, tr.format()}, nil)
		if p, err := Open(Memory(stored)); err == nil {
			readAll(p)
		}
		if stored, err := Seal(pack, idx); err == nil {
			if p, err := Open(Memory(stored)); err == nil {
				readAll(p)
				b := NewBuilder("", 1<<20)
				defer b.Close()
				c := NewCopier(b)
				p.Order(func(pos int) error { return c.Copy(p, pos) })
			}
		}
	})
}

func FuzzTrailer(f *testing.F) {
	data := smallPack(f)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := Open(Memory(data)); err == nil {
			readAll(p)
		}
	})
}

func FuzzEntryHeader(f *testing.F) {
	f.Add(appendEntryHeader(nil, object.KindBlob, 1<<40))
	f.Add(appendBack(appendEntryHeader(nil, object.OfsDelta, 77), 1<<20))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := parseEntryHeader(data)
		if err != nil {
			return
		}
		if h.size < 0 || h.back < 0 || h.length > len(data) {
			t.Fatalf("%x: %+v", data, h)
		}
		again := appendEntryHeader(nil, h.kind, h.size)
		switch h.kind {
		case object.OfsDelta:
			again = appendBack(again, h.back)
		case object.RefDelta:
			again = append(again, h.base[:]...)
		}
		if g, err := parseEntryHeader(again); err != nil || g.size != h.size || g.back != h.back || g.base != h.base {
			t.Fatalf("%x: %+v, written and read again %+v, %v", data, h, g, err)
		}
	})
}
