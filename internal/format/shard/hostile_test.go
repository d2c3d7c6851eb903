package shard_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/hub"
)

func refused(t *testing.T, what string, b []byte) {
	t.Helper()
	if _, err := parse(b, shard.Limits{}); !hub.Is(err, hub.InvalidInput) {
		t.Errorf("%s: got %v, want InvalidInput", what, err)
	}
}

// with returns upload.shard with some numbers replaced: by position, in bytes, of a little-endian u32.
func with(t *testing.T, changes map[int]uint32) []byte {
	t.Helper()
	b := bytes.Clone(read(t, "rust-client/upload.shard"))
	for at, v := range changes {
		binary.LittleEndian.PutUint32(b[at:], v)
	}
	return b
}

// Places in upload.shard: header at 0, file at 48, term at 96, range 144, SHA-256 192, end 240, xorb 288, chunks from 336.
const (
	placeVersion      = 32
	placeFooterSize   = 40
	placeFileFlags    = 80
	placeTerms        = 84
	placeTermUnpacked = 132
	placeTermStart    = 136
	placeTermEnd      = 140
	placeXorbChunks   = 324
	placeChunkLength  = 372
)

func TestHostileShards(t *testing.T) {
	for what, changes := range map[string]map[int]uint32{
		"other tag":                       {0: 0},
		"other version":                   {placeVersion: 3},
		"version beyond 32 bits":          {placeVersion + 4: 1},
		"footer of another size":          {placeFooterSize: 199},
		"unknown file flags":              {placeFileFlags: 0xe0000000},
		"terms that are not there":        {placeTerms: 1000},
		"more terms than allowed":         {placeTerms: 0xffffffff},
		"term without chunks":             {placeTermStart: 20},
		"term that runs backwards":        {placeTermStart: 21},
		"term beyond any xorb":            {placeTermEnd: 8193},
		"term whose end overflows":        {placeTermEnd: 0xffffffff},
		"term of no bytes":                {placeTermUnpacked: 0},
		"term bomb":                       {placeTermUnpacked: 0xffffffff},
		"xorb without chunks":             {placeXorbChunks: 0},
		"chunks that are not there":       {placeXorbChunks: 8192},
		"more chunks than a xorb has":     {placeXorbChunks: 0xffffffff},
		"chunk of no bytes":               {placeChunkLength: 0},
		"chunk longer than any":           {placeChunkLength: 131073},
		"announced footer is not there":   {placeFooterSize: 200},
		"flags without the records":       {placeFileFlags: 0},
		"range hashes without being said": {placeFileFlags: 0x40000000},
	} {
		refused(t, what, with(t, changes))
	}
	whole := read(t, "rust-client/upload.shard")
	for n := range len(whole) {
		refused(t, fmt.Sprintf("cut after %d", n), whole[:n])
	}
	if _, err := parse(append(bytes.Clone(whole), "more"...), shard.Limits{}); err != nil {
		t.Errorf("bytes after the end: %v", err)
	}
	footed := read(t, "js-client/random.shard")
	refused(t, "footer cut", footed[:len(footed)-1])
	footed = bytes.Clone(footed)
	footed[len(footed)-200] = 2
	refused(t, "footer of another version", footed)
	footed[len(footed)-200] = 1
	for at := len(footed) - 192; at < len(footed)-128; at++ { // offsets that point anywhere are not followed
		footed[at] = 0xff
	}
	if _, err := parse(footed, shard.Limits{}); err != nil {
		t.Errorf("offsets: %v", err)
	}
}

func TestLimits(t *testing.T) {
	b := read(t, "js-client/edited.shard")
	for _, l := range []shard.Limits{{Bytes: int64(len(b))}, {Files: 1}, {Terms: 3}} {
		if _, err := parse(b, l); err != nil {
			t.Errorf("%+v: %v", l, err)
		}
	}
	for _, l := range []shard.Limits{{Bytes: int64(len(b)) - 1}, {Bytes: 48}, {Terms: 2}} {
		if _, err := parse(b, l); !hub.Is(err, hub.InvalidInput) {
			t.Errorf("%+v: %v", l, err)
		}
	}
	two := write(t, content{Files: []shard.File{{}, {}}})
	if _, err := parse(two, shard.Limits{Files: 1}); !hub.Is(err, hub.InvalidInput) {
		t.Errorf("two files: %v", err)
	}
}

// TestAnnouncedCountsAllocateNothing: a short shard that announces many records costs no more than what it holds.
func TestAnnouncedCountsAllocateNothing(t *testing.T) {
	b := with(t, map[int]uint32{placeTerms: 200_000})[:200]
	got := testing.Benchmark(func(tb *testing.B) {
		for tb.Loop() {
			_, _ = parse(b, shard.Limits{})
		}
	})
	if n := got.AllocedBytesPerOp(); n > 4096 {
		t.Errorf("%d bytes allocated for a shard of %d", n, len(b))
	}
}

func TestErrorsAreFinalAndPassedOn(t *testing.T) {
	broken := errors.New("broken")
	b := read(t, "rust-client/upload.shard")
	r := shard.NewReader(io.MultiReader(bytes.NewReader(b[:300]), iotest.ErrReader(broken)), shard.Limits{})
	if _, err := r.File(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := r.Xorb(); err != broken {
			t.Errorf("xorb: %v", err)
		}
		if _, err := r.File(); err != broken {
			t.Errorf("file: %v", err)
		}
		if _, _, err := r.Footer(); err != broken {
			t.Errorf("footer: %v", err)
		}
	}
	w := shard.NewWriter(failing{broken}, true)
	x := shard.Xorb{Chunks: make([]shard.Chunk, 1000)}
	if err := w.Xorb(&x); err != broken {
		t.Errorf("writing: %v", err)
	}
	if err := w.Close(shard.Footer{}); err != broken {
		t.Errorf("closing: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestErrorsNameNoChunks: what an uploader is told never holds a raw chunk hash.
func TestErrorsNameNoChunks(t *testing.T) {
	good := mustParse(t, read(t, "rust-client/upload.shard"))
	for at := 0; at < 1344; at += 4 {
		_, err := parse(with(t, map[int]uint32{at: 0xfffffff0}), shard.Limits{})
		if err == nil {
			continue
		}
		for _, c := range good.Xorbs[0].Chunks {
			if strings.Contains(err.Error(), c.Hash.String()) {
				t.Fatalf("word at %d: %v", at, err)
			}
		}
	}
}
