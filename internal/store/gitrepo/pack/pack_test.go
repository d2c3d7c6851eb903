package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

var digest = hub.Digest(strings.Repeat("0123456789abcdef", 4))

// finish returns what b holds as an open stored pack.
func finish(t testing.TB, b *Builder) *Pack {
	t.Helper()
	f, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	data, err := f.Whole()
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(data)) != f.Bytes {
		t.Fatalf("the stored pack has %d bytes, announced were %d", len(data), f.Bytes)
	}
	return open(t, data)
}

func open(t testing.TB, data []byte) *Pack {
	t.Helper()
	p, err := Open(Memory(data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// randomText returns n bytes that compress somewhat.
func randomText(r *rand.Rand, n int) []byte {
	b := make([]byte, 0, n+16)
	for len(b) < n {
		b = fmt.Appendf(b, "word%d ", r.IntN(5000))
	}
	return b[:n]
}

func TestBuildAndRead(t *testing.T) {
	for _, memory := range []int64{0, 1 << 30} {
		t.Run(fmt.Sprintf("memory=%d", memory), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			b := NewBuilder(t.TempDir(), memory)
			defer b.Close()
			want := map[hub.OID][]byte{}
			for i := range 300 {
				data := randomText(r, r.IntN(3000))
				if i == 7 || i == 9 {
					data = randomText(r, streamAbove+i)
				}
				if i == 8 { // does not shrink
					data = make([]byte, streamAbove+5)
					for j := range data {
						data[j] = byte(r.Uint32())
					}
				}
				oid, err := b.AddBlob(int64(len(data)), iotest.HalfReader(bytes.NewReader(data)))
				if err != nil {
					t.Fatal(err)
				}
				want[oid] = data
			}
			ptr := lfspointer.Pointer{Digest: digest, Size: 1 << 40}
			ptrOID, err := b.Add(object.KindBlob, ptr.Format())
			if err != nil {
				t.Fatal(err)
			}
			want[ptrOID] = ptr.Format()
			for oid, data := range want {
				got, ok, err := b.Read(oid)
				if err != nil || !ok || !bytes.Equal(got, data) {
					t.Fatalf("builder: %s: %v, %v", oid, ok, err)
				}
			}
			p := finish(t, b)
			if p.Len() != len(want) {
				t.Fatalf("%d objects, want %d", p.Len(), len(want))
			}
			if err := p.Verify(); err != nil {
				t.Fatal(err)
			}
			for oid, data := range want {
				pos, ok := p.Find(oid)
				if !ok || p.Kind(pos) != object.KindBlob || p.Size(pos) != int64(len(data)) {
					t.Fatalf("%s: found %v", oid, ok)
				}
				got, err := p.Read(pos)
				if err != nil || !bytes.Equal(got, data) {
					t.Fatalf("%s: wrong bytes, %v", oid, err)
				}
				said, ok := p.Pointer(pos)
				if ok != (oid == ptrOID) || ok && said != ptr {
					t.Fatalf("%s: pointer %+v, %v", oid, said, ok)
				}
			}
		})
	}
}

func TestBuilderHoldsOnce(t *testing.T) {
	b := NewBuilder("", 1<<20)
	defer b.Close()
	known, err := object.Hash(object.KindBlob, []byte("known"))
	if err != nil {
		t.Fatal(err)
	}
	b.Known = func(oid hub.OID) bool { return oid == known }
	big := bytes.Repeat([]byte("x"), streamAbove+1)
	for range 2 {
		for _, data := range [][]byte{[]byte("known"), []byte("new"), big} {
			if _, err := b.AddBlob(int64(len(data)), bytes.NewReader(data)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if p := finish(t, b); p.Len() != 2 {
		t.Errorf("%d objects, want 2", p.Len())
	}
}

func TestBlobSizeMustAgree(t *testing.T) {
	b := NewBuilder("", 1<<20)
	defer b.Close()
	for _, size := range []int64{10, streamAbove + 10} {
		for _, off := range []int64{-1, 1} {
			data := bytes.Repeat([]byte("y"), int(size+off))
			_, err := b.AddBlob(size, bytes.NewReader(data))
			if !hub.Is(err, hub.Unprocessable) {
				t.Errorf("%d bytes announced, %d sent: %v", size, size+off, err)
			}
		}
		broken := errors.New("connection lost")
		r := io.MultiReader(strings.NewReader("zz"), iotest.ErrReader(broken))
		if _, err := b.AddBlob(size, r); !errors.Is(err, broken) {
			t.Errorf("broken reader: %v", err)
		}
	}
	if _, err := b.AddBlob(-1, strings.NewReader("")); !hub.Is(err, hub.Unprocessable) {
		t.Errorf("negative size: %v", err)
	}
	if _, err := b.AddBlob(2, strings.NewReader("ok")); err != nil {
		t.Fatal(err)
	}
	p := finish(t, b)
	if err := p.Verify(); err != nil || p.Len() != 1 {
		t.Errorf("after failures: %d objects, %v", p.Len(), err)
	}
}

func TestRollback(t *testing.T) {
	for _, memory := range []int64{0, 1 << 30} {
		b := NewBuilder(t.TempDir(), memory)
		defer b.Close()
		kept, _ := b.Add(object.KindBlob, []byte("kept"))
		m, err := b.Mark()
		if err != nil {
			t.Fatal(err)
		}
		gone, _ := b.Add(object.KindBlob, []byte("gone"))
		finish(t, b) // finishing does not end the builder
		if err := b.Rollback(m); err != nil {
			t.Fatal(err)
		}
		later, _ := b.Add(object.KindBlob, []byte("later"))
		p := finish(t, b)
		for oid, want := range map[hub.OID]bool{kept: true, gone: false, later: true} {
			if _, ok := p.Find(oid); ok != want {
				t.Errorf("memory %d: %s: found %v, want %v", memory, oid, ok, want)
			}
		}
		if err := p.Verify(); err != nil {
			t.Error(err)
		}
	}
}

func TestEveryFlippedByteIsNoticed(t *testing.T) {
	b := NewBuilder("", 1<<20)
	defer b.Close()
	r := rand.New(rand.NewPCG(3, 4))
	for range 5 {
		if _, err := b.Add(object.KindBlob, randomText(r, 100)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Add(object.KindBlob, lfspointer.Pointer{Digest: digest, Size: 5}.Format()); err != nil {
		t.Fatal(err)
	}
	f, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	data, err := f.Whole()
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x10
		p, err := Open(Memory(bad))
		if err == nil {
			err = p.Verify()
			p.Close()
		}
		if err == nil {
			t.Errorf("byte %d of %d: nobody noticed", i, len(data))
		}
	}
	for n := range data {
		if p, err := Open(Memory(data[:n])); err == nil {
			p.Close()
			t.Errorf("the first %d of %d bytes pass for a stored pack", n, len(data))
		}
	}
}

func TestRollbackOfMany(t *testing.T) {
	b := NewBuilder(t.TempDir(), 1000)
	defer b.Close()
	add := func(prefix string) (oids []hub.OID) {
		for i := range 3 * pipelineFrom {
			oid, err := b.Add(object.KindBlob, fmt.Appendf(nil, "%s %d", prefix, i))
			if err != nil {
				t.Fatal(err)
			}
			oids = append(oids, oid)
		}
		return oids
	}
	kept := add("kept")
	m, err := b.Mark()
	if err != nil {
		t.Fatal(err)
	}
	gone := add("gone")
	if err := b.Rollback(m); err != nil {
		t.Fatal(err)
	}
	kept = append(kept, add("later")...)
	p := finish(t, b)
	if err := p.Verify(); err != nil || p.Len() != len(kept) {
		t.Errorf("%d objects, want %d, %v", p.Len(), len(kept), err)
	}
	for _, oid := range gone {
		if _, ok := p.Find(oid); ok {
			t.Errorf("%s is still there", oid)
		}
	}
}

func TestNoFolderForFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, n := range []int{1, 1000} {
		b := NewBuilder(filepath.Join(t.TempDir(), "missing"), 100)
		var failed error
		for range n {
			if _, err := b.Add(object.KindBlob, randomText(r, 500)); err != nil {
				failed = err
				break
			}
		}
		if _, err := b.Finish(); err == nil && failed == nil {
			t.Errorf("%d objects were held without a place", n)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}
