package auditchain

import (
	"bytes"
	"crypto/sha256"
	"testing"
)

// TestSumIsSHA256 compares with crypto/sha256 at every length around the edges of blocks, and holds that the state is one
// that is understood: else the log is only checked slowly.
func TestSumIsSHA256(t *testing.T) {
	if !stateKnown() {
		t.Error("the state of crypto/sha256 looks otherwise in this version of Go")
	}
	var s summer
	text := bytes.Repeat([]byte("0123456789"), 30)
	for from := range 3 {
		for n := range len(text) - from {
			b := append(make([]byte, 0, n+from+n%80), text[:from+n]...) // now with room for the padding, now without
			if got := s.sum(padded(b, from)[from:]); got != sha256.Sum256(text[from:from+n]) {
				t.Fatalf("another digest of %d bytes", n)
			}
		}
	}
}

// TestSubtreeRoot puts a tree together from its nodes.
func TestSubtreeRoot(t *testing.T) {
	var h Hasher
	f := &Frontier{}
	leaves := make([]Hash, 64)
	for i := range leaves {
		leaves[i] = Leaf([]byte{byte(i)})
		f.AppendLeaf(leaves[i])
	}
	if h.SubtreeRoot(leaves) != f.Root() {
		t.Error("another root")
	}
}
