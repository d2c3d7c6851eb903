package xet

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
)

const week = 7 * 24 * time.Hour

// Dedupe answers whether the caller's domain has a chunk: with a shard of the xorb that holds it, its chunk hashes masked
// with a key of the domain and the week. NotFound. The same question in the same week has the same answer, byte for byte,
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
	table, err := s.table(ctx, h)
	if err != nil {
		return nil, err
	}
	now := s.now()
	// Clients may refer to it until the answer expires: the sweeper has to know.
	if err := s.meta.FreshenXetHolding(ctx, repo.NamespaceID, h, now.Add(-time.Hour)); err != nil {
		return nil, err
	}
	x := shard.Xorb{Hash: h, Chunks: make([]shard.Chunk, len(table))}
	for i, e := range table {
		x.Chunks[i] = shard.Chunk{Hash: e.Hash, Unpacked: uint32(table.Unpacked(i, i+1))}
	}
	number := now.Unix() / int64(week/time.Second)
	created := time.Unix(number*int64(week/time.Second), 0)
	out := bytes.NewBuffer(make([]byte, 0, shard.AnswerSize(1, len(table))))
	a, err := shard.NewAnswer(out, s.maskKey(repo.NamespaceID, number), created, created.Add(2*week))
	if err != nil {
		return nil, err
	}
	if err := a.Xorb(&x); err != nil {
		return nil, err
	}
	if err := a.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// maskKey is the key of a domain's answers in a week. Nobody outside can compute it.
func (s *Service) maskKey(domain hub.ID, number int64) (key [32]byte) {
	m := hmac.New(sha256.New, s.key[:])
	m.Write([]byte(domain))
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(number)))
	m.Sum(key[:0])
	return key
}
