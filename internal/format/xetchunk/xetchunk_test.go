package xetchunk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/format/xetchunk"
)

// boundaries cuts the stream and returns the end of each chunk; the chunks must add up to want.
func boundaries(t testing.TB, r io.Reader, want []byte) (ends []int) {
	t.Helper()
	c := xetchunk.New(r)
	for at := 0; ; {
		chunk, err := c.Next()
		if err == io.EOF && at == len(want) {
			return ends
		}
		if err != nil {
			t.Fatalf("after %d bytes: %v", at, err)
		}
		if !bytes.HasPrefix(want[at:], chunk) || len(chunk) == 0 {
			t.Fatalf("chunk of %d bytes at %d is not the stream's", len(chunk), at)
		}
		at += len(chunk)
		ends = append(ends, at)
	}
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		if strings.HasSuffix(v.Name, "_as_cut_by_js_client") {
			continue // TestJavaScriptRule has it
		}
		data := v.data(t)
		if got := boundaries(t, bytes.NewReader(data), data); !slices.Equal(got, v.Boundaries) {
			t.Errorf("%s: got %v, want %v", v.Name, got, v.Boundaries)
		}
	}
}

func TestSizeOfReadsDoesNotMatter(t *testing.T) {
	for _, v := range vectors(t) {
		if v.Name != "splitmix64_256000_seed1" {
			continue
		}
		data := v.data(t)
		for _, r := range []io.Reader{
			iotest.OneByteReader(bytes.NewReader(data)), iotest.HalfReader(bytes.NewReader(data)),
			iotest.DataErrReader(bytes.NewReader(data)), &pieces{data, 37}, &pieces{data, 255},
		} {
			if got := boundaries(t, r, data); !slices.Equal(got, v.Boundaries) {
				t.Errorf("%T: got %v, want %v", r, got, v.Boundaries)
			}
		}
		return
	}
	t.Fatal("vector missing")
}

type pieces struct {
	data []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.data[:min(p.size, len(p.data))])
	p.data = p.data[n:]
	return n, nil
}

func TestTriggerPatterns(t *testing.T) {
	for _, c := range triggers(t) {
		if got := boundaries(t, bytes.NewReader(c.data), c.data); !slices.Equal(got, c.Boundaries) {
			t.Errorf("padding %d: got %v, want %v", c.Padding, got, c.Boundaries)
		}
	}
}

// cutJS cuts as the JavaScript client does. It is here to prove that its files differ by this rule and nothing else.
func cutJS(data []byte) (ends []int) {
	at := 0
	for at < len(data) {
		n := min(xetchunk.Max, len(data)-at)
		var h uint64
		for i := 8127; i < n; i++ {
			h = h<<1 + xetchunk.Gear[data[at+i]]
			if h>>48 == 0 {
				n = i + 1
			}
		}
		at += n
		ends = append(ends, at)
	}
	return ends
}

func TestJavaScriptRule(t *testing.T) {
	for _, c := range triggers(t) {
		want := c.Boundaries
		if c.BoundariesJS != nil {
			want = c.BoundariesJS
		}
		if got := cutJS(c.data); !slices.Equal(got, want) {
			t.Errorf("padding %d: got %v, want %v", c.Padding, got, want)
		}
	}
	for _, v := range vectors(t) {
		if !strings.HasSuffix(v.Name, "_as_cut_by_js_client") {
			continue
		}
		if got := cutJS(v.data(t)); !slices.Equal(got, v.Boundaries) {
			t.Errorf("%s: got %v, want %v", v.Name, got, v.Boundaries)
		}
	}
}

func TestTable(t *testing.T) {
	text, err := os.ReadFile("testdata/gear-table.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(text))
	if len(lines) != len(xetchunk.Gear) {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines {
		if n, err := strconv.ParseUint(line, 16, 64); err != nil || n != xetchunk.Gear[i] {
			t.Errorf("entry %d: %x, want %s", i, xetchunk.Gear[i], line)
		}
	}
}

// TestRawScan holds the table and the step of the hash against cuts with a foreign mask and without a minimum.
func TestRawScan(t *testing.T) {
	var v struct {
		Input struct {
			Length int
			Seed   string
		}
		Mask string
		Cuts []struct {
			Offset, Size int
			H            string
		}
	}
	load(t, "gearhash-scan.json", &v)
	mask, _ := strconv.ParseUint(v.Mask, 16, 64)
	state, _ := strconv.ParseUint(v.Input.Seed, 16, 64)
	state &= 0xffffff
	var data []byte
	for len(data) < v.Input.Length {
		state = (state*1111 + 12345) & 0xffffff
		data = append(data, byte(state), byte(state>>8), byte(state>>16))
	}
	data = data[:v.Input.Length]
	var h uint64
	start, cut := 0, 0
	for i, b := range data {
		h = h<<1 + xetchunk.Gear[b]
		if h&mask != 0 && i != len(data)-1 {
			continue
		}
		c := v.Cuts[cut]
		if start != c.Offset || i+1-start != c.Size || fmt.Sprintf("%016x", h) != c.H {
			t.Errorf("cut %d: got %d+%d %016x, want %+v", cut, start, i+1-start, h, c)
		}
		start, cut, h = i+1, cut+1, 0
	}
	if cut != len(v.Cuts) {
		t.Errorf("%d cuts, want %d", cut, len(v.Cuts))
	}
}

// cutNaive is the published rule without any shortcut.
func cutNaive(data []byte) int {
	var h uint64
	for i, b := range data {
		h = h<<1 + xetchunk.Gear[b]
		if i+1 == xetchunk.Max || i+1 >= xetchunk.Min && h&0xFFFF000000000000 == 0 {
			return i + 1
		}
	}
	return len(data)
}

// TestCutIsTheRule uses inputs with many boundaries: short periods of random bytes, with random spots of other bytes.
func TestCutIsTheRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		period := rapid.SampledFrom([]int{1, 7, 64, 127, 256, 1000, 5000, 1 << 20}).Draw(t, "period")
		length := rapid.OneOf(rapid.IntRange(0, 20000), rapid.IntRange(xetchunk.Max-5000, xetchunk.Max+5000)).Draw(t, "length")
		unit := splitmix64(seed, period)
		data := bytes.Repeat(unit, length/period+1)[:length]
		if got, want := xetchunk.Cut(data), cutNaive(data); got != want {
			t.Fatalf("seed %d, period %d, length %d: got %d, want %d", seed, period, length, got, want)
		}
	})
}

func TestEveryPlaceOfABoundary(t *testing.T) {
	// Zeros never make a boundary before the maximum; one found by search does, wherever it is put.
	var mark []byte
	for seed := uint64(0); mark == nil; seed++ {
		data := splitmix64(seed, 80000)
		if n := xetchunk.Cut(data); n > 8300 && n < len(data) {
			mark = bytes.Clone(data[n-64 : n])
		}
	}
	for at := xetchunk.Min - 200; at < xetchunk.Max+10; at += 61 {
		data := make([]byte, xetchunk.Max+200)
		copy(data[at:], mark)
		if got, want := xetchunk.Cut(data), cutNaive(data); got != want {
			t.Fatalf("mark at %d: got %d, want %d", at, got, want)
		}
	}
}

func TestEmptyAndFailingStreams(t *testing.T) {
	if chunk, err := xetchunk.New(strings.NewReader("")).Next(); err != io.EOF {
		t.Errorf("empty stream: %q, %v", chunk, err)
	}
	broken := errors.New("broken")
	data := splitmix64(0, 200000)
	c := xetchunk.New(io.MultiReader(bytes.NewReader(data), iotest.ErrReader(broken)))
	if chunk, err := c.Next(); err != nil || len(chunk) != 84493 {
		t.Fatalf("first chunk: %d bytes, %v", len(chunk), err)
	}
	for range 2 {
		if chunk, err := c.Next(); err != broken || chunk != nil {
			t.Errorf("what may be a part of a chunk came out: %d bytes, %v", len(chunk), err)
		}
	}
	c.Reset(stuck{})
	if _, err := c.Next(); err == nil || err == io.EOF {
		t.Errorf("a reader without bytes and errors: %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestMemoryIsFlat(t *testing.T) {
	c := xetchunk.New(nil)
	data := splitmix64(3, 4<<20)
	got := testing.AllocsPerRun(3, func() {
		c.Reset(bytes.NewReader(data))
		for {
			if _, err := c.Next(); err != nil {
				return
			}
		}
	})
	if got > 1 { // the bytes.Reader
		t.Errorf("%v allocations for four mebibytes", got)
	}
}

func BenchmarkCut(b *testing.B)      { benchmark(b, xetchunk.Cut) }
func BenchmarkCutNaive(b *testing.B) { benchmark(b, cutNaive) }

func benchmark(b *testing.B, cut func([]byte) int) {
	data := splitmix64(1, 16<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		for rest := data; len(rest) > 0; {
			rest = rest[cut(rest):]
		}
	}
}

func BenchmarkChunker(b *testing.B) {
	data := splitmix64(1, 16<<20)
	c := xetchunk.New(nil)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		c.Reset(bytes.NewReader(data))
		for {
			if _, err := c.Next(); err != nil {
				break
			}
		}
	}
}
