package xetchunk_test

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"testing"
)

// vector is one case of testdata/chunking.json.
type vector struct {
	Name       string
	Generator  string
	Seed       uint64
	Byte       byte
	Length     int
	Boundaries []int
}

func vectors(t testing.TB) []vector {
	t.Helper()
	var file struct{ Cases []vector }
	load(t, "chunking.json", &file)
	return file.Cases
}

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

// data generates the bytes that the vector describes.
func (v vector) data(t testing.TB) []byte {
	t.Helper()
	b := make([]byte, v.Length)
	switch v.Generator {
	case "splitmix64":
		return splitmix64(v.Seed, v.Length)
	case "constant":
		for i := range b {
			b[i] = v.Byte
		}
	case "byte[i] = (i*7+13) mod 256":
		for i := range b {
			b[i] = byte(i*7 + 13)
		}
	case "byte[i] = (i*13+37) mod 256":
		for i := range b {
			b[i] = byte(i*13 + 37)
		}
	case "Go math/rand/v2 PCG(20260925, 1), Uint64 little-endian":
		r := rand.NewPCG(20260925, 1)
		for i := 0; i < len(b); i += 8 {
			binary.LittleEndian.PutUint64(b[i:], r.Uint64())
		}
	default:
		t.Fatalf("unknown generator %q", v.Generator)
	}
	return b
}

func splitmix64(state uint64, length int) []byte {
	b := make([]byte, 0, length+8)
	for len(b) < length {
		state += 0x9e3779b97f4a7c15
		z := (state ^ state>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		b = binary.LittleEndian.AppendUint64(b, z^z>>31)
	}
	return b[:length]
}

// trigger is one case of testdata/chunking-trigger-pattern.json: its input and where the clients cut it.
type trigger struct {
	Padding      int
	Boundaries   []int
	BoundariesJS []int `json:"boundaries_js_client"`
	data         []byte
}

func triggers(t testing.TB) []trigger {
	t.Helper()
	var file struct {
		Pattern string
		Cases   []trigger
	}
	load(t, "chunking-trigger-pattern.json", &file)
	pattern, err := hex.DecodeString(file.Pattern)
	if err != nil {
		t.Fatal(err)
	}
	for i := range file.Cases {
		c := &file.Cases[i]
		unit := append(pattern[:len(pattern):len(pattern)], make([]byte, c.Padding)...)
		for len(c.data) < 65536 {
			c.data = append(c.data, unit...)
		}
		c.data = c.data[:65536]
	}
	return file.Cases
}
