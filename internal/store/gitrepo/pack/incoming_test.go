package pack

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// crafted builds git packs by hand, right and wrong.
type crafted struct {
	b bytes.Buffer
	z *zlib.Writer
	n uint32
}

func craft(t testing.TB) *crafted {
	t.Helper()
	c := &crafted{z: zlib.NewWriter(io.Discard)}
	c.b.WriteString("PACK\x00\x00\x00\x02\x00\x00\x00\x00")
	return c
}

// entry adds an entry whose header says size; base stands behind the header.
func (c *crafted) entry(kind object.Kind, size int64, base, data []byte) int64 {
	at := int64(c.b.Len())
	c.b.Write(appendEntryHeader(nil, kind, size))
	c.b.Write(base)
	c.z.Reset(&c.b)
	c.z.Write(data)
	c.z.Close()
	c.n++
	return at
}

func (c *crafted) whole(kind object.Kind, data string) int64 {
	return c.entry(kind, int64(len(data)), nil, []byte(data))
}

func (c *crafted) back(base int64, delta []byte) int64 {
	return c.entry(object.OfsDelta, int64(len(delta)), appendBack(nil, int64(c.b.Len())-base), delta)
}

func (c *crafted) onID(base hub.OID, delta []byte) int64 {
	return c.entry(object.RefDelta, int64(len(delta)), base[:], delta)
}

func (c *crafted) bytes() []byte {
	b := bytes.Clone(c.b.Bytes())
	binary.BigEndian.PutUint32(b[8:], c.n)
	sum := sha1.Sum(b)
	return append(b, sum[:]...)
}

// replaces is a delta that makes text out of a base of so many bytes.
func replaces(base int, text string) []byte {
	d := binary.AppendUvarint(nil, uint64(base))
	d = binary.AppendUvarint(d, uint64(len(text)))
	return append(append(d, byte(len(text))), text...)
}

var generous = Limits{Bytes: 64 << 20, Objects: 1 << 20, Inflated: 1 << 30}

// receive takes a pack into a new builder, with a repository that has the given blobs.
func receive(t testing.TB, data []byte, l Limits, have ...string) (*Builder, []hub.OID, error) {
	t.Helper()
	b := NewBuilder("", 1<<10)
	t.Cleanup(func() { b.Close() })
	var c object.Checker
	bases, err := b.Receive(t.Context(), bytes.NewReader(data), Incoming{Limits: l, Check: c.Check,
		Base: func(oid hub.OID) (object.Kind, []byte, bool, error) {
			for _, text := range have {
				if id(text) == oid {
					return object.KindBlob, []byte(text), true, nil
				}
			}
			return 0, nil, false, nil
		}})
	return b, bases, err
}

func id(text string) hub.OID {
	oid, _ := object.Hash(object.KindBlob, []byte(text))
	return oid
}

// TestReceive takes deltas of all sorts: by distance, by id before and behind their base, on each other, and on an object
// that only the repository has.
func TestReceive(t *testing.T) {
	c := craft(t)
	c.onID(id("one"), replaces(3, "early")) // its base comes later
	at := c.whole(object.KindBlob, "one")
	at = c.back(at, replaces(3, "two"))
	c.back(at, replaces(3, "three"))
	c.onID(id("three"), replaces(5, "four"))
	c.onID(id("known"), replaces(5, "thin"))
	c.onID(id("thin"), replaces(4, "thinner"))
	b, bases, err := receive(t, c.bytes(), generous, "known")
	if err != nil {
		t.Fatal(err)
	}
	if len(bases) != 1 || bases[0] != id("known") {
		t.Errorf("bases %v", bases)
	}
	f, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := f.Whole()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Open(Memory(whole))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(); err != nil {
		t.Error(err)
	}
	q, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	for _, text := range []string{"early", "one", "two", "three", "four", "known", "thin", "thinner"} {
		for _, p := range []*Pack{p, q} {
			pos, ok := p.Find(id(text))
			if !ok {
				t.Fatalf("%q is not there", text)
			}
			if data, err := p.Read(pos); err != nil || string(data) != text {
				t.Errorf("%q: %q, %v", text, data, err)
			}
		}
	}
}

// TestReceiveRefuses holds that a hostile pack ends with an error for its sender, whatever is wrong with it.
func TestReceiveRefuses(t *testing.T) {
	good := craft(t)
	good.whole(object.KindBlob, "x")
	whole := good.bytes()
	edit := func(f func(c *crafted)) []byte {
		c := craft(t)
		f(c)
		return c.bytes()
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-1] ^= 1
	many := bytes.Clone(whole)
	binary.BigEndian.PutUint32(many[8:], 1<<31)
	for name, test := range map[string]struct {
		data  []byte
		limit Limits
		want  string
	}{
		"empty":           {nil, generous, "ends early"},
		"no pack":         {[]byte("this is not a pack at all"), generous, "does not begin like one"},
		"cut":             {whole[:len(whole)-25], generous, "ends early"},
		"without sum":     {whole[:len(whole)-20], generous, "ends early"},
		"wrong sum":       {flipped, generous, "checksum"},
		"more behind":     {append(bytes.Clone(whole), "rest"...), generous, "bytes follow"},
		"too many":        {many, generous, "objects, more than"},
		"too large":       {whole, Limits{Bytes: 30, Objects: 9, Inflated: 99}, "larger than 30 bytes"},
		"twice":           {edit(func(c *crafted) { c.whole(object.KindBlob, "x"); c.whole(object.KindBlob, "x") }), generous, "twice"},
		"twice by delta":  {edit(func(c *crafted) { c.back(c.whole(object.KindBlob, "x"), replaces(1, "x")) }), generous, "twice"},
		"longer":          {edit(func(c *crafted) { c.entry(object.KindBlob, 1, nil, []byte("xyz")) }), generous, "announced size"},
		"shorter":         {edit(func(c *crafted) { c.entry(object.KindBlob, 9, nil, []byte("xyz")) }), generous, "announced size"},
		"longer, large":   {edit(func(c *crafted) { c.entry(object.KindBlob, 2<<20, nil, make([]byte, 3<<20)) }), generous, "announced size"},
		"unknown kind":    {edit(func(c *crafted) { c.entry(5, 1, nil, []byte("x")) }), generous, "no valid header"},
		"no base":         {edit(func(c *crafted) { c.onID(id("nowhere"), replaces(1, "x")) }), generous, "neither in it nor"},
		"base of itself":  {edit(func(c *crafted) { c.onID(id("loop"), replaces(4, "loop")) }), generous, "neither in it nor"},
		"circle":          {edit(func(c *crafted) { c.onID(id("a"), replaces(1, "b")); c.onID(id("b"), replaces(1, "a")) }), generous, "neither in it nor"},
		"between entries": {edit(func(c *crafted) { c.whole(object.KindBlob, "x"); c.back(int64(c.b.Len())-3, replaces(1, "y")) }), generous, "base is not in it"},
		"wrong base":      {edit(func(c *crafted) { c.back(c.whole(object.KindBlob, "xyz"), replaces(9, "y")) }), generous, "does not fit"},
		"bomb":            {edit(func(c *crafted) { c.entry(object.KindBlob, 32<<20, nil, make([]byte, 32<<20)) }), Limits{Bytes: 1 << 20, Objects: 9, Inflated: 16 << 20}, "inflate to more"},
		"large tree":      {edit(func(c *crafted) { c.entry(object.KindTree, 1<<40, nil, nil) }), Limits{Bytes: 1 << 20, Objects: 9, Inflated: 1 << 50}, "larger than"},
		"bomb of deltas":  {bombOfDeltas(t), Limits{Bytes: 1 << 20, Objects: 1000, Inflated: 32 << 20}, "inflate to more"},
		"huge by delta":   {edit(func(c *crafted) { c.back(c.whole(object.KindBlob, "xyz"), claims(3, 1<<62)) }), generous, ""},
		"too large by it": {edit(func(c *crafted) { c.back(c.whole(object.KindBlob, "xyz"), claims(3, 1<<33)) }), generous, ""},
		"endless by it":   {edit(func(c *crafted) { c.back(c.whole(object.KindBlob, "xyz"), claims(3, 1<<64-1)) }), generous, ""},
		"base of 2^62":    {edit(func(c *crafted) { c.back(c.whole(object.KindBlob, "xyz"), claims(1<<62, 1)) }), generous, "does not fit"},
		"huge delta":      {edit(func(c *crafted) { c.whole(object.KindBlob, "xyz"); c.entry(7, 1<<50, make([]byte, 20), []byte("x")) }), generous, ""},
		"bad tree":        {edit(func(c *crafted) { c.whole(object.KindTree, "100644 .git\x00"+strings.Repeat("x", 20)) }), generous, "hasDotgit"},
		"bad commit":      {edit(func(c *crafted) { c.whole(object.KindCommit, "nonsense\n") }), generous, "missingTree"},
		"bad by delta":    {edit(func(c *crafted) { c.back(c.whole(object.KindTree, ""), replaces(0, "no tree")) }), generous, "badTree"},
	} {
		_, _, err := receive(t, test.data, test.limit)
		var e *hub.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// claims is a delta that says how large its base and what it makes are, and inserts one byte.
func claims(base, result uint64) []byte {
	return append(binary.AppendUvarint(binary.AppendUvarint(nil, base), result), 1, 'x')
}

// bombOfDeltas makes a small pack of many large objects: each delta copies its base sixteen times.
func bombOfDeltas(t testing.TB) []byte {
	c := craft(t)
	size := 64 << 10
	at := c.entry(object.KindBlob, int64(size), nil, make([]byte, size))
	for i := range 40 {
		d := binary.AppendUvarint(nil, uint64(size))
		d = binary.AppendUvarint(d, uint64(16*size+i))
		for range 16 {
			d = append(d, 0x80) // 64 KiB from the start
		}
		if i > 0 {
			d = append(append(d, byte(i)), bytes.Repeat([]byte{'x'}, i)...)
		}
		c.back(at, d)
	}
	return c.bytes()
}

// TestReceiveDeepChain takes a chain as long as allowed with bases that do not all fit in memory, and refuses a longer one.
func TestReceiveDeepChain(t *testing.T) {
	chain := func(n int) []byte {
		c := craft(t)
		text := "0"
		at := c.whole(object.KindBlob, text)
		for i := range n {
			next := fmt.Sprint(i + 1)
			at = c.back(at, replaces(len(text), next))
			text = next
		}
		return c.bytes()
	}
	if _, _, err := receive(t, chain(MaxDeltaDepth), generous); err != nil {
		t.Error(err)
	}
	if _, _, err := receive(t, chain(MaxDeltaDepth+1), generous); !hub.Is(err, hub.Unprocessable) {
		t.Errorf("a longer chain: %v", err)
	}
}

// TestReceiveAsksForRoom counts how often a pack asks, and refuses it when there is none.
func TestReceiveAsksForRoom(t *testing.T) {
	c := craft(t)
	for i := range 2*RoomStep + 1 {
		c.whole(object.KindBlob, fmt.Sprint(i))
	}
	asked := 0
	for _, room := range []int{2, 1} {
		asked = 0
		l := generous
		l.Room = func() error {
			if asked++; asked > room {
				return hub.Errorf(hub.TooManyRequests, "full")
			}
			return nil
		}
		_, _, err := receive(t, c.bytes(), l)
		if asked != 2 || hub.Is(err, hub.TooManyRequests) != (room == 1) || room == 2 && err != nil {
			t.Errorf("room %d: asked %d times, %v", room, asked, err)
		}
	}
}

// TestReceiveStopsWithItsReader holds that an error of the connection comes back as it is.
func TestReceiveStopsWithItsReader(t *testing.T) {
	c := craft(t)
	c.whole(object.KindBlob, strings.Repeat("x", 1000))
	broken := errors.New("broken")
	b := NewBuilder(t.TempDir(), 0)
	defer b.Close()
	_, err := b.Receive(t.Context(), io.MultiReader(bytes.NewReader(c.bytes()[:20]), failing{broken}), Incoming{Limits: generous})
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// FuzzReceive holds that what is taken is whole: it can be stored, opened and verified.
func FuzzReceive(f *testing.F) {
	c := craft(f)
	at := c.whole(object.KindBlob, "one")
	c.back(at, replaces(3, "two"))
	c.onID(id("two"), replaces(3, "three"))
	f.Add(c.bytes()[:c.b.Len()])
	f.Add([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x01\x30"))
	f.Fuzz(func(t *testing.T, data []byte) {
		// The sum is made right, or nothing would ever get past it.
		sum := sha1.Sum(data)
		b, _, err := receive(t, append(bytes.Clone(data), sum[:]...), Limits{Bytes: 1 << 20, Objects: 1000, Inflated: 1 << 22}, "known")
		if err != nil {
			var e *hub.Error
			if !errors.As(err, &e) {
				t.Fatalf("not the sender's: %v", err)
			}
			return
		}
		fin, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		whole, err := fin.Whole()
		if err != nil {
			t.Fatal(err)
		}
		p, err := Open(Memory(whole))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Verify(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestReceiveInPieces takes one pack in pieces of every sort: entries are cut anywhere, also large ones, and the sums are those
// that are made when the same is read through once more.
func TestReceiveInPieces(t *testing.T) {
	c := craft(t)
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return string(b)
	}
	var texts []string
	for i, n := range []int{0, 1, 100, 5000, atOnce - 1, atOnce, atOnce + 1, scanBuffer, scanBuffer + 50, streamAbove + 9, 300, 700_000} {
		texts = append(texts, random(n))
		at := c.whole(object.KindBlob, texts[len(texts)-1])
		next := fmt.Sprint("delta ", i)
		c.back(at, replaces(n, next))
		texts = append(texts, next)
	}
	for i := range 300 { // many small ones
		texts = append(texts, fmt.Sprint("text ", i, random(i)))
		c.whole(object.KindBlob, texts[len(texts)-1])
	}
	data := c.bytes()
	for name, pieces := range map[string]func(io.Reader) io.Reader{
		"whole":       func(r io.Reader) io.Reader { return r },
		"with EOF":    iotest.DataErrReader,
		"byte":        iotest.OneByteReader,
		"halves":      iotest.HalfReader,
		"of a packet": func(r io.Reader) io.Reader { return &chopped{r, 1448} },
		"of a page":   func(r io.Reader) io.Reader { return &chopped{r, 4096} },
		"odd":         func(r io.Reader) io.Reader { return &chopped{r, 9973} },
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBuilder("", 1<<10)
			defer b.Close()
			var chk object.Checker
			if _, err := b.Receive(t.Context(), pieces(bytes.NewReader(data)), Incoming{Limits: generous, Check: chk.Check}); err != nil {
				t.Fatal(err)
			}
			f, err := b.Finish()
			if err != nil {
				t.Fatal(err)
			}
			if b.sums == nil {
				t.Fatal("the sums of what arrived are not kept")
			}
			b.sums = nil
			g, err := b.Finish()
			if err != nil {
				t.Fatal(err)
			}
			if f.Sum != g.Sum || !bytes.Equal(f.tail, g.tail) {
				t.Error("the sums of what arrived are not those of what is stored")
			}
			whole, err := f.Whole()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(whole[:f.PackBytes], data) {
				t.Error("the pack is not the one that was sent")
			}
			p, err := Open(Memory(whole))
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Verify(); err != nil {
				t.Error(err)
			}
			for _, text := range texts {
				if pos, ok := p.Find(id(text)); !ok {
					t.Errorf("%d bytes are not there", len(text))
				} else if start, end := p.extent(pos); p.idx.crc(pos) != crc32.ChecksumIEEE(whole[start:end]) {
					t.Errorf("the sum of the entry of %d bytes is wrong", len(text))
				}
			}
		})
	}
}

// chopped reads at most n bytes at a time.
type chopped struct {
	r io.Reader
	n int
}

func (c *chopped) Read(p []byte) (int, error) { return c.r.Read(p[:min(c.n, len(p))]) }

// TestReceiveIsNotHeldUp holds that nothing is read behind a pack, however it is cut: its sender waits for an answer.
func TestReceiveIsNotHeldUp(t *testing.T) {
	c := craft(t)
	for i := range 2000 {
		c.whole(object.KindBlob, fmt.Sprint("text ", i, strings.Repeat("x", i)))
	}
	data := c.bytes()
	for _, n := range []int{1, 20, 1448, 1 << 20} {
		b := NewBuilder("", 1<<10)
		defer b.Close()
		silent := readerFunc(func([]byte) (int, error) { panic("read behind the pack") })
		if _, err := b.Receive(t.Context(), &chopped{io.MultiReader(bytes.NewReader(data), silent), n}, Incoming{Limits: generous}); err != nil {
			t.Fatal(err)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestReceiveOnAFullDisk holds that an error of the spool ends a push, also once a goroutine of its own writes there.
func TestReceiveOnAFullDisk(t *testing.T) {
	c := craft(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		b := make([]byte, 100_000)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		c.whole(object.KindBlob, string(b))
	}
	for _, memory := range []int64{1 << 10, handOverFrom + 1<<20} {
		b := NewBuilder(filepath.Join(t.TempDir(), "nowhere"), memory)
		defer b.Close()
		_, err := b.Receive(t.Context(), bytes.NewReader(c.bytes()), Incoming{Limits: generous})
		if !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
}
