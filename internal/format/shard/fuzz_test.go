package shard_test

import (
	"bytes"
	"path/filepath"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
)

// FuzzReader: no input panics; what is accepted is the same after writing and reading it again.
func FuzzReader(f *testing.F) {
	for _, pattern := range []string{"js-client/*.shard", "rust-client/*.shard", "dedupe-response/constructed*.shard"} {
		files, _ := filepath.Glob("testdata/" + pattern)
		for _, path := range files {
			rel, _ := filepath.Rel("testdata", path)
			f.Add(read(f, rel))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parse(b, shard.Limits{Bytes: 1 << 20})
		if err != nil {
			if !hub.Is(err, hub.InvalidInput) {
				t.Fatal(err)
			}
			return
		}
		again := mustParse(t, write(t, c))
		c.Footer.Stored, again.Footer.Stored = 0, 0 // a sum that the writer computes and that the reader does not check
		if !reflect.DeepEqual(c, again) {
			t.Fatalf("got  %+v\nwant %+v", again, c)
		}
	})
}

func TestWhatIsWrittenComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hash := rapid.Custom(func(t *rapid.T) xethash.Hash {
			return xethash.Chunk(rapid.SliceOfN(rapid.Byte(), 1, 4).Draw(t, "of"))
		})
		want := content{Footed: rapid.Bool().Draw(t, "footer")}
		for range rapid.IntRange(0, 5).Draw(t, "files") {
			f := shard.File{Hash: hash.Draw(t, "file"), Ranged: rapid.Bool().Draw(t, "ranged")}
			if rapid.Bool().Draw(t, "sha") {
				f.SHA256 = hash.Draw(t, "sha256").SHA256()
			}
			for range rapid.IntRange(0, 5).Draw(t, "terms") {
				start := rapid.Uint32Range(0, 8191).Draw(t, "start")
				end := rapid.Uint32Range(start+1, 8192).Draw(t, "end")
				term := shard.Term{Xorb: hash.Draw(t, "xorb"), Start: start, End: end}
				term.Unpacked = rapid.Uint32Range(end-start, (end-start)*131072).Draw(t, "unpacked")
				if f.Ranged {
					term.Range = hash.Draw(t, "range")
				}
				f.Terms = append(f.Terms, term)
			}
			if len(f.Terms) == 0 {
				f.Hash = xethash.Hash{}
			}
			want.Files = append(want.Files, f)
		}
		for range rapid.IntRange(0, 5).Draw(t, "xorbs") {
			x := shard.Xorb{Hash: hash.Draw(t, "xorb"), Unpacked: rapid.Uint32().Draw(t, "unpacked"), OnDisk: rapid.Uint32().Draw(t, "on disk")}
			for range rapid.IntRange(1, 5).Draw(t, "chunks") {
				x.Chunks = append(x.Chunks, shard.Chunk{
					Hash: hash.Draw(t, "chunk"), Start: rapid.Uint32().Draw(t, "start"),
					Unpacked: rapid.Uint32Range(1, 131072).Draw(t, "unpacked"), Eligible: rapid.Bool().Draw(t, "eligible"),
				})
			}
			want.Xorbs = append(want.Xorbs, x)
		}
		var out bytes.Buffer
		w := shard.NewWriter(&out, want.Footed)
		for i := range want.Files {
			if err := w.File(&want.Files[i]); err != nil {
				t.Fatal(err)
			}
		}
		for i := range want.Xorbs {
			if err := w.Xorb(&want.Xorbs[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(shard.Footer{}); err != nil {
			t.Fatal(err)
		}
		got, err := parse(out.Bytes(), shard.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		got.Footer.Stored = 0
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	c := content{Files: []shard.File{{Ranged: true}}}
	for range 20 {
		x := shard.Xorb{Chunks: make([]shard.Chunk, 1000)}
		for i := range x.Chunks {
			x.Chunks[i].Unpacked = 65536
		}
		c.Xorbs = append(c.Xorbs, x)
		c.Files[0].Terms = append(c.Files[0].Terms, shard.Term{End: 1000, Unpacked: 65536000})
	}
	raw := write(b, c)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		r := shard.NewReader(bytes.NewReader(raw), shard.Limits{})
		if _, _, err := r.Footer(); err != nil {
			b.Fatal(err)
		}
	}
}
