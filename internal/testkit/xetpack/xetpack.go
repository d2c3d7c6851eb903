// Package xetpack makes what Xet clients send, for tests: xorbs and shards.
package xetpack

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xetchunk"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Packed is a file as one xorb, and what a shard says of it.
type Packed struct {
	Data  []byte
	Bytes []byte // of the xorb
	Xorb  xethash.Hash
	Table xorb.Table
	File  shard.File // with proofs and the SHA-256
}

// Digest returns the SHA-256 of data.
func Digest(data []byte) hub.Digest {
	sum := sha256.Sum256(data)
	return hub.Digest(hex.EncodeToString(sum[:]))
}

// Pack cuts data as the Rust client does. More than a xorb holds is an error.
func Pack(data []byte) (Packed, error) {
	var out bytes.Buffer
	w := xorb.NewWriter(&out)
	c := xetchunk.New(bytes.NewReader(data))
	for {
		chunk, err := c.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = w.Add(xethash.Chunk(chunk), chunk)
		}
		if err != nil {
			return Packed{}, err
		}
	}
	name, table := w.Finish(nil)
	n := len(table)
	p := Packed{Data: data, Bytes: out.Bytes(), Xorb: name, Table: table}
	p.File = shard.File{Hash: xethash.File(table.Leaves(0, n)), Ranged: true, SHA256: Digest(data), Terms: []shard.Term{p.Term()}}
	return p, nil
}

// Term is the run of all chunks of the xorb.
func (p Packed) Term() shard.Term {
	n := len(p.Table)
	return shard.Term{Xorb: p.Xorb, Unpacked: uint32(len(p.Data)), End: uint32(n), Range: p.Table.RangeHash(0, n)}
}

// Section is what a shard says of the xorb.
func (p Packed) Section() *shard.Xorb {
	x := &shard.Xorb{Hash: p.Xorb, Unpacked: uint32(len(p.Data))}
	for i, e := range p.Table {
		x.Chunks = append(x.Chunks, shard.Chunk{Hash: e.Hash, Start: uint32(p.Table.Offset(i)), Unpacked: uint32(p.Table.Unpacked(i, i+1))})
	}
	return x
}

// Shard writes a shard as the Rust client does.
func Shard(files []shard.File, xorbs ...*shard.Xorb) ([]byte, error) {
	var out bytes.Buffer
	w := shard.NewWriter(&out, false)
	for i := range files {
		if err := w.File(&files[i]); err != nil {
			return nil, err
		}
	}
	for _, x := range xorbs {
		if err := w.Xorb(x); err != nil {
			return nil, err
		}
	}
	err := w.Close(shard.Footer{})
	return out.Bytes(), err
}
