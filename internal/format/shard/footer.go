package shard

import (
	"encoding/binary"
	"time"

	"github.com/ambit-hub/ambit/internal/format/xethash"
)

// Footer is what the end of a shard says beyond offsets, which are not trusted.
type Footer struct {
	Key     [xethash.Size]byte // with which chunk hashes are masked; zero: they are not
	Created time.Time          // zero: not said
	Expires time.Time          // when clients forget the shard; zero: not said
	Stored  uint64             // bytes of all xorbs after decompression
}

// Places in the footer. Source: xet-core MDBShardFileFooter.
const (
	footerFiles        = 8
	footerXorbs        = 16
	footerFileLookup   = 24 // offset and count, like the two that follow
	footerXorbLookup   = 40
	footerChunkLookup  = 56
	footerKey          = 72
	footerCreated      = 104
	footerExpires      = 112
	footerOnDisk       = 168
	footerMaterialized = 176
	footerStored       = 184
	footerItself       = 192
)

// layout are the numbers of a footer that follow from the records.
type layout struct {
	xorbs, footer                uint64 // offsets
	onDisk, materialized, stored uint64 // sums: serialized xorbs, files, xorbs after decompression
}

func (f Footer) bytes(l layout) (b [footerSize]byte) {
	put := func(at int, v uint64) { binary.LittleEndian.PutUint64(b[at:], v) }
	put(0, footerVersion)
	put(footerFiles, recordSize)
	put(footerXorbs, l.xorbs)
	// Empty lookup tables lie at the footer: the JavaScript client reads xorbs up to the first of them.
	put(footerFileLookup, l.footer)
	put(footerXorbLookup, l.footer)
	put(footerChunkLookup, l.footer)
	copy(b[footerKey:], f.Key[:])
	put(footerCreated, seconds(f.Created))
	put(footerExpires, seconds(f.Expires))
	put(footerOnDisk, l.onDisk)
	put(footerMaterialized, l.materialized)
	put(footerStored, l.stored)
	put(footerItself, l.footer)
	return b
}

func parseFooter(b []byte) (Footer, error) {
	if len(b) != footerSize {
		return Footer{}, invalid("The shard is cut short.")
	}
	at := func(i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }
	if at(0) != footerVersion {
		return Footer{}, invalid("Shard footers of version %d are not supported.", at(0))
	}
	return Footer{
		Key: [xethash.Size]byte(b[footerKey:]), Created: moment(at(footerCreated)), Expires: moment(at(footerExpires)),
		Stored: at(footerStored),
	}, nil
}

func seconds(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.Unix())
}

// moment is the inverse of seconds. Numbers beyond the calendar mean "never", as the clients' own shards carry them.
func moment(seconds uint64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	const end = 253402300799 // the last second of the year 9999
	return time.Unix(int64(min(seconds, end)), 0).UTC()
}
