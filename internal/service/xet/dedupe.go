package xet

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xetterms"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
)

const week = 7 * 24 * time.Hour

// Bounds of an answer: one chunk takes 48 bytes.
const (
	answerXorbs  = 256
	answerChunks = 128 << 10
)

// Dedupe answers whether a chunk is stored that the caller's uploads may refer to: with a shard of the xorb that holds it,
// and of those that the newest file with that xorb consists of, since clients ask for few chunks of what may be a changed
// copy of it. Chunk hashes are masked with a key of the domain and the week. NotFound. The same question in the same week
// has the same answer, byte for byte, because clients keep every answer that differs.
func (s *Service) Dedupe(ctx context.Context, g access.Grant, chunk xethash.Hash) ([]byte, error) {
	sc, err := scopeOf(g)
	if err != nil {
		return nil, err
	}
	xorbs, chunks, err := s.known(ctx, sc, chunk)
	if err != nil {
		return nil, err
	}
	if len(xorbs) == 0 {
		return nil, hub.Errorf(hub.NotFound, "No such chunk.")
	}
	number := s.now().Unix() / int64(week/time.Second)
	created := time.Unix(number*int64(week/time.Second), 0)
	out := bytes.NewBuffer(make([]byte, 0, shard.AnswerSize(len(xorbs), chunks)))
	a, err := shard.NewAnswer(out, s.maskKey(sc.domain, number), created, created.Add(2*week))
	if err != nil {
		return nil, err
	}
	for i := range xorbs {
		if err := a.Xorb(&xorbs[i]); err != nil {
			return nil, err
		}
	}
	if err := a.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// known describes a xorb with the chunk and what goes with it, and counts the chunks; nothing if there is no such chunk for
// this scope. Whoever is told may refer to it for long: the sweeper knows.
func (s *Service) known(ctx context.Context, sc scope, chunk xethash.Hash) (out []shard.Xorb, chunks int, err error) {
	domains := []hub.ID{sc.domain}
	c := s.cover(sc.repo.ID)
	if sc.proposal {
		domains = append(domains, sc.repo.NamespaceID)
	}
	for _, domain := range domains {
		names, err := s.meta.XetChunk(ctx, domain, chunk)
		if err != nil {
			return nil, 0, err
		}
		for _, h := range names {
			table, err := s.soundTable(ctx, h)
			if err != nil {
				return nil, 0, err
			}
			if table == nil {
				continue
			}
			own := domain == sc.domain
			if !own {
				runs, err := c.of(ctx, h)
				if err != nil {
					return nil, 0, err
				}
				if !shows(runs, table, chunk) {
					continue
				}
			}
			return s.companions(ctx, sc, h, own, c)
		}
	}
	return nil, 0, nil
}

// companions describes a xorb and those that the newest file with it consists of.
func (s *Service) companions(ctx context.Context, sc scope, h xethash.Hash, own bool, c *cover) (out []shard.Xorb, chunks int, err error) {
	names := []xethash.Hash{h}
	held := map[hub.XetHash]bool{h: own}
	row, err := s.fileWith(ctx, sc, h, own)
	if err != nil && !hub.Is(err, hub.NotFound) {
		return nil, 0, err
	}
	if err == nil {
		f, err := xetterms.Decode(row.Terms)
		if err != nil {
			return nil, 0, err
		}
		if held, err = s.meta.XetParts(ctx, row.ID, sc.domain); err != nil {
			return nil, 0, err
		}
		// What follows in the file is asked for next, what comes before was asked for already.
		at := slices.Index(f.Xorbs, h)
		names = append(names, f.Xorbs[at+1:]...)
		names = append(names, f.Xorbs[:max(at, 0)]...)
	}
	var told, lent []hub.XetHash
	for _, name := range names {
		own, sound := held[name]
		if !sound || !own && !sc.proposal {
			continue
		}
		table, err := s.soundTable(ctx, name)
		if err != nil {
			return nil, 0, err
		}
		if table == nil {
			continue
		}
		if len(out) > 0 && (len(out) == answerXorbs || chunks+len(table) > answerChunks) {
			break
		}
		x := described(name, table)
		if own {
			told = append(told, name)
		} else {
			runs, err := c.of(ctx, name)
			if err != nil {
				return nil, 0, err
			}
			s.hide(&x, sc.domain, runs)
			lent = append(lent, name)
		}
		out, chunks = append(out, x), chunks+len(table)
	}
	if err := s.tell(ctx, sc.domain, told); err != nil {
		return nil, 0, err
	}
	return out, chunks, s.tell(ctx, sc.repo.NamespaceID, lent)
}

// fileWith finds the newest file with a xorb that the scope may be told of.
func (s *Service) fileWith(ctx context.Context, sc scope, h xethash.Hash, own bool) (hub.XetFile, error) {
	if own {
		return s.meta.XetFileWith(ctx, sc.domain, h)
	}
	files, err := s.meta.XetFilesIn(ctx, sc.repo.ID, h, 1)
	if err == nil && len(files) == 0 {
		err = hub.Errorf(hub.NotFound, "There is no such file.")
	}
	if err != nil {
		return hub.XetFile{}, err
	}
	return files[0], nil
}

func described(name xethash.Hash, table xorb.Table) shard.Xorb {
	x := shard.Xorb{Hash: name, Chunks: make([]shard.Chunk, len(table))}
	for i, e := range table {
		x.Chunks[i] = shard.Chunk{Hash: e.Hash, Unpacked: uint32(table.Unpacked(i, i+1))}
	}
	return x
}

// hide puts hashes that nothing has in the place of those of chunks outside the runs: positions stay, and nobody finds out
// what lies there.
func (s *Service) hide(x *shard.Xorb, domain hub.ID, runs []run) {
	for i := range x.Chunks {
		if within(runs, uint32(i), uint32(i+1)) {
			continue
		}
		m := hmac.New(sha256.New, s.key[:])
		m.Write([]byte("hidden " + string(domain)))
		m.Write(x.Hash[:])
		m.Write(binary.BigEndian.AppendUint32(nil, uint32(i)))
		m.Sum(x.Chunks[i].Hash[:0])
	}
}

// maskKey is the key of a domain's answers in a week. Nobody outside can compute it.
func (s *Service) maskKey(domain hub.ID, number int64) (key [32]byte) {
	m := hmac.New(sha256.New, s.key[:])
	m.Write([]byte(domain))
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(number)))
	m.Sum(key[:0])
	return key
}
