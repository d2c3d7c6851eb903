package pack

import (
	"bytes"
	"testing"
)

// Deltas are kept whole, apart from each other, within the room that there is, and the room comes back.
func TestHeldDeltas(t *testing.T) {
	before := heldNow.Load()
	var h holder
	var kept [][]byte
	for i := range 3000 {
		data := bytes.Repeat([]byte{byte(i)}, 1+i*37%5000)
		k := h.keep(data)
		if k == nil {
			t.Fatal("no room for little")
		}
		clear(data) // what is kept is a copy
		kept = append(kept, k)
	}
	for i, k := range kept {
		if !bytes.Equal(k, bytes.Repeat([]byte{byte(i)}, 1+i*37%5000)) {
			t.Fatalf("delta %d has changed", i)
		}
	}
	if h.keep(make([]byte, nextChunk/4+1)) != nil {
		t.Error("a large delta was kept")
	}
	n := 0
	for h.keep(make([]byte, nextChunk/4)) != nil {
		if n++; n > 8*heldDeltas/nextChunk {
			t.Fatal("there is no end to the room")
		}
	}
	if now := heldNow.Load(); now > heldDeltas {
		t.Errorf("%d bytes are held", now)
	}
	h.release()
	if now := heldNow.Load(); now != before {
		t.Errorf("%d bytes of room were lost", now-before)
	}
}
