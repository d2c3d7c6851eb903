package xorb_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/pierrec/lz4/v4"

	"github.com/ambit-hub/ambit/internal/format/xetchunk"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
)

// FuzzIngest: no input panics or makes more than a chunk out of a chunk; what is accepted is kept as it came and reads back.
func FuzzIngest(f *testing.F) {
	for name := range sources {
		b := read(f, name)
		f.Add(b[:min(len(b), 30_000)])
	}
	for _, data := range samples() {
		b, _, _ := chunked(f, data[:min(len(data), 20_000)])
		f.Add(b)
		f.Add(append(b, "XETBLOB\x01footer"...))
	}
	g, d := xorb.NewIngester(), xorb.NewReader(nil)
	f.Fuzz(func(t *testing.T, b []byte) {
		var leaves []xethash.Leaf
		kept := 0
		d.Reset(bytes.NewReader(b))
		for {
			c, err := d.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				invalid(t, "reading", err)
				break
			}
			if len(c.Data) != int(c.Unpacked) || len(c.Data) > xetchunk.Max || len(c.Stored) != xorb.HeaderSize+int(c.Packed) {
				t.Fatalf("%+v: %d bytes of %d", c.Header, len(c.Data), len(c.Stored))
			}
			leaves = append(leaves, xethash.Leaf{Hash: xethash.Chunk(c.Data), Size: uint64(len(c.Data))})
			kept += len(c.Stored)
		}
		var out bytes.Buffer
		table, err := g.Ingest(&out, bytes.NewReader(b), xethash.Xorb(leaves))
		if err != nil {
			if !hub.Is(err, hub.InvalidInput) {
				t.Fatal(err)
			}
			return
		}
		if len(table) != len(leaves) || !bytes.Equal(out.Bytes(), b[:kept]) {
			t.Fatalf("%d chunks of %d, %d bytes of %d", len(table), len(leaves), out.Len(), kept)
		}
	})
}

// FuzzFrame: no input panics or writes outside dst, and what we can read, another decoder reads as the same bytes. A frame that
// only we could read would make a xorb that nobody can download.
func FuzzFrame(f *testing.F) {
	for _, data := range samples() {
		f.Add(libraryFrame(f, data[:min(len(data), 5000)]), uint16(min(len(data), 5000)))
	}
	f.Add(frameOf(0x40, 0x40, []byte("sabcdef"), []byte{'c', 0x06, 6, 0, 0x50, '1', '2', '3', '4', '5'}), uint16(21))
	f.Fuzz(func(t *testing.T, frame []byte, n uint16) {
		other, failed := io.ReadAll(io.LimitReader(lz4.NewReader(bytes.NewReader(frame)), xetchunk.Max+1))
		lengths := []int{int(n)}
		if failed == nil && len(other) <= xetchunk.Max {
			lengths = append(lengths, len(other))
		}
		for _, n := range lengths {
			if n == 0 {
				continue // no chunk is empty
			}
			room := bytes.Repeat([]byte{0xee}, n+64)
			err := xorb.UnpackFrame(room[:n:n], frame)
			if !bytes.Equal(room[n:], bytes.Repeat([]byte{0xee}, 64)) {
				t.Fatal("wrote behind the chunk")
			}
			if err != nil {
				invalid(t, "frame", err)
				continue
			}
			if failed != nil || !bytes.Equal(room[:n], other) {
				t.Fatalf("we read %d bytes, the library %d, %v", n, len(other), failed)
			}
		}
	})
}

// FuzzPack: whatever is packed comes back.
func FuzzPack(f *testing.F) {
	for _, data := range samples() {
		f.Add(data[:min(len(data), 9000)])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		stored, hash, _ := chunked(t, data)
		if len(data) == 0 {
			return
		}
		if got := unpack(t, bytes.NewReader(stored)); !bytes.Equal(got, data) {
			t.Fatalf("%d bytes come back as %d", len(data), len(got))
		}
		if _, err := xorb.NewIngester().Ingest(io.Discard, bytes.NewReader(stored), hash); err != nil {
			t.Fatal(err)
		}
	})
}
