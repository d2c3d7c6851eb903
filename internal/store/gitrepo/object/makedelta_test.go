package object

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestMakeDelta holds that applying a delta gives back what it was made for.
func TestMakeDelta(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		base := rapid.SliceOfN(rapid.ByteRange(0, 3), 1, 3000).Draw(r, "base")
		target := edit(r, base)
		delta := MakeDelta(base, target, len(target)+100+len(target)/100)
		if delta == nil {
			r.Fatal("no delta within the size of the target")
		}
		made, err := ApplyDelta(base, delta, int64(len(target)))
		if err != nil || !bytes.Equal(made, target) {
			r.Fatalf("%v: %d bytes in place of %d", err, len(made), len(target))
		}
	})
}

func edit(r *rapid.T, base []byte) []byte {
	out := bytes.Clone(base)
	for range rapid.IntRange(0, 5).Draw(r, "edits") {
		at := rapid.IntRange(0, len(out)).Draw(r, "at")
		cut := rapid.IntRange(at, len(out)).Draw(r, "cut")
		add := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(r, "add")
		out = append(out[:at:at], append(add, out[cut:]...)...)
	}
	return out
}

// TestMakeDeltaIsSmall holds what the sizes of histories rest on.
func TestMakeDeltaIsSmall(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	base := make([]byte, 200_000)
	for i := range base {
		base[i] = byte(rng.Uint32())
	}
	target := bytes.Clone(base)
	copy(target[100_000:], "a new entry in the middle")
	target = append(target[:150_000], target[150_040:]...)
	if d := MakeDelta(base, target, len(target)); len(d) > 200 || d == nil {
		t.Errorf("%d bytes for two small changes", len(d))
	}
	if d := MakeDelta(base, []byte("nothing of it"), 5); d != nil {
		t.Error("a delta over its limit")
	}
	big := bytes.Repeat([]byte("x"), 1<<24+5)
	if d := MakeDelta(big, big, 100); d == nil {
		t.Error("a copy longer than one instruction")
	} else if made, err := ApplyDelta(big, d, 1<<25); err != nil || !bytes.Equal(made, big) {
		t.Error("a copy longer than one instruction is wrong")
	}
}
