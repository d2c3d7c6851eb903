package fs_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// stream yields n bytes that look random without holding them.
func stream(n int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{1}), n)
}

// TestFlatMemory streams 256 MiB in and out and composes 128 MiB both ways: the heap does not notice.
func TestFlatMemory(t *testing.T) {
	const size, part, most = 256 << 20, 64 << 20, 16 << 20
	s := open(t, t.TempDir())
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	peak := uint64(0)
	watch := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapAlloc)
	}
	for key, n := range map[string]int64{"large": size, "part": part} {
		if _, err := s.Create(ctx, key, &watched{stream(n), watch, 0}, blob.Expect{Size: n}); err != nil {
			t.Fatal(err)
		}
	}
	h := sha256.New()
	for range 2 {
		if _, err := io.Copy(h, stream(part)); err != nil {
			t.Fatal(err)
		}
	}
	sum := hub.Digest(hex.EncodeToString(h.Sum(nil)))
	for key, e := range map[string]blob.Expect{"moved": blob.Any, "checked": {Size: 2 * part, SHA256: sum}} {
		if _, err := s.Compose(ctx, key, []string{"part", "part"}, e); err != nil {
			t.Fatal(err)
		}
		watch()
	}
	o, err := s.Open(ctx, "large")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if n, err := io.Copy(struct{ io.Writer }{io.Discard}, &watched{o, watch, 0}); err != nil || n != size {
		t.Fatal(n, err)
	}
	if grown := int64(peak) - int64(before.HeapAlloc); grown > most {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

// watched calls f every 8 MiB.
type watched struct {
	r io.Reader
	f func()
	n int
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if w.n += n; w.n >= 8<<20 {
		w.f()
		w.n = 0
	}
	return n, err
}

// BenchmarkUpload prints the rate of storing durably beside that of hashing and throwing away, its floor.
func BenchmarkUpload(b *testing.B) {
	const size = 256 << 20
	zeros := make([]byte, 1<<20)
	source := func() io.Reader { return io.LimitReader(repeat{zeros}, size) }
	b.Run("discard", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			v := blob.NewVerifier(ctx, source(), blob.Any)
			if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, v, make([]byte, 512<<10)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("store", func(b *testing.B) {
		s := open(b, b.TempDir())
		b.SetBytes(size)
		for b.Loop() {
			if _, err := s.Create(ctx, "k", source(), blob.Expect{Size: size}); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if err := s.Delete(ctx, "k"); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
}

type repeat struct{ b []byte }

func (r repeat) Read(p []byte) (int, error) { return copy(p, r.b), nil }
