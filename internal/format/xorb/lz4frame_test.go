package xorb_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/pierrec/lz4/v4"

	"github.com/ambit-hub/ambit/internal/format/xorb"
)

// libraryFrame packs data with the frame writer of the library, which is independent of ours.
func libraryFrame(t testing.TB, data []byte, options ...lz4.Option) []byte {
	t.Helper()
	var b bytes.Buffer
	w := lz4.NewWriter(&b)
	if err := w.Apply(options...); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEveryKindOfFrame(t *testing.T) {
	all := samples()
	for name, data := range all {
		data = data[:min(len(data), 128<<10)]
		for _, size := range []lz4.BlockSize{lz4.Block64Kb, lz4.Block256Kb, lz4.Block1Mb, lz4.Block4Mb} {
			for bits := range 8 {
				options := []lz4.Option{
					lz4.BlockSizeOption(size), lz4.BlockChecksumOption(bits&1 != 0), lz4.ChecksumOption(bits&2 != 0),
				}
				if bits&4 != 0 {
					options = append(options, lz4.SizeOption(uint64(len(data))))
				}
				frame := libraryFrame(t, data, options...)
				got := make([]byte, len(data))
				if err := xorb.UnpackFrame(got, frame); err != nil || !bytes.Equal(got, data) {
					t.Errorf("%s, blocks of %v, options %b: %v", name, size, bits, err)
				}
				// What is protected by a checksum or by its place must not be changed; what is not, the chunk hash covers.
				for _, at := range []int{0, 4, 5, 6, len(frame) - 1} {
					bad := bytes.Clone(frame)
					bad[at] ^= 2
					invalid(t, fmt.Sprintf("%s, options %b, byte %d", name, bits, at), xorb.UnpackFrame(got, bad))
				}
			}
		}
	}
}

func TestLengthMustFit(t *testing.T) {
	data := samples()["text"][:100_000]
	for _, frame := range [][]byte{libraryFrame(t, data), libraryFrame(t, data, lz4.BlockSizeOption(lz4.Block64Kb))} {
		for _, n := range []int{1, len(data) - 1, len(data) + 1, 128 << 10} {
			invalid(t, fmt.Sprintf("%d bytes as %d", len(data), n), xorb.UnpackFrame(make([]byte, n), frame))
		}
		invalid(t, "bytes after the frame", xorb.UnpackFrame(make([]byte, len(data)), append(bytes.Clone(frame), 0)))
		for n := range len(frame) {
			if n > 40 && n < len(frame)-40 && n%101 != 0 {
				continue
			}
			invalid(t, fmt.Sprintf("cut after %d", n), xorb.UnpackFrame(make([]byte, len(data)), frame[:n]))
		}
	}
}

// block makes a frame of the given flags from blocks; each is stored or compressed as its first byte says.
func frameOf(flags, descriptor byte, blocks ...[]byte) []byte {
	b := []byte{0x04, 0x22, 0x4d, 0x18, flags, descriptor}
	b = append(b, byte(xorb.XXH32(b[4:])>>8))
	for _, block := range blocks {
		size := uint32(len(block) - 1)
		if block[0] == 's' {
			size |= 1 << 31
		}
		b = binary.LittleEndian.AppendUint32(b, size)
		b = append(b, block[1:]...)
	}
	return binary.LittleEndian.AppendUint32(b, 0)
}

func TestBlocksThatReferBack(t *testing.T) {
	// The second block copies ten bytes from six before its start: four literals keep the rule for the end of a block.
	first := []byte("sabcdef")
	second := []byte{'c', 0x06, 6, 0, 0x50, '1', '2', '3', '4', '5'}
	got := make([]byte, 6+10+5)
	if err := xorb.UnpackFrame(got, frameOf(0x40, 0x40, first, second)); err != nil || string(got) != "abcdefabcdefabcd12345" {
		t.Errorf("linked blocks: %q, %v", got, err)
	}
	invalid(t, "independent blocks that refer back", xorb.UnpackFrame(got, frameOf(0x60, 0x40, first, second)))
}

func TestHostileFrames(t *testing.T) {
	dst := make([]byte, 128<<10)
	// A block of one literal and a match of some 16 MiB: 64 KiB that decode to 255 times as much.
	bomb := append([]byte{'c', 0x1f, 'x', 1, 0}, bytes.Repeat([]byte{0xff}, 60_000)...)
	bomb = append(bomb, 0)
	invalid(t, "bomb", xorb.UnpackFrame(dst, frameOf(0x60, 0x70, bomb)))
	invalid(t, "block longer than declared", xorb.UnpackFrame(dst, frameOf(0x60, 0x40, append([]byte("s"), make([]byte, 65537)...))))
	invalid(t, "empty stored block", xorb.UnpackFrame(dst, frameOf(0x60, 0x40, []byte("s"))))
	invalid(t, "block that decodes to nothing", xorb.UnpackFrame(dst, frameOf(0x60, 0x40, []byte{'c', 0})))
	invalid(t, "reserved flag", xorb.UnpackFrame(dst[:1], frameOf(0x62, 0x40, []byte("sx"))))
	invalid(t, "dictionary", xorb.UnpackFrame(dst[:1], frameOf(0x61, 0x40, []byte("sx"))))
	invalid(t, "version", xorb.UnpackFrame(dst[:1], frameOf(0xa0, 0x40, []byte("sx"))))
	invalid(t, "small block size", xorb.UnpackFrame(dst[:1], frameOf(0x60, 0x30, []byte("sx"))))
	invalid(t, "reserved bit of the block size", xorb.UnpackFrame(dst[:1], frameOf(0x60, 0xc0, []byte("sx"))))
	invalid(t, "nothing", xorb.UnpackFrame(dst[:1], nil))
	invalid(t, "no block", xorb.UnpackFrame(dst[:1], frameOf(0x60, 0x40)))
	if err := xorb.UnpackFrame(dst[:1], frameOf(0x60, 0x40, []byte("sx"))); err != nil {
		t.Errorf("the same frame without the fault: %v", err)
	}
}

func TestHeadersOfClients(t *testing.T) {
	var cases []struct {
		First string `json:"first_bytes"`
	}
	if err := json.Unmarshal(read(t, "lz4-frame-headers.json"), &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		header, _ := hex.DecodeString(c.First)
		if len(header) == 0 { // a note
			continue
		}
		if made := frameOf(header[4], header[5]); !bytes.HasPrefix(made, header) {
			t.Errorf("%s: our checksum gives %x", c.First, made[:7])
		}
	}
	for _, n := range []int{1000, 64 << 10, 64<<10 + 1, 128 << 10} {
		data := make([]byte, n)
		stored, _, _ := chunked(t, data)
		want := "04224d18604082"
		if n > 64<<10 {
			want = "04224d186050fb"
		}
		if got := hex.EncodeToString(stored[8:15]); got != want {
			t.Errorf("%d bytes are written with %s, want %s", n, got, want)
		}
	}
}

func TestXXH32(t *testing.T) {
	// Source: Cyan4973/xxHash doc/xxhash_spec.md and its sanity tests, seed 0.
	for text, want := range map[string]uint32{"": 0x02CC5D05, "a": 0x550d7456, "abc": 0x32d153ff, "Nobody inspects the spammish repetition": 0xe2293b2f} {
		if got := xorb.XXH32([]byte(text)); got != want {
			t.Errorf("%q: %08x, want %08x", text, got, want)
		}
	}
}

func TestGrouping(t *testing.T) {
	for want, text := range map[string]string{"": "", "a": "a", "abc": "abc", "aebfcgdh": "abcdefgh", "aeibfcgdh": "abcdefghi", "aeibfjcgkdh": "abcdefghijk"} {
		got := make([]byte, len(text))
		xorb.GroupBytes(got, []byte(text))
		if string(got) != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		back := make([]byte, len(text))
		if xorb.UngroupBytes(back, got); string(back) != text {
			t.Errorf("%q comes back as %q", text, back)
		}
	}
}
