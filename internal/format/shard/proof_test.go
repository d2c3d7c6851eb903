package shard_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
)

// TestShardsOfTheInstalledClient holds every number and hash of what hf_xet 1.8.0 sent against the xorb it sent before:
// that is all a server can check, and how it checks.
func TestShardsOfTheInstalledClient(t *testing.T) {
	stored, err := os.ReadFile("../xorb/testdata/hf_xet-1.8.0.xorb")
	if err != nil {
		t.Fatal(err)
	}
	upload := mustParse(t, read(t, "rust-client/hf_xet-1.8.0-upload.shard"))
	again := mustParse(t, read(t, "rust-client/hf_xet-1.8.0-reupload.shard"))
	if len(upload.Files) != 5 || len(upload.Xorbs) != 1 || len(again.Files) != 5 || len(again.Xorbs) != 0 || upload.Footed || again.Footed {
		t.Fatalf("%d files, %d xorbs, then %d files, %d xorbs", len(upload.Files), len(upload.Xorbs), len(again.Files), len(again.Xorbs))
	}
	x := upload.Xorbs[0]
	table, err := xorb.NewIngester().Ingest(io.Discard, bytes.NewReader(stored), x.Hash)
	if err != nil || len(table) != len(x.Chunks) || int64(x.Unpacked) != table.Unpacked(0, len(table)) {
		t.Fatalf("xorb %s: %v", x.Hash, err)
	}
	for i, c := range x.Chunks {
		if c.Hash != table[i].Hash || int64(c.Unpacked) != table.Unpacked(i, i+1) || int64(c.Start) != table.Offset(i) || c.Eligible {
			t.Errorf("chunk %d: %+v, table %+v", i, c, table[i])
		}
	}
	for _, f := range append(upload.Files, again.Files...) {
		var tree xethash.Tree
		sum := sha256.New()
		for _, term := range f.Terms {
			start, end := int(term.Start), int(term.End)
			if term.Xorb != x.Hash || int64(term.Unpacked) != table.Unpacked(start, end) || term.Range != table.RangeHash(start, end) {
				t.Errorf("file %s: term %+v", f.Hash, term)
			}
			for _, leaf := range table.Leaves(start, end) {
				tree.Add(leaf)
			}
			r := xorb.NewReader(table.Section(bytes.NewReader(stored), start, end))
			for {
				c, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				sum.Write(c.Data)
			}
		}
		if got := tree.File(); got != f.Hash {
			t.Errorf("file %s: its chunks make %s", f.Hash, got)
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != string(f.SHA256) {
			t.Errorf("file %s: SHA-256 %s, want %s", f.Hash, got, f.SHA256)
		}
	}
	for name, c := range map[string]content{"upload": upload, "reupload": again} {
		if !bytes.Equal(write(t, c), read(t, "rust-client/hf_xet-1.8.0-"+name+".shard")) {
			t.Errorf("%s: we write other bytes", name)
		}
	}
}
