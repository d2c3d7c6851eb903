package inflate

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	fastzlib "github.com/klauspost/compress/zlib"
)

// inputs are texts of every nature that matters: empty, short, repeating at all distances, of few symbols, of all.
func inputs() [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n, symbols int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.IntN(symbols))
		}
		return b
	}
	ins := [][]byte{nil, []byte("a"), []byte("ab"), bytes.Repeat([]byte("a"), 258), bytes.Repeat([]byte("abc"), 100_000), random(1, 256)}
	for _, n := range []int{2, 3, 7, 8, 9, 63, 64, 65, 300, 1000, 5000, 70_000, 300_000} {
		for _, symbols := range []int{1, 2, 3, 16, 100, 256} {
			ins = append(ins, random(n, symbols))
		}
	}
	var lines bytes.Buffer
	for range 3000 {
		fmt.Fprintf(&lines, "%08x line of some text\n", r.Uint32())
	}
	ins = append(ins, lines.Bytes(), append(random(33_000, 256), random(33_000, 256)...))
	// Symbols so rare that their codes are longer than the first table.
	var skewed []byte
	for i := range 40 {
		skewed = append(skewed, bytes.Repeat([]byte{byte(i * 5)}, 1<<min(i/2, 15))...)
	}
	r.Shuffle(len(skewed), func(i, j int) { skewed[i], skewed[j] = skewed[j], skewed[i] })
	return append(ins, skewed)
}

type compressor func(w io.Writer) (io.WriteCloser, error)

// compressors are others' encoders in all of their ways.
func compressors() map[string]compressor {
	cs := map[string]compressor{}
	for level := zlib.HuffmanOnly; level <= zlib.BestCompression; level++ {
		cs[fmt.Sprint("std ", level)] = func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriterLevel(w, level) }
	}
	for level := fastzlib.HuffmanOnly; level <= fastzlib.BestCompression; level++ {
		cs[fmt.Sprint("fast ", level)] = func(w io.Writer) (io.WriteCloser, error) { return fastzlib.NewWriterLevel(w, level) }
	}
	return cs
}

func compressed(t testing.TB, c compressor, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := c(&b)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestStreamsOfOthers(t *testing.T) {
	var d Decoder
	for name, c := range compressors() {
		for i, in := range inputs() {
			if len(in) > 10_000 && !strings.HasSuffix(name, "1") {
				continue // those of the other levels differ in the work that was put into finding the same things
			}
			z := compressed(t, c, in)
			for _, behind := range []int{0, 1, 3, 9, 100} {
				src := append(z[:len(z):len(z)], bytes.Repeat([]byte{0xa5}, behind)...)
				dst := make([]byte, len(in))
				n, err := d.Zlib(dst, src)
				if err != nil || n != len(z) || !bytes.Equal(dst, in) {
					t.Fatalf("%s, input %d of %d bytes, %d behind: %d of %d, %v", name, i, len(in), behind, n, len(z), err)
				}
			}
			for _, size := range []int{len(in) + 1, len(in) - 1} {
				if size < 0 {
					continue
				}
				if _, err := d.Zlib(make([]byte, size), append(z[:len(z):len(z)], make([]byte, 8)...)); err != ErrCorrupt {
					t.Fatalf("%s, input %d of %d bytes asked for as %d: %v", name, i, len(in), size, err)
				}
			}
		}
	}
}

func TestCutOffEverywhere(t *testing.T) {
	var d Decoder
	for name, c := range compressors() {
		for i, in := range inputs() {
			if len(in) > 1000 {
				continue
			}
			z := compressed(t, c, in)
			dst := make([]byte, len(in))
			for cut := range z {
				if _, err := d.Zlib(dst, z[:cut]); err != ErrShort {
					t.Fatalf("%s, input %d, %d of %d bytes: %v", name, i, cut, len(z), err)
				}
			}
		}
	}
}

// bitWriter writes streams by hand.
type bitWriter struct {
	b    []byte
	hold uint64
	n    uint
}

func (w *bitWriter) put(v uint32, n uint) *bitWriter {
	w.hold |= uint64(v) << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.b = append(w.b, byte(w.hold))
		w.hold >>= 8
	}
	return w
}

// code puts a code, which begins with its highest bit.
func (w *bitWriter) code(v uint32, n uint) *bitWriter { return w.put(reversed(v, n), n) }

// stream returns the zlib stream of what was written, as if it held data.
func (w *bitWriter) stream(data string) []byte {
	for w.n > 0 {
		w.put(0, 8-w.n%8)
	}
	b := append([]byte{0x78, 0x9c}, w.b...)
	return binary.BigEndian.AppendUint32(b, adler32.Checksum([]byte(data)))
}

// dynamic begins a last block with codes of its own: the lengths of the codes of the lengths in the order of their
// symbols, and the lengths of all others, each put by the caller.
func dynamic(lits, dists int, pre [19]uint8) *bitWriter {
	w := (&bitWriter{}).put(1, 1).put(2, 2).put(uint32(lits-257), 5).put(uint32(dists-1), 5).put(15, 4)
	for _, sym := range preOrder {
		w.put(uint32(pre[sym]), 3)
	}
	return w
}

func TestRulesOfCodes(t *testing.T) {
	// Lengths 0, 1, 2 and runs of zeros, in codes of two bits.
	pre := [19]uint8{0: 2, 1: 2, 2: 2, 18: 2}
	zero, one, two, zeros := uint32(0), uint32(1), uint32(2), uint32(3)
	skip := func(w *bitWriter, n int) *bitWriter { // n zeros
		for n > 0 {
			k := min(n, 138)
			if k < 11 {
				for range k {
					w.code(zero, 2)
				}
			} else {
				w.code(zeros, 2).put(uint32(k-11), 7)
			}
			n -= k
		}
		return w
	}
	for _, c := range []struct {
		name string
		z    []byte
		data string
		ok   bool
	}{
		{"one literal and the end, no distances",
			skip(skip(dynamic(257, 1, pre), 'a').code(one, 2), 256-'a'-1).code(one, 2).code(zero, 2).
				code(0, 1).code(0, 1).code(1, 1).stream("aa"), "aa", true},
		{"the end alone, of one bit",
			skip(dynamic(257, 1, pre), 256).code(one, 2).code(zero, 2).code(0, 1).stream(""), "", true},
		{"the end alone, of two bits",
			skip(dynamic(257, 1, pre), 256).code(two, 2).code(zero, 2).code(0, 2).stream(""), "", false},
		{"the other half of a single code",
			skip(dynamic(257, 1, pre), 256).code(one, 2).code(zero, 2).code(1, 1).code(0, 1).stream(""), "", false},
		{"no end",
			skip(skip(dynamic(257, 1, pre), 'a').code(one, 2), 256-'a').code(zero, 2).code(0, 1).stream("a"), "a", false},
		{"too many codes of one bit",
			skip(skip(dynamic(257, 1, pre), 'a').code(one, 2).code(one, 2), 256-'a'-2).code(one, 2).code(zero, 2).
				code(0, 1).code(1, 1).stream("a"), "a", false},
		{"codes that leave room",
			skip(skip(dynamic(257, 1, pre), 'a').code(two, 2), 256-'a'-1).code(one, 2).code(zero, 2).
				code(2, 2).code(0, 1).stream("a"), "a", false},
		{"a single distance of one bit",
			skip(skip(dynamic(258, 1, pre), 'a').code(two, 2), 256-'a'-1).code(two, 2).code(one, 2).code(one, 2).
				code(2, 2).code(0, 1).code(0, 1).code(3, 2).stream("aaaa"), "aaaa", true},
		{"the other half of a single distance",
			skip(skip(dynamic(258, 1, pre), 'a').code(two, 2), 256-'a'-1).code(two, 2).code(one, 2).code(one, 2).
				code(2, 2).code(0, 1).code(1, 1).code(3, 2).stream("aaaa"), "aaaa", false},
		{"a single distance of two bits",
			skip(skip(dynamic(258, 1, pre), 'a').code(two, 2), 256-'a'-1).code(two, 2).code(one, 2).code(two, 2).
				code(2, 2).code(0, 1).code(0, 2).code(3, 2).stream("aaaa"), "aaaa", false},
		{"a length where there are no distances",
			skip(skip(dynamic(258, 1, pre), 'a').code(two, 2), 256-'a'-1).code(two, 2).code(one, 2).code(zero, 2).
				code(2, 2).code(0, 1).code(3, 2).stream("aaaa"), "aaaa", false},
		{"a distance before the beginning",
			skip(skip(dynamic(258, 2, pre), 'a').code(two, 2), 256-'a'-1).code(two, 2).code(one, 2).code(zero, 2).code(one, 2).
				code(2, 2).code(0, 1).code(0, 1).code(3, 2).stream("aaaa"), "aaaa", false},
		{"287 literals", skip(dynamic(287, 1, pre), 256).code(one, 2).stream(""), "", false},
		{"31 distances", skip(dynamic(257, 31, pre), 256).code(one, 2).stream(""), "", false},
		{"lengths in an incomplete code", skip(dynamic(257, 1, [19]uint8{0: 2, 1: 2, 18: 2}), 256).stream(""), "", false},
		{"lengths in one code of one bit", dynamic(257, 1, [19]uint8{18: 1}).code(0, 1).put(127, 7).code(0, 1).put(109, 7).stream(""), "", false},
		{"lengths in no code", dynamic(257, 1, [19]uint8{}).stream(""), "", false},
		{"a repeated length without one before", dynamic(257, 1, [19]uint8{16: 1, 1: 1}).code(1, 1).put(0, 2).stream(""), "", false},
		{"more lengths than announced", skip(dynamic(257, 1, pre), 250).code(zeros, 2).put(127, 7).stream(""), "", false},
		{"a block of no kind", (&bitWriter{}).put(1, 1).put(3, 2).stream(""), "", false},
		{"a fixed literal that means nothing", (&bitWriter{}).put(1, 1).put(1, 2).code(0b11000110, 8).code(0, 5).code(0, 7).stream(""), "", false},
		{"a fixed distance that means nothing", (&bitWriter{}).put(1, 1).put(1, 2).code(0b10010001, 8).code(1, 7).code(30, 5).code(0, 7).stream("aaaa"), "aaaa", false},
		{"an empty fixed block", (&bitWriter{}).put(1, 1).put(1, 2).code(0, 7).stream(""), "", true},
		{"many empty blocks", func() []byte {
			w := &bitWriter{}
			for range 100 {
				w.put(0, 1).put(1, 2).code(0, 7)
			}
			return w.put(1, 1).put(1, 2).code(0, 7).stream("")
		}(), "", true},
		{"a stored block whose length does not fit its complement", []byte("\x78\x9c\x01\x01\x00\xff\xff" + "a" + "\x00\x62\x00\x62"), "a", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d Decoder
			d.useFixed() // leaves something behind that must not matter
			dst := make([]byte, len(c.data))
			n, err := d.Zlib(dst, append(c.z[:len(c.z):len(c.z)], make([]byte, 16)...))
			if c.ok && (err != nil || n != len(c.z) || string(dst) != c.data) || !c.ok && !errors.Is(err, ErrCorrupt) {
				t.Errorf("%q, %d of %d bytes, %v", dst, n, len(c.z), err)
			}
		})
	}
}

func TestHeaderAndSum(t *testing.T) {
	good := compressed(t, func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil }, []byte("hello, hello"))
	for name, break_ := range map[string]func([]byte){
		"method":     func(b []byte) { b[0], b[1] = 0x77, 0x85 },
		"window":     func(b []byte) { b[0], b[1] = 0x88, 0x1c },
		"check":      func(b []byte) { b[1] ^= 1 },
		"dictionary": func(b []byte) { b[1] = 0xbb },
		"sum":        func(b []byte) { b[len(b)-1] ^= 1 },
	} {
		z := bytes.Clone(good)
		break_(z)
		var d Decoder
		if _, err := d.Zlib(make([]byte, 12), append(z, make([]byte, 8)...)); err != ErrCorrupt {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// reference decodes with the standard library: the bytes that it takes, and whether there are exactly size in it.
func reference(src []byte, size int) (data []byte, n int, ok bool) {
	r := bytes.NewReader(src)
	z, err := zlib.NewReader(r)
	if err != nil {
		return nil, 0, false
	}
	data, err = io.ReadAll(io.LimitReader(z, int64(size)+1))
	return data, len(src) - r.Len(), err == nil && len(data) == size
}

func FuzzZlib(f *testing.F) {
	for name, c := range compressors() {
		if !strings.HasSuffix(name, " 1") && !strings.HasSuffix(name, " 0") && !strings.HasSuffix(name, " -2") {
			continue
		}
		for _, in := range inputs() {
			if len(in) < 2000 {
				f.Add(compressed(f, c, in), len(in))
			}
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, size int) {
		if size < 0 || size > 1<<20 {
			return
		}
		// What the checksum says is no news: with the right one more is compared.
		want, n, ok := reference(src, size)
		if !ok && len(src) > 6 {
			fl := flate.NewReader(bytes.NewReader(src[2:]))
			if data, err := io.ReadAll(io.LimitReader(fl, int64(size)+1)); err == nil && len(data) == size {
				src = binary.BigEndian.AppendUint32(src[:len(src)-4:len(src)-4], adler32.Checksum(data))
				want, n, ok = reference(src, size)
			}
		}
		var d Decoder
		dst := make([]byte, size)
		got, err := d.Zlib(dst, src)
		switch {
		case err == nil && (!ok || got != n || !bytes.Equal(dst, want)):
			t.Fatalf("accepted: %d of %d bytes, reference %v", got, n, ok)
		case err != nil && ok && !lenient(src):
			t.Fatalf("refused: %v, reference took %d bytes", err, n)
		case err != nil && err != ErrShort && err != ErrCorrupt:
			t.Fatal(err)
		}
		// Behind its end and before it, bytes do not matter.
		if err == nil {
			again, err := d.Zlib(dst, append(src[:got:got], 0xff, 0xff, 0xff))
			if err != nil || again != got {
				t.Fatal(again, err)
			}
			if _, err := d.Zlib(dst, src[:got-1]); err != ErrShort {
				t.Fatal(err)
			}
		}
	})
}

// lenient tells whether the standard library takes what zlib refuses: the lengths of codes in a code of one symbol.
func lenient(src []byte) bool {
	for at := range src { // wherever the block may begin
		for bit := range 8 {
			r := &bitReader{src[at:], uint(bit)}
			r.take(3 + 10)
			var n, used int
			for range int(r.take(4)) + 4 {
				if l := r.take(3); l != 0 {
					n, used = n+1, int(l)
				}
			}
			if n == 1 && used == 1 {
				return true
			}
		}
	}
	return false
}

type bitReader struct {
	b   []byte
	off uint
}

func (r *bitReader) take(n uint) (v uint32) {
	for i := range n {
		if at := r.off / 8; at < uint(len(r.b)) {
			v |= uint32(r.b[at]>>(r.off%8)&1) << i
		}
		r.off++
	}
	return v
}

func BenchmarkZlib(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, lines := range []int{8, 60, 1000} {
		var text bytes.Buffer
		for range lines {
			fmt.Fprintf(&text, "%08x line of some text\n", r.Uint32())
		}
		z := compressed(b, compressors()["std -1"], text.Bytes())
		dst := make([]byte, text.Len())
		b.Run(fmt.Sprintf("%d bytes", text.Len()), func(b *testing.B) {
			var d Decoder
			b.SetBytes(int64(len(dst)))
			for b.Loop() {
				if _, err := d.Zlib(dst, z); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("%d bytes, by readers", text.Len()), func(b *testing.B) {
			b.SetBytes(int64(len(dst)))
			br := bytes.NewReader(z)
			d, err := fastzlib.NewReader(br)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				br.Reset(z)
				d.(fastzlib.Resetter).Reset(br, nil)
				if _, err := io.ReadFull(d, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
