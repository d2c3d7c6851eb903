package xorb_test

import (
	"bytes"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
)

func TestTable(t *testing.T) {
	data := samples()["mixed"]
	_, hash, table := chunked(t, data)
	b, err := table.MarshalBinary()
	if err != nil || len(b) != 16+40*len(table) {
		t.Fatalf("%d bytes for %d chunks, %v", len(b), len(table), err)
	}
	back, err := xorb.ParseTable(b)
	if err != nil || back.Hash() != hash {
		t.Fatalf("hash %s, want %s; %v", back.Hash(), hash, err)
	}
	for offset := int64(0); offset < int64(len(data)); offset += 997 {
		i := back.Find(offset)
		if offset < back.Offset(i) || offset >= back.Offset(i+1) {
			t.Fatalf("byte %d is not in chunk %d", offset, i)
		}
	}
	if got := back.Find(int64(len(data))); got != len(back) {
		t.Errorf("the byte behind the last is in chunk %d", got)
	}
	var hashes []xethash.Hash
	for _, e := range table[1:3] {
		hashes = append(hashes, e.Hash)
	}
	if table.RangeHash(1, 3) != xethash.Range(hashes) {
		t.Error("range hash differs")
	}
	if xethash.File(table.Leaves(0, len(table))) == hash {
		t.Error("the file has the hash of the xorb")
	}
}

func TestDamagedTables(t *testing.T) {
	_, _, table := chunked(t, samples()["text"])
	good, _ := table.MarshalBinary()
	for at := range good {
		b := bytes.Clone(good)
		b[at] ^= 1
		if _, err := xorb.ParseTable(b); !hub.Is(err, hub.Internal) {
			t.Fatalf("byte %d changed: %v", at, err)
		}
		if _, err := xorb.ParseTable(good[:at]); !hub.Is(err, hub.Internal) {
			t.Fatalf("cut after %d: %v", at, err)
		}
	}
	swapped, _ := xorb.Table{table[1], table[0]}.MarshalBinary()
	if _, err := xorb.ParseTable(swapped); !hub.Is(err, hub.Internal) {
		t.Errorf("ends that fall: %v", err)
	}
}
