package gitrepo

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// storeAbove is the number of objects that have to be walked through before what was found is kept for other processes
// and for the next start.
const storeAbove = 4096

// closureMagic begins a kept closure; its last digit is the version of the form.
const closureMagic = "ambit closure 1\n"

// encode returns a whole in the form in which it is kept: the magic, then numbers of 4 bytes, big-endian: the wants and
// their number before them, likewise the ids of objects; packs: length of the id, id, objects, and the bits in words of 8
// bytes; in the end the CRC-32 (IEEE) of all of it.
func (w *whole) encode() []byte {
	b := []byte(closureMagic)
	b = appendOIDs(b, w.wants)
	b = appendOIDs(b, w.oids)
	b = binary.BigEndian.AppendUint32(b, uint32(len(w.packs)))
	for _, p := range w.packs {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p.id)))
		b = append(b, p.id...)
		b = binary.BigEndian.AppendUint32(b, uint32(p.n))
		for _, word := range p.set {
			b = binary.BigEndian.AppendUint64(b, word)
		}
	}
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

func appendOIDs(b []byte, oids []hub.OID) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(oids)))
	for _, oid := range oids {
		b = append(b, oid[:]...)
	}
	return b
}

// decodeWhole reads what encode wrote; ok is false for anything else.
func decodeWhole(b []byte) (w *whole, ok bool) {
	if len(b) < len(closureMagic)+4 || string(b[:len(closureMagic)]) != closureMagic {
		return nil, false
	}
	body := b[:len(b)-4]
	if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(b[len(b)-4:]) {
		return nil, false
	}
	r := &wordReader{b: body[len(closureMagic):]}
	w = &whole{wants: r.oids(), oids: r.oids()}
	for range r.count(8) {
		p := wholePack{id: hub.ID(r.take(r.count(1)))}
		p.n = int(r.number())
		words := r.take(8 * ((p.n + 63) / 64))
		for ; len(words) >= 8; words = words[8:] {
			p.set = append(p.set, binary.BigEndian.Uint64(words))
		}
		w.packs = append(w.packs, p)
	}
	return w, !r.short && len(r.b) == 0
}

// wordReader reads numbers and what they count; short is set once there is too little.
type wordReader struct {
	b     []byte
	short bool
}

func (r *wordReader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.short, r.b = true, nil
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *wordReader) number() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// count reads how many things of at least size bytes follow.
func (r *wordReader) count(size int) int {
	n := int(r.number())
	if n > len(r.b)/size {
		r.short = true
		return 0
	}
	return n
}

func (r *wordReader) oids() []hub.OID {
	out := make([]hub.OID, r.count(20))
	for i := range out {
		copy(out[i][:], r.take(20))
	}
	return out
}

// kept returns what is remembered of a repository: in memory, or by an earlier process or another one. nil: nothing.
func (s *Store) kept(ctx context.Context, v *view) *whole {
	key := wholeKey(v)
	if k, ok := s.closures.get(key); ok {
		return k.(*whole)
	}
	if v.objects() < storeAbove {
		return nil // walking is as fast as asking
	}
	body, err := s.meta.Closure(ctx, v.repo)
	if err != nil {
		if !hub.Is(err, hub.NotFound) && ctx.Err() == nil {
			s.cfg.LogError(ctx, "reading what the tips of a repository lead to", err)
		}
		return nil
	}
	w, ok := decodeWhole(body)
	if !ok {
		return nil // of another version
	}
	s.closures.replace(key, w, w.weight())
	return w
}

// storeEvery is the time between two stores of one repository that requests bring about: they may ask for the history of
// one commit after the other, and must not make the hub write for each.
const storeEvery = 10 * time.Minute

// store keeps a whole for others, if finding it took a walk that is worth to be spared. walked is how many objects had to
// be walked through; at once says that it was not a request that asked.
func (s *Store) store(ctx context.Context, v *view, w *whole, walked int, atOnce bool) {
	if walked < storeAbove {
		return
	}
	key := cacheKey{repo: "stored " + v.repo}
	if last, ok := s.closures.get(key); ok && !atOnce && time.Since(last.(time.Time)) < storeEvery {
		return
	}
	s.closures.replace(key, time.Now(), 0)
	if err := s.meta.PutClosure(ctx, v.repo, w.encode()); err != nil && !hub.Is(err, hub.TooLarge) && ctx.Err() == nil {
		s.cfg.LogError(ctx, "keeping what the tips of a repository lead to", err)
	}
}

// objects returns how many objects the packs of a view have.
func (v *view) objects() (n int) {
	for _, p := range v.packs {
		n += p.Len()
	}
	return n
}
