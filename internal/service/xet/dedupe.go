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
	"github.com/ambit-hub/ambit/internal/hub"
)

const week = 7 * 24 * time.Hour

// Bounds of an answer: one chunk takes 48 bytes.
const (
	answerXorbs  = 256
	answerChunks = 128 << 10
)

// Dedupe answers whether the caller's domain has a chunk: with a shard of the xorb that holds it, and of those that the newest
// file with that xorb consists of, since clients ask for few chunks of what may be a changed copy of it. Chunk hashes are
// masked with a key of the domain and the week. NotFound. The same question in the same week has the same answer, byte for byte,
// because clients keep every answer that differs.
func (s *Service) Dedupe(ctx context.Context, g access.Grant, chunk xethash.Hash) ([]byte, error) {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return nil, err
	}
	h, ok, err := s.meta.XetChunk(ctx, repo.NamespaceID, chunk)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, hub.Errorf(hub.NotFound, "No such chunk.")
	}
	xorbs, chunks, err := s.companions(ctx, repo.NamespaceID, h)
	if err != nil {
		return nil, err
	}
	now := s.now()
	// Clients may refer to it until the answer expires: the sweeper has to know.
	if err := s.meta.FreshenXetHolding(ctx, repo.NamespaceID, h, now.Add(-time.Hour)); err != nil {
		return nil, err
	}
	number := now.Unix() / int64(week/time.Second)
	created := time.Unix(number*int64(week/time.Second), 0)
	out := bytes.NewBuffer(make([]byte, 0, shard.AnswerSize(len(xorbs), chunks)))
	a, err := shard.NewAnswer(out, s.maskKey(repo.NamespaceID, number), created, created.Add(2*week))
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

// companions describes a xorb of the domain and what goes with it, and counts the chunks.
func (s *Service) companions(ctx context.Context, domain hub.ID, h xethash.Hash) (out []shard.Xorb, chunks int, err error) {
	names := []xethash.Hash{h}
	row, err := s.meta.XetFileWith(ctx, domain, h)
	if err != nil && !hub.Is(err, hub.NotFound) {
		return nil, 0, err
	}
	if err == nil {
		f, err := xetterms.Decode(row.Terms)
		if err != nil {
			return nil, 0, err
		}
		// What follows in the file is asked for next, what comes before was asked for already.
		at := slices.Index(f.Xorbs, h)
		names = append(names, f.Xorbs[at+1:]...)
		names = append(names, f.Xorbs[:max(at, 0)]...)
	}
	for _, name := range names {
		table, err := s.table(ctx, name)
		if err != nil {
			return nil, 0, err
		}
		if len(out) > 0 && (len(out) == answerXorbs || chunks+len(table) > answerChunks) {
			break
		}
		x := shard.Xorb{Hash: name, Chunks: make([]shard.Chunk, len(table))}
		for i, e := range table {
			x.Chunks[i] = shard.Chunk{Hash: e.Hash, Unpacked: uint32(table.Unpacked(i, i+1))}
		}
		out, chunks = append(out, x), chunks+len(table)
	}
	return out, chunks, nil
}

// maskKey is the key of a domain's answers in a week. Nobody outside can compute it.
func (s *Service) maskKey(domain hub.ID, number int64) (key [32]byte) {
	m := hmac.New(sha256.New, s.key[:])
	m.Write([]byte(domain))
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(number)))
	m.Sum(key[:0])
	return key
}
