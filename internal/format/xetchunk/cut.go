package xetchunk

// Lengths of chunks in bytes. Only the last chunk of a stream may be shorter than Min. Source: xet-core
// deduplication/src/constants.rs, hub-docs docs/xet/chunking.
const (
	Min    = 8 << 10
	Target = 64 << 10
	Max    = 128 << 10
)

// A boundary follows a byte after which the upper 16 bits of the hash are zero: one byte in 65,536.
const boundaryShift = 48

// The hash of a byte depends on that byte and the 63 before it, as older ones are shifted out. So a scan may start
// anywhere once it has read that many bytes, and nothing before the earliest possible boundary matters.
const memory = 63

// Cut returns the length of the first chunk of data. Where data holds no boundary it is len(data), which is the chunk
// only if the stream ends there; a caller with more to come must offer at least Max bytes.
func Cut(data []byte) int {
	n := min(len(data), Max)
	if n <= Min {
		return n
	}
	return scan(data[:n], Min-1)
}

// Lanes of one block. Each step of the gear hash waits for the one before, so a single scan leaves most of the processor
// idle; four scans over neighbouring lanes of a block do not wait for each other. What a lane needs to know of the lane
// before is only its last bytes. Longer lanes waste more beyond the boundary, shorter ones more on these bytes.
const (
	lane  = 1 << 10
	block = 4 * lane
)

// scan returns the length up to and including the first byte from position from on that ends a chunk, len(data)
// if none does. It needs from >= memory.
func scan(data []byte, from int) int {
	i := from
	for ; len(data)-i >= block; i += block {
		if at := scanBlock(data, i); at >= 0 {
			return at + 1
		}
	}
	h := warm(data, i)
	for ; i < len(data); i++ {
		h = h<<1 + gear[data[i]]
		if h>>boundaryShift == 0 {
			return i + 1
		}
	}
	return len(data)
}

// scanBlock returns the position of the first boundary byte in data[i:i+block], -1 if there is none.
func scanBlock(data []byte, i int) int {
	a, b := (*[lane]byte)(data[i:]), (*[lane]byte)(data[i+lane:])
	c, d := (*[lane]byte)(data[i+2*lane:]), (*[lane]byte)(data[i+3*lane:])
	ha, hb, hc, hd := warm(data, i), warm(data, i+lane), warm(data, i+2*lane), warm(data, i+3*lane)
	first := block // the boundary found so far, from the start of the block
	for j := range lane {
		ha = ha<<1 + gear[a[j]]
		hb = hb<<1 + gear[b[j]]
		hc = hc<<1 + gear[c[j]]
		hd = hd<<1 + gear[d[j]]
		if ha>>boundaryShift == 0 {
			return i + j // no other lane can hold an earlier one
		}
		if hb>>boundaryShift == 0 {
			first = min(first, lane+j)
		}
		if hc>>boundaryShift == 0 {
			first = min(first, 2*lane+j)
		}
		if hd>>boundaryShift == 0 {
			first = min(first, 3*lane+j)
		}
	}
	if first == block {
		return -1
	}
	return i + first
}

// warm returns the hash just before position i, as far as it matters from there on.
func warm(data []byte, i int) (h uint64) {
	for _, b := range data[i-memory : i] {
		h = h<<1 + gear[b]
	}
	return h
}
