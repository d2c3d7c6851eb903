package object

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/klauspost/compress/zlib"
)

func loose(text string) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.Bytes()
}

func TestOpenLoose(t *testing.T) {
	kind, size, r, err := OpenLoose(bytes.NewReader(loose("blob 5\x00hello")))
	if err != nil || kind != KindBlob || size != 5 {
		t.Fatal(kind, size, err)
	}
	if text, err := io.ReadAll(r); err != nil || string(text) != "hello" {
		t.Errorf("%q %v", text, err)
	}
	for _, bad := range []string{"", "blob", "blob 5", "blob five\x00", "blob -1\x00", "thing 0\x00", "blob 99999999999999999999\x00", fmt.Sprintf("blob%50s5\x00", "")} {
		if _, _, _, err := OpenLoose(bytes.NewReader(loose(bad))); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if _, _, _, err := OpenLoose(bytes.NewReader([]byte("not compressed"))); err == nil {
		t.Error("bytes that are not compressed are taken")
	}
}

func FuzzOpenLoose(f *testing.F) {
	f.Add(loose("blob 5\x00hello"))
	f.Add([]byte("x\x9c"))
	f.Fuzz(func(t *testing.T, data []byte) {
		kind, size, r, err := OpenLoose(bytes.NewReader(data))
		if err != nil {
			return
		}
		if !kind.IsObject() || size < 0 {
			t.Errorf("%v %d", kind, size)
		}
		io.Copy(io.Discard, io.LimitReader(r, 1<<20))
		r.Close()
	})
}

func FuzzMakeDelta(f *testing.F) {
	f.Add([]byte("some base that is long enough"), []byte("some other base that is long enough"))
	f.Fuzz(func(t *testing.T, base, target []byte) {
		d := MakeDelta(base, target, len(target)*2+64)
		if d == nil {
			if len(base) > 0 {
				t.Fatal("no delta")
			}
			return
		}
		if made, err := ApplyDelta(base, d, int64(len(target))); err != nil || !bytes.Equal(made, target) {
			t.Fatalf("%v", err)
		}
	})
}
