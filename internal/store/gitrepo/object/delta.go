package object

import "errors"

// ErrDelta says that bytes are not a well-formed delta, or not one of the base given.
var ErrDelta = errors.New("object: malformed delta")

// DeltaSizes returns the sizes in bytes that a delta announces of its base and its result.
func DeltaSizes(delta []byte) (base, result int64, err error) {
	base, delta, ok := deltaSize(delta)
	if !ok {
		return 0, 0, ErrDelta
	}
	result, _, ok = deltaSize(delta)
	if !ok {
		return 0, 0, ErrDelta
	}
	return base, result, nil
}

func deltaSize(b []byte) (size int64, rest []byte, ok bool) {
	for i := 0; i < len(b) && i < 8; i++ {
		size |= int64(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return size, b[i+1:], true
		}
	}
	return 0, nil, false
}

// ApplyDelta returns what delta makes of base, at most limit bytes. The error is ErrDelta.
// Source: git's Documentation/gitformat-pack, "Deltified representation".
func ApplyDelta(base, delta []byte, limit int64) ([]byte, error) {
	return AppendDelta(nil, base, delta, limit)
}

// AppendDelta is ApplyDelta, and appends to out, which must not overlap the others.
func AppendDelta(out, base, delta []byte, limit int64) ([]byte, error) {
	baseSize, delta, ok := deltaSize(delta)
	if !ok || baseSize != int64(len(base)) {
		return nil, ErrDelta
	}
	size, delta, ok := deltaSize(delta)
	if !ok || size > limit {
		return nil, ErrDelta
	}
	// One instruction of at most 7 bytes makes at most 16 MiB: do not reserve more than the delta can fill.
	if reserve := int(min(size, int64(len(delta)+1)/2*(1<<24-1))); out == nil || cap(out)-len(out) < reserve {
		out = append(make([]byte, 0, len(out)+reserve), out...)
	}
	end := int64(len(out)) + size
	for len(delta) > 0 {
		op := delta[0]
		delta = delta[1:]
		var piece []byte
		switch {
		case op&0x80 != 0:
			var off, n int
			off, n, delta, ok = copyOperands(op, delta)
			if !ok || off+n > len(base) {
				return nil, ErrDelta
			}
			piece = base[off : off+n]
		case op != 0:
			if int(op) > len(delta) {
				return nil, ErrDelta
			}
			piece, delta = delta[:op], delta[op:]
		default: // reserved
			return nil, ErrDelta
		}
		if int64(len(out)+len(piece)) > end {
			return nil, ErrDelta
		}
		out = append(out, piece...)
	}
	if int64(len(out)) != end {
		return nil, ErrDelta
	}
	return out, nil
}

// copyOperands reads the offset and length of a copy instruction: a byte for each bit set in op.
func copyOperands(op byte, b []byte) (off, n int, rest []byte, ok bool) {
	for i := range 7 {
		if op&(1<<i) == 0 {
			continue
		}
		if len(b) == 0 {
			return 0, 0, nil, false
		}
		if i < 4 {
			off |= int(b[0]) << (8 * i)
		} else {
			n |= int(b[0]) << (8 * (i - 4))
		}
		b = b[1:]
	}
	if n == 0 {
		n = 0x10000
	}
	return off, n, b, true
}
