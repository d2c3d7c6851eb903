package gitrepo

import (
	"bytes"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
)

// endless gives n bytes that compress by half, without holding them.
type endless struct {
	left int64
	r    *rand.Rand
	word uint64
	i    uint64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), e.left))
	for i := range p[:n] {
		if e.i%16 == 0 {
			e.word = e.r.Uint64()
		}
		p[i] = byte('a' + e.word>>(e.i%16*4)&15)
		e.i++
	}
	e.left -= int64(n)
	return n, nil
}

// TestBigBlobsStream writes and reads a blob of 96 MiB and holds that memory does not grow with it.
func TestBigBlobsStream(t *testing.T) {
	const size = 96 << 20
	ctx := t.Context()
	blobs, err := fs.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{CacheDir: t.TempDir()}, newFakeMeta(), blobs)
	repo := newRepo(t, s)
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	peak := uint64(0)
	watch := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapInuse-min(m.HeapInuse, before.HeapInuse))
	}

	w, err := s.Begin(ctx, repo)
	if err != nil {
		t.Fatal(err)
	}
	oid, err := w.Blob(size, &watched{r: &endless{left: size, r: rand.New(rand.NewPCG(1, 1))}, f: watch})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := w.Apply(ctx, nil, hub.ZeroOID, []TreeChange{{Path: "big", Mode: ModeFile, OID: oid}})
	if err != nil {
		t.Fatal(err)
	}
	commit, err := w.Commit(tree, nil, sign(0), sign(0), "big")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Publish(ctx, hub.Publication{Refs: []hub.RefUpdate{{Name: mainRef, New: commit}}}); err != nil {
		t.Fatal(err)
	}
	watch()

	snap, err := s.Open(ctx, repo)
	if err != nil {
		t.Fatal(err)
	}
	b, err := snap.Blob(ctx, oid)
	if err != nil {
		t.Fatal(err)
	}
	snap.Close() // a blob outlives its snapshot
	s.Close()
	h, want := &compare{r: &endless{left: size, r: rand.New(rand.NewPCG(1, 1))}}, int64(size)
	if n, err := io.Copy(h, &watched{r: b, f: watch}); err != nil || n != want || h.differ {
		t.Errorf("read %d of %d bytes, differ: %v, %v", n, want, h.differ, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if len(s.packs) != 0 {
		t.Errorf("%d packs are open", len(s.packs))
	}
	if peak > 24<<20 {
		t.Errorf("memory grew by %d MiB", peak>>20)
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
	if w.n += n; w.n > 8<<20 {
		w.n = 0
		w.f()
	}
	return n, err
}

// compare is written what r should read.
type compare struct {
	r      io.Reader
	buf    []byte
	differ bool
}

func (c *compare) Write(p []byte) (int, error) {
	if cap(c.buf) < len(p) {
		c.buf = make([]byte, len(p))
	}
	b := c.buf[:len(p)]
	if _, err := io.ReadFull(c.r, b); err != nil || !bytes.Equal(b, p) {
		c.differ = true
	}
	return len(p), nil
}

func TestBlobSeeks(t *testing.T) {
	s, _, _ := newStore(t)
	repo := newRepo(t, s)
	for name, size := range map[string]int{"small": 5000, "big": blobInMemory + 5000, "incompressible": blobInMemory * 2} {
		content := noise(4, size)
		if name == "big" {
			content = string(bytes.Repeat([]byte(noise(5, 1000)), size/1000+1)[:size])
		}
		tip := put(t, s, repo, size, map[string]string{name: content})
		snap := open(t, s, repo)
		e, err := snap.Entry(t.Context(), tip, name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := snap.Blob(t.Context(), e.OID)
		if err != nil || b.Size() != int64(size) {
			t.Fatalf("%s: %d bytes, %v", name, b.Size(), err)
		}
		if err := iotest.TestReader(b, []byte(content)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		b.Close()
		b.Close()
	}
	if _, err := open(t, s, repo).Blob(t.Context(), hub.OID{1}); !hub.Is(err, hub.EntryNotFound) {
		t.Errorf("missing blob: %v", err)
	}
}
