package xethash_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/xethash"
)

// TestSubtrees folds runs of chunks as @huggingface/xetchunk-wasm 0.2 does; testdata/subtrees.json was computed with it. Chunk i is
// the SHA-256 of "chunk i"; of the nodes the file has the SHA-256 of a line each: hash, space, size.
func TestSubtrees(t *testing.T) {
	var cases []struct {
		From, N int
		AtStart bool `json:"at_start"`
		AtEnd   bool `json:"at_end"`
		Levels  [][2]int
		Nodes   string
	}
	load(t, "subtrees.json", &cases)
	if len(cases) < 10 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		var chunks []xethash.Leaf
		for i := c.From; i < c.From+c.N; i++ {
			chunks = append(chunks, xethash.Leaf{Hash: xethash.Hash(sha256.Sum256(fmt.Appendf(nil, "chunk %d", i))), Size: uint64(8192 + i*7919%120000)})
		}
		s := xethash.SubtreeOf(chunks, c.AtStart, c.AtEnd)
		if !slices.Equal(s.Levels, c.Levels) || s.AtStart != c.AtStart || s.AtEnd != c.AtEnd {
			t.Errorf("%d chunks from %d: levels %v, want %v", c.N, c.From, s.Levels, c.Levels)
		}
		lines := sha256.New()
		for _, n := range s.Nodes {
			fmt.Fprintf(lines, "%s %d\n", n.Hash, n.Size)
		}
		if got := hex.EncodeToString(lines.Sum(nil)); got != c.Nodes {
			t.Errorf("%d chunks from %d: other nodes", c.N, c.From)
		}
		if c.AtStart && c.AtEnd && s.Nodes[0].Hash != xethash.Xorb(chunks) {
			t.Errorf("%d chunks: a whole folds to something else than its root", c.N)
		}
	}
}
