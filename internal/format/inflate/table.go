package inflate

import "encoding/binary"

// Sizes of the codes. Source: RFC 1951, 3.2.5 to 3.2.7.
const (
	maxLit  = 286 // literals, the end of a block, and lengths
	maxDist = 30
	maxBits = 15

	// Codes of so many bits are found in one step, longer ones in two.
	litBits  = 10
	distBits = 8
	preBits  = 7

	endOfBlock = 256
)

// preOrder is the order in which the lengths of the lengths' code come.
var preOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// An entry of a table is what the next bits mean:
//
//	bits 0 to 4    how many bits it takes, those behind the code included
//	bits 8 to 11   how many of them are the code
//	bits 16 to 30  the literal, the base of the length or distance, or where the second table begins
//	bit 5          it is the end of the block
//	bit 6          it is a second table, of 2^(bits 8 to 11) entries, behind what bits 0 to 4 say
//	bit 31         it is a literal
//
// Zero means that no code begins so.
type tableEntry uint32

const (
	isEnd     tableEntry = 1 << 5
	isTable   tableEntry = 1 << 6
	isSpecial            = isEnd | isTable
	isLiteral tableEntry = 1 << 31
)

// The most entries that second tables can need besides the first ones: the sums that zlib's enough.c finds for 286 symbols
// and 10 bits, 30 symbols and 8 bits; the fixed codes need none. A table that is full is no error: it has a power of two.
type (
	litTable  [2048]tableEntry
	distTable [512]tableEntry
	// preTable has the symbol above the lowest 4 bits, which are the length of its code.
	preTable [1 << preBits]uint16
)

// litEntries and distEntries are the entries of symbols without the lengths of their codes.
var (
	litEntries  = makeLitEntries()
	distEntries = makeDistEntries()
)

func makeLitEntries() (es [288]tableEntry) {
	for i := range endOfBlock {
		es[i] = isLiteral | tableEntry(i)<<16
	}
	es[endOfBlock] = isEnd
	base := 3
	for i := 257; i < 285; i++ {
		extra := max(0, (i-257)/4-1)
		es[i] = tableEntry(base)<<16 | tableEntry(extra)
		base += 1 << extra
	}
	es[285] = 258 << 16
	return es // the last two stand in the fixed code, but mean nothing
}

func makeDistEntries() (es [32]tableEntry) {
	base := 1
	for i := range maxDist {
		extra := max(0, i/2-1)
		es[i] = tableEntry(base)<<16 | tableEntry(extra)
		base += 1 << extra
	}
	return es
}

// isComplete tells whether codes of these lengths begin all sequences of bits and none twice; single says that there is but one
// code, of one bit. most is the length of the longest.
func isComplete(counts *[maxBits + 1]uint16) (complete, single bool, most uint) {
	left := 1
	for n := uint(1); n <= maxBits; n++ {
		left = left<<1 - int(counts[n])
		if left < 0 {
			return false, false, 0
		}
		if counts[n] != 0 {
			most = n
		}
	}
	return left == 0, most == 1 && left != 0, most
}

// symbols are those that have a code, and how many codes there are of each length.
type symbols struct {
	counts [maxBits + 1]uint16
	n      int
	list   [288]uint16
}

// find collects the symbols from the lengths of their codes. Most have none, mostly many in a row.
func (s *symbols) find(lens []uint8) {
	s.counts, s.n = [maxBits + 1]uint16{}, 0
	i := 0
	for ; i+8 <= len(lens); i += 8 {
		if binary.LittleEndian.Uint64(lens[i:]) != 0 {
			s.add(lens[i:i+8], i)
		}
	}
	s.add(lens[i:], i)
}

func (s *symbols) add(lens []uint8, from int) {
	for k, n := range lens {
		if n != 0 {
			s.counts[n&maxBits]++
			s.list[s.n] = uint16(from + k)
			s.n++
		}
	}
}

// sort returns the symbols in the order of the lengths of their codes.
func (s *symbols) sort(sorted *[288]uint16, lens []uint8) []uint16 {
	var next [maxBits + 2]uint16
	for n := 1; n <= maxBits; n++ {
		next[n+1] = next[n] + s.counts[n]
	}
	for _, sym := range s.list[:s.n] {
		n := lens[sym] & maxBits
		sorted[next[n]%288] = sym
		next[n]++
	}
	return sorted[:s.n]
}

// fillTable makes the table of a code and returns how many bits choose an entry of the first table; ok is false if no code has
// these lengths. Codes count up in the order of their lengths, those of one length in the order of their symbols, and come highest
// bit first: so the table is indexed by their reverse.
func fillTable(table []tableEntry, first uint, lens []uint8, meaning []tableEntry, mayBeEmpty bool) (bits uint, ok bool) {
	var s symbols
	s.find(lens)
	complete, single, most := isComplete(&s.counts)
	switch {
	case complete:
	case single:
		table[0], table[1] = meaning[s.list[0]].of(1), 0
		return 1, true
	case mayBeEmpty && s.n == 0:
		table[0], table[1] = 0, 0
		return 1, true
	default:
		return 0, false
	}
	var sorted [288]uint16
	syms := s.sort(&sorted, lens)
	first = min(first, most)
	code, rest := fillFirst(table, first, &s.counts, syms, meaning)
	if len(rest) > 0 {
		fillSecond(table, first, code, &s.counts, rest, meaning, lens)
	}
	return first, true
}

// of returns the entry of a symbol whose code has n bits. It is 0 for those that mean nothing.
func (e tableEntry) of(n uint) tableEntry {
	if e == 0 {
		return 0
	}
	return e + tableEntry(n)<<8 + tableEntry(n)
}

// fillFirst makes the first table and returns the next code, reversed, with the symbols that have no place in it. The part for
// codes of n bits is made out of that for n-1 bits by doubling it.
func fillFirst(table []tableEntry, first uint, counts *[maxBits + 1]uint16, syms []uint16, meaning []tableEntry) (uint32, []uint16) {
	code := uint32(0)
	size := 1
	for n := uint(1); n <= first; n++ {
		copy(table[size:2*size], table[:size])
		size *= 2
		for range counts[n] {
			table[code] = meaning[syms[0]].of(n)
			syms = syms[1:]
			code = following(code, n)
		}
	}
	return code, syms
}

// following returns the code of n bits, reversed, that follows one; of the last it is 0.
func following(code uint32, n uint) uint32 {
	bit := uint32(1) << (n - 1)
	for code&bit != 0 {
		code ^= bit
		bit >>= 1
	}
	return code | bit
}

// fillSecond makes the tables of longer codes, one for each beginning of first bits.
func fillSecond(table []tableEntry, first uint, code uint32, counts *[maxBits + 1]uint16, syms []uint16, meaning []tableEntry, lens []uint8) {
	end := 1 << first // of the tables so far
	start, size := 0, uint(0)
	begin := ^uint32(0)
	for len(syms) > 0 {
		n := uint(lens[syms[0]])
		if b := code & (1<<first - 1); b != begin {
			begin, start = b, end
			// As large as the longest code with this beginning needs: codes fill it from the short ones to the long ones.
			size = n - first
			for room := int(counts[n]); room < 1<<size; {
				size++
				room = room<<1 + int(counts[first+size])
			}
			end = start + 1<<size
			table[begin] = isTable | tableEntry(start)<<16 | tableEntry(size)<<8 | tableEntry(first)
		}
		e := meaning[syms[0]].of(n)
		for i := start + int(code>>first); i < end; i += 1 << (n - first) {
			table[i] = e
		}
		syms = syms[1:]
		counts[n]--
		code = following(code, n)
	}
}

// build makes the table of the code in which lengths are; it is false if no code has these lengths.
func (t *preTable) build(lens *[len(preOrder)]uint8) bool {
	var counts [maxBits + 1]uint16
	for _, n := range lens {
		counts[n&maxBits]++
	}
	counts[0] = 0
	if complete, _, _ := isComplete(&counts); !complete {
		return false
	}
	code := uint32(0)
	for n := uint(1); n <= preBits; n++ {
		for sym, l := range lens {
			if uint(l) != n {
				continue
			}
			for i := reversed(code, n); i < 1<<preBits; i += 1 << n {
				t[i] = uint16(sym)<<4 | uint16(n)
			}
			code++
		}
		code <<= 1
	}
	return true
}
