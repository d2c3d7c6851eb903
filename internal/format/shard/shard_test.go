package shard_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
	"time"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
)

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func load(t testing.TB, file string, into any) {
	t.Helper()
	if err := json.Unmarshal(read(t, file), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// content is a whole shard in memory.
type content struct {
	Files  []shard.File
	Xorbs  []shard.Xorb
	Footer shard.Footer
	Footed bool
}

func parse(b []byte, limits shard.Limits) (c content, err error) {
	r := shard.NewReader(bytes.NewReader(b), limits)
	for {
		f, err := r.File()
		if err == io.EOF {
			break
		}
		if err != nil {
			return c, err
		}
		kept := *f
		kept.Terms = append([]shard.Term(nil), f.Terms...)
		c.Files = append(c.Files, kept)
	}
	for {
		x, err := r.Xorb()
		if err == io.EOF {
			break
		}
		if err != nil {
			return c, err
		}
		kept := *x
		kept.Chunks = append([]shard.Chunk(nil), x.Chunks...)
		c.Xorbs = append(c.Xorbs, kept)
	}
	c.Footer, c.Footed, err = r.Footer()
	return c, err
}

func mustParse(t testing.TB, b []byte) content {
	t.Helper()
	c, err := parse(b, shard.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// write is the inverse of parse.
func write(t testing.TB, c content) []byte {
	t.Helper()
	var b bytes.Buffer
	w := shard.NewWriter(&b, c.Footed)
	for i := range c.Files {
		if err := w.File(&c.Files[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range c.Xorbs {
		if err := w.Xorb(&c.Xorbs[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(c.Footer); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestJavaScriptShards compares each captured shard with the parse that stands in the manifest.
func TestJavaScriptShards(t *testing.T) {
	var manifest struct {
		Files map[string]json.RawMessage
	}
	load(t, "js-client/manifest.json", &manifest)
	shards, _ := filepath.Glob("testdata/js-client/*.shard")
	if len(shards) != 5 {
		t.Fatalf("%d shards", len(shards))
	}
	for _, path := range shards {
		name := filepath.Base(path)
		var want struct {
			Files []struct {
				Hash  string
				Terms []struct {
					Xorb                 string
					Unpacked, Start, End uint32
				}
				Ranges []string `json:"range_hashes"`
				SHA256 hub.Digest
			}
			Xorbs []struct {
				Hash     string
				Unpacked uint32 `json:"num_bytes_in_xorb"`
				OnDisk   uint32 `json:"num_bytes_on_disk"`
				Chunks   []struct {
					Hash     string
					Start    uint32 `json:"byte_range_start"`
					Unpacked uint32
				}
			}
		}
		if err := json.Unmarshal(manifest.Files[name], &want); err != nil {
			t.Fatal(err)
		}
		got := mustParse(t, read(t, "js-client/"+name))
		if len(got.Files) != len(want.Files) || len(got.Xorbs) != len(want.Xorbs) || !got.Footed || got.Footer.Key != ([32]byte{}) {
			t.Fatalf("%s: %+v", name, got)
		}
		for i, f := range want.Files {
			g := got.Files[i]
			if g.Hash.String() != f.Hash || g.SHA256 != f.SHA256 || !g.Ranged || len(g.Terms) != len(f.Terms) {
				t.Errorf("%s file %d: %+v, want %+v", name, i, g, f)
			}
			for j, term := range f.Terms {
				s := g.Terms[j]
				if s.Xorb.String() != term.Xorb || s.Unpacked != term.Unpacked || s.Start != term.Start || s.End != term.End || s.Range.String() != f.Ranges[j] {
					t.Errorf("%s term %d: %+v, want %+v", name, j, s, term)
				}
			}
		}
		for i, x := range want.Xorbs {
			g := got.Xorbs[i]
			if g.Hash.String() != x.Hash || g.Unpacked != x.Unpacked || g.OnDisk != x.OnDisk || len(g.Chunks) != len(x.Chunks) {
				t.Errorf("%s xorb %d: %+v, want %+v", name, i, g, x)
			}
			for j, c := range x.Chunks {
				if s := g.Chunks[j]; s.Hash.String() != c.Hash || s.Start != c.Start || s.Unpacked != c.Unpacked || s.Eligible {
					t.Errorf("%s chunk %d: %+v, want %+v", name, j, s, c)
				}
			}
		}
	}
}

// TestRustShards: what the Rust client uploaded is what we write from its parts, byte for byte, and its parts are the
// file's chunks.
func TestRustShards(t *testing.T) {
	var vectors struct {
		Cases []struct {
			Name   string
			Chunks []struct {
				Length uint32
				Hash   xethash.Hash
			}
			Length   uint32
			FileHash xethash.Hash `json:"file_hash"`
			Range    xethash.Hash `json:"range_verification_hash_all_chunks"`
			SHA256   hub.Digest
			Xorb     xethash.Hash `json:"xorb_hash_if_one_xorb"`
		}
	}
	load(t, "chunking.json", &vectors)
	for _, v := range vectors.Cases {
		if v.Name != "pcg_1048576_20260925_1" {
			continue
		}
		x := shard.Xorb{Hash: v.Xorb, Unpacked: v.Length}
		start := uint32(0)
		for _, c := range v.Chunks {
			x.Chunks = append(x.Chunks, shard.Chunk{Hash: c.Hash, Start: start, Unpacked: c.Length})
			start += c.Length
		}
		f := shard.File{Hash: v.FileHash, Ranged: true, SHA256: v.SHA256, Terms: []shard.Term{{
			Xorb: v.Xorb, Unpacked: v.Length, End: uint32(len(v.Chunks)), Range: v.Range,
		}}}
		for name, c := range map[string]content{
			"upload.shard":                    {Files: []shard.File{f}, Xorbs: []shard.Xorb{x}},
			"reupload-all-deduplicated.shard": {Files: []shard.File{f}},
		} {
			if !bytes.Equal(write(t, c), read(t, "rust-client/"+name)) {
				t.Errorf("%s: we write other bytes", name)
			}
			if got := mustParse(t, read(t, "rust-client/"+name)); !bytes.Equal(write(t, got), write(t, c)) || got.Footed {
				t.Errorf("%s: parsed as %+v", name, got)
			}
		}
		if f.Size() != uint64(v.Length) {
			t.Errorf("size %d", f.Size())
		}
		return
	}
	t.Fatal("vector missing")
}

func TestProductionAnswer(t *testing.T) {
	var want struct {
		Key   string `json:"hmac_key"`
		Xorbs []struct {
			Hash   string
			Chunks []string `json:"chunk_hashes"`
		}
	}
	load(t, "dedupe-response/production-2025-08.json", &want)
	raw := read(t, "dedupe-response/production-2025-08.shard")
	got := mustParse(t, raw)
	if xethash.Hash(got.Footer.Key).String() != want.Key || len(got.Xorbs) != len(want.Xorbs) || len(got.Files) != 0 {
		t.Fatalf("key %x, %d xorbs", got.Footer.Key, len(got.Xorbs))
	}
	if life := got.Footer.Expires.Sub(got.Footer.Created); life != 7*24*time.Hour {
		t.Errorf("it lives for %v", life)
	}
	chunks := 0
	for i, x := range want.Xorbs {
		if got.Xorbs[i].Hash.String() != x.Hash || len(got.Xorbs[i].Chunks) != len(x.Chunks) {
			t.Fatalf("xorb %d: %s with %d chunks", i, got.Xorbs[i].Hash, len(got.Xorbs[i].Chunks))
		}
		for j, c := range x.Chunks {
			if s := got.Xorbs[i].Chunks[j].Hash.String(); s != c {
				t.Errorf("xorb %d chunk %d: %s, want %s", i, j, s, c)
			}
		}
		chunks += len(x.Chunks)
	}
	if n := shard.AnswerSize(len(want.Xorbs), chunks); n != int64(len(raw)) {
		t.Errorf("we reckon with %d bytes, it has %d", n, len(raw))
	}
	if !bytes.Equal(write(t, got), raw) {
		t.Error("written again it has other bytes")
	}
}

func TestOurAnswerIsTheOneThatJavaScriptAccepts(t *testing.T) {
	want := read(t, "dedupe-response/constructed-accepted-by-js.shard")
	footer := mustParse(t, want).Footer
	if footer.Key[0] != 1 || footer.Key[31] != 0x20 {
		t.Fatalf("key %x", footer.Key)
	}
	uploaded := mustParse(t, read(t, "js-client/random.shard"))
	build := func() []byte {
		var b bytes.Buffer
		a, err := shard.NewAnswer(&b, footer.Key, footer.Created, footer.Expires)
		if err != nil {
			t.Fatal(err)
		}
		for i := range uploaded.Xorbs {
			if err := a.Xorb(&uploaded.Xorbs[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	got := build()
	clear := mustParse(t, want)
	for i := range clear.Xorbs { // what the sample says of bytes on disk, production does not say
		clear.Xorbs[i].OnDisk = 0
	}
	if !bytes.Equal(got, write(t, clear)) {
		t.Errorf("got  %x\nwant %x", got, write(t, clear))
	}
	if !bytes.Equal(got, build()) {
		t.Error("a second answer differs")
	}
	for _, x := range uploaded.Xorbs {
		for _, c := range x.Chunks {
			if bytes.Contains(got, c.Hash[:]) {
				t.Errorf("the answer gives away chunk %s", c.Hash)
			}
		}
	}
}

func TestAnswersThatMustNotBe(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	if _, err := shard.NewAnswer(io.Discard, [32]byte{}, now, now.Add(time.Hour)); !hub.Is(err, hub.Internal) {
		t.Errorf("without a key: %v", err)
	}
	if _, err := shard.NewAnswer(io.Discard, [32]byte{1}, now, now); !hub.Is(err, hub.Internal) {
		t.Errorf("expired: %v", err)
	}
	w := shard.NewWriter(io.Discard, false)
	if err := w.Xorb(&shard.Xorb{}); err != nil {
		t.Fatal(err)
	}
	if err := w.File(&shard.File{}); !hub.Is(err, hub.Internal) {
		t.Errorf("a file after a xorb: %v", err)
	}
}

func TestSizeOfReadsDoesNotMatter(t *testing.T) {
	b := read(t, "js-client/edited.shard")
	want := mustParse(t, b)
	for _, src := range []io.Reader{iotest.OneByteReader(bytes.NewReader(b)), iotest.DataErrReader(bytes.NewReader(b))} {
		r := shard.NewReader(src, shard.Limits{})
		// Files and xorbs that nobody asks for are passed over.
		if f, ok, err := r.Footer(); err != nil || !ok || f != want.Footer {
			t.Errorf("%T: %+v, %v, %v", src, f, ok, err)
		}
	}
}
