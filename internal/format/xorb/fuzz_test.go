package xorb_test

import (
	"bytes"
	"io"
	"testing"

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

// FuzzFrame compares with nothing: it only must not panic, and must leave nothing outside dst.
func FuzzFrame(f *testing.F) {
	for _, data := range samples() {
		f.Add(libraryFrame(f, data[:min(len(data), 5000)]), uint16(min(len(data), 5000)))
	}
	f.Fuzz(func(t *testing.T, frame []byte, n uint16) {
		room := bytes.Repeat([]byte{0xee}, int(n)+64)
		if err := xorb.UnpackFrame(room[:n:n], frame); err != nil {
			invalid(t, "frame", err)
		}
		if !bytes.Equal(room[n:], bytes.Repeat([]byte{0xee}, 64)) {
			t.Fatal("wrote behind the chunk")
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
