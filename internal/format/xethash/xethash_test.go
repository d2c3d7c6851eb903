package xethash_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
)

func load(t testing.TB, file string, into any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func hash(t testing.TB, s string) xethash.Hash {
	t.Helper()
	h, err := xethash.Parse(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return h
}

func same(t testing.TB, what string, got xethash.Hash, want string) {
	t.Helper()
	if got.String() != want {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func TestStrings(t *testing.T) {
	var cases []struct{ Raw, String string }
	load(t, "hash-strings.json", &cases)
	for _, c := range cases {
		raw, _ := hex.DecodeString(c.Raw)
		same(t, "bytes "+c.Raw, xethash.Hash(raw), c.String)
		if h := hash(t, c.String); h != xethash.Hash(raw) {
			t.Errorf("parse %s: got bytes %x, want %s", c.String, h[:], c.Raw)
		}
	}
	digest := sha256.Sum256([]byte("some data"))
	h, err := xethash.FromSHA256(hub.Digest(hex.EncodeToString(digest[:])))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "SHA-256 of a shard", h, cases[1].String)
	if h.SHA256() != hub.Digest(hex.EncodeToString(digest[:])) {
		t.Errorf("SHA-256 does not come back: %s", h.SHA256())
	}
}

func TestStringsThatAreNone(t *testing.T) {
	good := xethash.Chunk(nil).String()
	for _, bad := range []string{"", good[1:], good + "0", "A" + good[1:], "g" + good[1:], " " + good[1:], "0x" + good[2:]} {
		if h, err := xethash.Parse(bad); !hub.Is(err, hub.InvalidInput) || !h.IsZero() {
			t.Errorf("%q: got %v, %v", bad, h, err)
		}
	}
}

func TestMerkle(t *testing.T) {
	var cases []struct {
		Nodes [][2]any                      `json:"nodes"`
		Root  string                        `json:"root_and_xorb_hash"`
		Files []struct{ Salt, Hash string } `json:"file_hashes"`
	}
	load(t, "merkle.json", &cases)
	for _, c := range cases {
		var leaves []xethash.Leaf
		for _, n := range c.Nodes {
			leaves = append(leaves, xethash.Leaf{Hash: hash(t, n[0].(string)), Size: uint64(n[1].(float64))})
		}
		same(t, "root", xethash.Xorb(leaves), c.Root)
		// The salts other than zero are the reference client's own: a salted file hash is the root masked by the salt.
		for _, f := range c.Files {
			salt := hash(t, f.Salt)
			if salt.IsZero() {
				same(t, "file", xethash.File(leaves), f.Hash)
			} else if len(leaves) > 0 {
				same(t, "salted file", xethash.NewMasker(salt).Mask(xethash.Xorb(leaves)), f.Hash)
			}
		}
	}
}

func TestKeyed(t *testing.T) {
	var v struct {
		Dedup []struct{ Key, Chunk, Result string } `json:"dedup_hmac"`
		Range []struct {
			Chunks []string
			Result string
		} `json:"range_verification"`
		EmptyFile string            `json:"empty_file_hash"`
		Chunks    map[string]string `json:"chunk_hash_of_ascii"`
		Zero      string            `json:"keyed_zero_of_zero_hash"`
	}
	load(t, "keyed-hashes.json", &v)
	for _, c := range v.Dedup {
		m := xethash.NewMasker(hash(t, c.Key))
		m.Mask(xethash.Hash{1}) // nothing of an earlier chunk may stay
		same(t, "masked", m.Mask(hash(t, c.Chunk)), c.Result)
	}
	for _, c := range v.Range {
		var chunks []xethash.Hash
		for _, s := range c.Chunks {
			chunks = append(chunks, hash(t, s))
		}
		same(t, "range", xethash.Range(chunks), c.Result)
	}
	for text, want := range v.Chunks {
		same(t, text, xethash.Chunk([]byte(text)), want)
	}
	same(t, "empty file", xethash.File(nil), v.EmptyFile)
	same(t, "zero", xethash.NewMasker([xethash.Size]byte{}).Mask(xethash.Hash{}), v.Zero)
}

func TestFilesAndXorbs(t *testing.T) {
	var v struct {
		Cases []struct {
			Name   string
			Chunks []struct {
				Length   uint64
				Hash     xethash.Hash
				Eligible bool `json:"global_dedup_eligible_by_hash"`
			}
			File  string `json:"file_hash"`
			Range string `json:"range_verification_hash_all_chunks"`
			Xorb  string `json:"xorb_hash_if_one_xorb"`
		}
	}
	load(t, "chunking.json", &v)
	for _, c := range v.Cases {
		var leaves []xethash.Leaf
		var hashes []xethash.Hash
		for _, chunk := range c.Chunks {
			leaves = append(leaves, xethash.Leaf{Hash: chunk.Hash, Size: chunk.Length})
			hashes = append(hashes, chunk.Hash)
			if chunk.Hash.Eligible() != chunk.Eligible {
				t.Errorf("%s: chunk %s: eligible %v", c.Name, chunk.Hash, !chunk.Eligible)
			}
		}
		same(t, c.Name+" file", xethash.File(leaves), c.File)
		same(t, c.Name+" range", xethash.Range(hashes), c.Range)
		same(t, c.Name+" xorb", xethash.Xorb(leaves), c.Xorb)
	}
}

// TestTreeAgainstWholeList holds the streaming tree against the published rule, applied level by level to a list.
func TestTreeAgainstWholeList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 400).Draw(t, "n")
		seed := rapid.Uint64().Draw(t, "seed")
		leaves := make([]xethash.Leaf, n)
		for i := range leaves {
			leaves[i] = xethash.Leaf{Hash: xethash.Chunk([]byte{byte(seed), byte(seed >> 8), byte(i), byte(i >> 8)}), Size: seed>>40 + uint64(i)}
		}
		if got, want := xethash.Xorb(leaves), wholeList(leaves); got != want {
			t.Fatalf("%d leaves: got %s, want %s", n, got, want)
		}
	})
}

func wholeList(nodes []xethash.Leaf) xethash.Hash {
	if len(nodes) == 0 {
		return xethash.Hash{}
	}
	for len(nodes) > 1 {
		var up []xethash.Leaf
		for rest := nodes; len(rest) > 0; {
			cut := len(rest)
			if len(rest) > 2 {
				cut = min(9, len(rest))
				for i := 2; i < cut; i++ {
					if rest[i].Hash[24]%4 == 0 {
						cut = i + 1
					}
				}
			}
			up = append(up, xethash.Node(rest[:cut]))
			rest = rest[cut:]
		}
		nodes = up
	}
	return nodes[0].Hash
}

func TestTreeIsEmptyAfterRoot(t *testing.T) {
	var tree xethash.Tree
	for i := range 100 {
		tree.Add(xethash.Leaf{Hash: xethash.Chunk([]byte{byte(i)}), Size: 1})
	}
	if got := tree.Root().Size; got != 100 {
		t.Errorf("size %d, want 100", got)
	}
	tree.Add(xethash.Leaf{Hash: xethash.Hash{1}, Size: 5})
	if got := tree.Root(); got != (xethash.Leaf{Hash: xethash.Hash{1}, Size: 5}) {
		t.Errorf("second tree: %v", got)
	}
}

func BenchmarkChunk64KiB(b *testing.B) {
	data := make([]byte, 64<<10)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		xethash.Chunk(data)
	}
}

func BenchmarkXorb1024Chunks(b *testing.B) {
	leaves := make([]xethash.Leaf, 1024)
	for i := range leaves {
		leaves[i] = xethash.Leaf{Hash: xethash.Chunk([]byte{byte(i), byte(i >> 8)}), Size: 65536}
	}
	for b.Loop() {
		xethash.Xorb(leaves)
	}
}

func BenchmarkMask(b *testing.B) {
	m := xethash.NewMasker([32]byte{1})
	for b.Loop() {
		m.Mask(xethash.Hash{2})
	}
}
