package pktline

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestReader(t *testing.T) {
	r := NewReader(strings.NewReader("0009hello0006a\n0000000100020004000bxyz\nPACK"))
	want := []struct {
		kind Kind
		text string
	}{{Data, "hello"}, {Data, "a"}, {Flush, ""}, {Delim, ""}, {ResponseEnd, ""}, {Data, ""}}
	for i, w := range want {
		k, line, err := r.Text()
		if err != nil || k != w.kind || line != w.text {
			t.Fatalf("line %d: %v %q %v, want %v %q", i, k, line, err, w.kind, w.text)
		}
	}
	if _, data, err := r.Next(); err != nil || string(data) != "xyz\nPAC" {
		t.Fatalf("%q %v", data, err)
	}
	if rest, _ := io.ReadAll(r.Rest()); string(rest) != "K" {
		t.Errorf("the rest is %q", rest)
	}
}

func TestReaderRefuses(t *testing.T) {
	for text, want := range map[string]error{
		"":         io.EOF,
		"00":       io.ErrUnexpectedEOF,
		"0003":     ErrMalformed,
		"00g0":     ErrMalformed,
		"fff1":     ErrMalformed,
		"0006a":    io.ErrUnexpectedEOF,
		"0006":     io.ErrUnexpectedEOF,
		"+001":     ErrMalformed,
		"HTTP/1.1": ErrMalformed,
	} {
		if _, _, err := NewReader(strings.NewReader(text)).Next(); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

func TestSideband(t *testing.T) {
	for name, c := range map[string]struct {
		make func(io.Writer, Band, int) *Sideband
		max  int
	}{"narrow": {NewSideband, Narrow}, "wide": {NewSideband, Wide}, "bulk": {NewBulkSideband, Wide}, "narrow bulk": {NewBulkSideband, Narrow}} {
		for _, size := range []int{1, Narrow - 5, Wide - 5, 4 * (Wide - 5), 4*(Wide-5) + 1, 1_000_000} {
			for _, step := range []int{37, Wide - 5, size} {
				var out bytes.Buffer
				s := c.make(&out, BandData, c.max)
				content := make([]byte, size)
				for i := range content {
					content[i] = byte(i * i >> 8)
				}
				for piece := content; len(piece) > 0; piece = piece[min(step, len(piece)):] {
					if n, err := s.Write(piece[:min(step, len(piece))]); err != nil || n != min(step, len(piece)) {
						t.Fatal(n, err)
					}
				}
				for range 2 {
					if err := s.Flush(); err != nil {
						t.Fatal(err)
					}
				}
				var got []byte
				r := NewReader(&out)
				for {
					_, data, err := r.Next()
					if err == io.EOF {
						break
					}
					if err != nil || data[0] != byte(BandData) || len(data) < 2 || len(data) > c.max-4 {
						t.Fatalf("%d bytes, %v", len(data), err)
					}
					got = append(got, data[1:]...)
				}
				if !bytes.Equal(got, content) {
					t.Errorf("%s, %d bytes in steps of %d: the bytes have changed", name, size, step)
				}
			}
		}
	}
}

// A clone of gigabytes takes few calls of the system.
func TestBulkLeavesInLargePieces(t *testing.T) {
	var calls counter
	s := NewBulkSideband(&calls, BandData, Wide)
	for range 1000 {
		if _, err := s.Write(make([]byte, 10_000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if calls > 10_000_000/(4*(Wide-5))+1 {
		t.Errorf("%d calls for 10 MB", calls)
	}
}

type counter int

func (c *counter) Write(b []byte) (int, error) {
	*c++
	return len(b), nil
}

func TestWriterStopsAtFirstError(t *testing.T) {
	w := NewWriter(failing{})
	if w.Textf("x") == nil || w.Mark(Flush) == nil || w.Err() == nil {
		t.Error("the error was lost")
	}
	if err := NewWriter(io.Discard).Data(make([]byte, MaxData+1)); err == nil {
		t.Error("too long a line was written")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// FuzzReader holds that what is read comes out the same when written again.
func FuzzReader(f *testing.F) {
	f.Add([]byte("0009hello0000"))
	f.Add([]byte("0001000200040005a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader(bytes.NewReader(data))
		var out bytes.Buffer
		w := NewWriter(&out)
		for {
			k, line, err := r.Next()
			if err != nil {
				break
			}
			if k == Data {
				w.Data(line)
			} else {
				w.Mark(k)
			}
		}
		if !strings.EqualFold(out.String(), string(data[:out.Len()])) {
			t.Errorf("read %q, wrote %q", data, out.Bytes())
		}
	})
}
