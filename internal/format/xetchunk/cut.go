package xetchunk

// Lengths of chunks in bytes. Only the last chunk of a stream may be shorter than Min. Source: xet-core
// deduplication/src/constants.rs, hub-docs docs/xet/chunking.
const (
	Min    = 8 << 10
	Target = 64 << 10
	Max    = 128 << 10
)

// firstInside is the least hash that does not end a chunk: a boundary follows a byte after which the upper 16 bits of
// the hash are zero, which is one byte in 65,536.
const firstInside = 1 << 48

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

// A block is scanned in two lanes. Each step of the gear hash waits for the one before, so a single scan leaves most of
// the processor idle; two scans over neighbouring halves of a block do not wait for each other. All the second must know
// of the first are its last bytes. Longer lanes waste more beyond the boundary, shorter ones more on these bytes. Four
// lanes and single comparisons of several hashes were tried and are not faster.
const (
	lane  = 2 << 10
	block = 2 * lane
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
	if at := scanPlain(data, i, warm(data, i)); at >= 0 {
		return at + 1
	}
	return len(data)
}

// scanPlain returns the position of the first boundary byte in data[i:], -1 if there is none. h is the hash before i.
func scanPlain(data []byte, i int, h uint64) int {
	for ; i < len(data); i++ {
		h = h<<1 + gear[data[i]]
		if h < firstInside {
			return i
		}
	}
	return -1
}

// scanBlock returns the position of the first boundary byte in data[i:i+block], -1 if there is none.
func scanBlock(data []byte, i int) int {
	a, b := (*[lane]byte)(data[i:]), (*[lane]byte)(data[i+lane:])
	ha, hb := warm(data, i), warm(data, i+lane)
	g, limit := &gear, uint64(firstInside) // in registers: the compiler would load both anew at every step
	for j := 0; j < lane; j += 2 {
		ha = ha<<1 + g[a[j]]
		hb = hb<<1 + g[b[j]]
		if ha < limit || hb < limit {
			return settle(data, i, j, ha)
		}
		ha = ha<<1 + g[a[j+1]]
		hb = hb<<1 + g[b[j+1]]
		if ha < limit || hb < limit {
			return settle(data, i, j+1, ha)
		}
	}
	return -1
}

// settle finds the first boundary of a block in one of whose lanes the byte j is one: if it is in the second lane, the
// rest of the first may still hold an earlier one.
func settle(data []byte, i, j int, ha uint64) int {
	if ha < firstInside {
		return i + j
	}
	if at := scanPlain(data[:i+lane], i+j+1, ha); at >= 0 {
		return at
	}
	return i + lane + j
}

// warm returns the hash just before position i, as far as it matters from there on.
func warm(data []byte, i int) (h uint64) {
	for _, b := range data[i-memory : i] {
		h = h<<1 + gear[b]
	}
	return h
}
