package xorb_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ambit-hub/ambit/internal/format/xetchunk"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
)

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// captured is one xorb of testdata/js-manifest.json.
type captured struct {
	Hash   xethash.Hash `json:"xorb_hash"`
	Chunks []struct {
		Offset, Compressed, Uncompressed uint32
		Scheme                           xorb.Scheme
	}
}

func manifest(t testing.TB) map[string]captured {
	t.Helper()
	var m struct {
		Files map[string]json.RawMessage
	}
	if err := json.Unmarshal(read(t, "js-manifest.json"), &m); err != nil {
		t.Fatal(err)
	}
	found := map[string]captured{}
	for name, raw := range m.Files {
		if !strings.HasSuffix(name, ".xorb") {
			continue
		}
		var c captured
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		found[name] = c
	}
	return found
}

// sources are the files that the captured xorbs hold, as SHA-256. Source: the shards of the same capture.
var sources = map[string]string{
	"floats.xorb": "c7047591e50f585283ec1c72e42103ad8d84faad674da962baf479465e983cf3",
	"text.xorb":   "4b83f104902336748d82993c939f7d9d5a8fe56f553ee99dc16ea960a6408980",
	"mixed.xorb":  "92c8bbf35f913843d6324061d330ba6636be7e510791a8a53b8b78033f9772f0",
}

func TestCapturedXorbs(t *testing.T) {
	all := manifest(t)
	for name, sha := range sources {
		want, stored := all[name], read(t, name)
		var kept bytes.Buffer
		table, err := xorb.NewIngester().Ingest(&kept, iotest.HalfReader(bytes.NewReader(stored)), want.Hash)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(kept.Bytes(), stored) || table.Hash() != want.Hash || len(table) != len(want.Chunks) {
			t.Errorf("%s: other bytes, hash or chunks than sent", name)
		}
		sum := sha256.New()
		r := xorb.NewReader(bytes.NewReader(stored))
		for i, c := range want.Chunks {
			if from, to := table.Packed(i, i+1); from != int64(c.Offset) || to != int64(c.Offset+8+c.Compressed) {
				t.Errorf("%s chunk %d: at %d to %d, want %+v", name, i, from, to, c)
			}
			got, err := r.Next()
			if err != nil || got.Scheme != c.Scheme || got.Unpacked != c.Uncompressed || got.Packed != c.Compressed {
				t.Errorf("%s chunk %d: %+v, %v, want %+v", name, i, got.Header, err, c)
			}
			sum.Write(got.Data)
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: after the last chunk: %v", name, err)
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != sha {
			t.Errorf("%s: decodes to %s, want %s", name, got, sha)
		}
	}
}

// TestXorbOfTheInstalledClient reads what hf_xet 1.8.0 sent under this hash.
func TestXorbOfTheInstalledClient(t *testing.T) {
	stored := read(t, "hf_xet-1.8.0.xorb")
	hash, _ := xethash.Parse("383db810367efaa90ed1f07f7eaee28c32a26e3abbc0c9e537def5dcddcd816e")
	table, err := xorb.NewIngester().Ingest(io.Discard, bytes.NewReader(stored), hash)
	if err != nil || len(table) != 13 {
		t.Fatalf("%d chunks, %v", len(table), err)
	}
	// The JSON lines are chunks 6 to 11; cut and packed by us they give the same hashes in about as many bytes.
	var text bytes.Buffer
	for i := 0; text.Len() < 150_000; i++ {
		fmt.Fprintf(&text, "{\"row\": %d, \"name\": \"item-%d\", \"ok\": true}\n", i, i%17)
	}
	data := text.Bytes()[:150_000]
	if !bytes.Equal(unpack(t, table.Section(bytes.NewReader(stored), 6, 12)), data) {
		t.Error("chunks 6 to 11 are not the JSON lines")
	}
	ours, _, again := chunked(t, data)
	for i, e := range again {
		if e.Hash != table[6+i].Hash {
			t.Errorf("chunk %d: %s, want %s", i, e.Hash, table[6+i].Hash)
		}
	}
	from, to := table.Packed(6, 12)
	t.Logf("the client packs %d bytes to %d, we to %d", len(data), to-from, len(ours))
}

// chunked builds a xorb out of data with the Writer.
func chunked(t testing.TB, data []byte) ([]byte, xethash.Hash, xorb.Table) {
	t.Helper()
	var b bytes.Buffer
	w := xorb.NewWriter(&b)
	for len(data) > 0 {
		n := xetchunk.Cut(data)
		if err := w.Add(xethash.Chunk(data[:n]), data[:n]); err != nil {
			t.Fatal(err)
		}
		data = data[n:]
	}
	hash, table := w.Finish(nil)
	return b.Bytes(), hash, table
}

// TestRustXorb rebuilds a xorb that hf_xet 1.6.0 uploaded to production: 20 random chunks, so nothing is compressed.
// Its length and SHA-256 stand in the traces published by wzshiming/xet (2026-09-25).
func TestRustXorb(t *testing.T) {
	data := make([]byte, 1<<20)
	r := rand.NewPCG(20260925, 1)
	for i := 0; i < len(data); i += 8 {
		binary.LittleEndian.PutUint64(data[i:], r.Uint64())
	}
	got, hash, _ := chunked(t, data)
	sum := sha256.Sum256(got)
	if len(got) != 1048736 || hex.EncodeToString(sum[:]) != "85b3b7ee969e41aec3858a1f21b3f678f4c7498a719022be005b71c3dc12d78d" {
		t.Errorf("%d bytes, SHA-256 %x", len(got), sum)
	}
	if hash.String() != "4d0f481619ea3d1aa279c2e894319320ab68a58428ec9e6c71ac56f401d938d7" {
		t.Errorf("hash %s", hash)
	}
}

// samples are inputs of every kind that the writer treats differently.
func samples() map[string][]byte {
	rnd := rand.NewChaCha8([32]byte{1})
	random := make([]byte, 700_000)
	rnd.Read(random)
	halves := make([]byte, 700_000) // 16-bit numbers: a random byte, then one of few values
	for i := range halves {
		halves[i] = random[i]
		if i%2 == 1 {
			halves[i] = 0x3c + random[i]&3
		}
	}
	text := new(bytes.Buffer)
	for i := range 20_000 {
		fmt.Fprintf(text, "{\"row\": %d, \"name\": \"item-%d\"}\n", i, i%17)
	}
	return map[string][]byte{
		"random": random, "halves": halves, "text": text.Bytes(), "zeros": make([]byte, 400_000),
		"one byte": {7}, "three bytes": {1, 2, 3}, "mixed": append(append(random[:90_000:90_000], halves[:300_000]...), text.Bytes()...),
	}
}

func TestWhatIsWrittenComesBack(t *testing.T) {
	for name, data := range samples() {
		stored, hash, table := chunked(t, data)
		var kept bytes.Buffer
		read, err := xorb.NewIngester().Ingest(&kept, bytes.NewReader(stored), hash)
		if err != nil || !bytes.Equal(kept.Bytes(), stored) {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range table {
			if table[i] != read[i] {
				t.Errorf("%s chunk %d: written as %v, read as %v", name, i, table[i], read[i])
			}
		}
		// Any run of chunks decodes by itself.
		for start := range table {
			end := min(len(table), start+3)
			got := unpack(t, table.Section(bytes.NewReader(stored), start, end))
			if want := data[table.Offset(start):table.Offset(end)]; !bytes.Equal(got, want) {
				t.Errorf("%s chunks %d to %d: %d bytes, want %d", name, start, end, len(got), len(want))
			}
		}
	}
}

func unpack(t testing.TB, r io.Reader) (all []byte) {
	t.Helper()
	for d := xorb.NewReader(r); ; {
		c, err := d.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c.Data...)
	}
}

func TestSchemesAreChosen(t *testing.T) {
	for name, want := range map[string]xorb.Scheme{"random": xorb.None, "halves": xorb.GroupedLZ4, "zeros": xorb.LZ4} {
		stored, _, table := chunked(t, samples()[name])
		if got := xorb.Scheme(stored[4]); got != want {
			t.Errorf("%s: scheme %d, want %d", name, got, want)
		}
		t.Logf("%s: %d of %d bytes", name, len(stored), table.Offset(len(table)))
	}
}

// TestEachFileIsTriedAnew: numbers after text do not inherit the scheme of the text.
func TestEachFileIsTriedAnew(t *testing.T) {
	var b bytes.Buffer
	w := xorb.NewWriter(&b)
	for _, name := range []string{"text", "halves"} {
		w.NewFile()
		data := samples()[name][:64<<10]
		if err := w.Add(xethash.Chunk(data), data); err != nil {
			t.Fatal(err)
		}
	}
	from, _ := w.Table().Packed(1, 2)
	if got := xorb.Scheme(b.Bytes()[from+4]); got != xorb.GroupedLZ4 {
		t.Errorf("scheme %d", got)
	}
}

func TestFooterIsNotKept(t *testing.T) {
	stored, hash, _ := chunked(t, samples()["text"])
	for _, footer := range []string{"XETBLOB", "XETBLOB\x01" + strings.Repeat("x", 500), "XETBLOB\x01" + strings.Repeat("x", xorb.MaxFooter-8)} {
		body := append(bytes.Clone(stored), footer...)
		var kept bytes.Buffer
		_, err := xorb.NewIngester().Ingest(&kept, bytes.NewReader(body), hash)
		if len(footer) < 8 { // not even a header's length
			invalid(t, "a cut footer", err)
			continue
		}
		if err != nil || !bytes.Equal(kept.Bytes(), stored) {
			t.Errorf("footer of %d bytes: kept %d of %d, %v", len(footer), kept.Len(), len(stored), err)
		}
	}
	body := append(bytes.Clone(stored), "XETBLOB\x01"+strings.Repeat("x", xorb.MaxFooter-7)...)
	_, err := xorb.NewIngester().Ingest(io.Discard, bytes.NewReader(body), hash)
	invalid(t, "a footer that does not end", err)
}

func invalid(t testing.TB, what string, err error) {
	t.Helper()
	if !hub.Is(err, hub.InvalidInput) {
		t.Errorf("%s: got %v, want InvalidInput", what, err)
	}
}

func TestForgedXorbs(t *testing.T) {
	stored, hash, table := chunked(t, samples()["mixed"])
	ingest := func(b []byte) error {
		_, err := xorb.NewIngester().Ingest(io.Discard, bytes.NewReader(b), hash)
		return err
	}
	invalid(t, "nothing", ingest(nil))
	invalid(t, "only a footer", ingest([]byte("XETBLOB\x01 and so on")))
	other, _, _ := chunked(t, samples()["text"])
	invalid(t, "other bytes under a known hash", ingest(other))
	first, _ := table.Packed(1, 1)
	invalid(t, "a chunk missing", ingest(stored[first:]))
	invalid(t, "a chunk twice", ingest(append(bytes.Clone(stored[:first]), stored...)))
	for _, at := range []int{0, 1, 4, 5, 8, 100, len(stored) / 2, len(stored) - 1} {
		b := bytes.Clone(stored)
		b[at] ^= 0x10
		invalid(t, fmt.Sprintf("bit at %d", at), ingest(b))
	}
	for _, n := range []int{1, 7, 8, 9, len(stored) - 1} {
		invalid(t, fmt.Sprintf("cut after %d", n), ingest(stored[:n]))
	}
}

func TestErrorsOfOthersArePassedOn(t *testing.T) {
	stored, hash, _ := chunked(t, samples()["text"])
	broken := errors.New("broken")
	src := io.MultiReader(bytes.NewReader(stored[:len(stored)-5]), iotest.ErrReader(broken))
	if _, err := xorb.NewIngester().Ingest(io.Discard, src, hash); err != broken {
		t.Errorf("reader: %v", err)
	}
	if _, err := xorb.NewIngester().Ingest(failing{broken}, bytes.NewReader(stored), hash); err != broken {
		t.Errorf("writer: %v", err)
	}
	w := xorb.NewWriter(failing{broken})
	if err := w.Add(hash, []byte{1}); err != broken {
		t.Errorf("packing: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestLimits(t *testing.T) {
	header := xorb.Header{Unpacked: 1, Packed: 1}.Bytes()
	one := append(header[:], 7)
	many := bytes.Repeat(one, xorb.MaxChunks)
	leaves := make([]xethash.Leaf, xorb.MaxChunks)
	for i := range leaves {
		leaves[i] = xethash.Leaf{Hash: xethash.Chunk([]byte{7}), Size: 1}
	}
	if table, err := xorb.NewIngester().Ingest(io.Discard, bytes.NewReader(many), xethash.Xorb(leaves)); err != nil || len(table) != xorb.MaxChunks {
		t.Errorf("as many chunks as allowed, all the same: %v", err)
	}
	_, err := xorb.NewIngester().Ingest(io.Discard, bytes.NewReader(append(many, one...)), xethash.Hash{})
	invalid(t, "one chunk more", err)

	header = xorb.Header{Unpacked: xetchunk.Max, Packed: xetchunk.Max}.Bytes()
	large := append(header[:], make([]byte, xetchunk.Max)...)
	n := 0
	endless := readerFunc(func(b []byte) (int, error) {
		k := copy(b, large[n%len(large):])
		n += k
		return k, nil
	})
	_, err = xorb.NewIngester().Ingest(io.Discard, endless, xethash.Hash{})
	invalid(t, "a body without end", err)
	if n > xorb.MaxBytes+2*len(large) {
		t.Errorf("read %d bytes of it", n)
	}

	w := xorb.NewWriter(io.Discard)
	for w.Fits(xetchunk.Max) {
		if err := w.Add(xethash.Hash{}, large[8:]); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.Table().Offset(len(w.Table())); got != xorb.MaxUnpacked {
		t.Errorf("a full xorb has %d bytes", got)
	}
	for _, bad := range [][]byte{nil, {1}, make([]byte, xetchunk.Max+1)} {
		if err := w.Add(xethash.Hash{}, bad); !hub.Is(err, hub.Internal) {
			t.Errorf("%d bytes more: %v", len(bad), err)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestHeaders(t *testing.T) {
	for _, b := range [][8]byte{
		{1, 1, 0, 0, 0, 1, 0, 0},     // version
		{0, 1, 0, 0, 3, 1, 0, 0},     // scheme
		{0, 1, 0, 0, 0, 2, 0, 0},     // uncompressed with two lengths
		{0, 0, 0, 0, 1, 1, 0, 0},     // no payload
		{0, 1, 0, 0, 1, 0, 0, 0},     // no data
		{0, 1, 0, 0, 1, 1, 0, 2},     // more than a chunk
		{0, 1, 0, 4, 1, 1, 0, 0},     // payload beyond what a chunk may take
		{0, 1, 0, 2, 0, 1, 0, 2},     // uncompressed and too long
		{88, 69, 84, 66, 0, 0, 0, 0}, // XETB
	} {
		_, err := xorb.ParseHeader(b)
		invalid(t, fmt.Sprint(b), err)
	}
}
