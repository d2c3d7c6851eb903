package xetterms

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
)

func TestTermsSurvive(t *testing.T) {
	a, b := xethash.Chunk([]byte("a")), xethash.Chunk([]byte("b"))
	f := Of([]shard.Term{
		{Xorb: a, Start: 0, End: 8192, Unpacked: 64 << 20},
		{Xorb: b, Start: 7, End: 8, Unpacked: 1},
		{Xorb: a, Start: 3, End: 5, Unpacked: 200},
	})
	if len(f.Xorbs) != 2 || f.Size() != 64<<20+201 {
		t.Errorf("got %d xorbs and %d bytes", len(f.Xorbs), f.Size())
	}
	got, err := Decode(f.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(f, got); d != "" {
		t.Error(d)
	}
	empty, err := Decode(File{}.Encode())
	if err != nil || len(empty.Terms) != 0 {
		t.Errorf("the empty file: %v %v", empty, err)
	}
	for n := range f.Encode() {
		if _, err := Decode(f.Encode()[:n]); err == nil {
			t.Errorf("%d bytes were taken for the whole", n)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Of([]shard.Term{{End: 2, Unpacked: 9}}).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := Decode(b)
		if err != nil {
			return
		}
		y, err := Decode(x.Encode())
		if err != nil || !bytes.Equal(x.Encode(), y.Encode()) {
			t.Errorf("%x does not survive: %v", b, err)
		}
	})
}
