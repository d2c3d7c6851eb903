package gitrepo

import (
	"math"
	"strconv"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// Filter says what a partial clone leaves out. The zero Filter leaves out nothing. Objects that are asked for by
// their ids, and what tags name that are, come in any case. Source: git's Documentation/rev-list-options, --filter.
type Filter struct {
	on    bool
	blobs int64 // blobs of at least so many bytes are left out
	depth int64 // trees and blobs at this depth below the root and deeper are left out
	omit  kinds // left out, whatever else is said
}

// kinds is a set of kinds of objects.
type kinds uint8

func kindsBut(kept object.Kind) (k kinds) {
	for _, other := range []object.Kind{object.KindCommit, object.KindTree, object.KindBlob, object.KindTag} {
		if other != kept {
			k |= 1 << other
		}
	}
	return k
}

func (k kinds) has(one object.Kind) bool { return k>>one&1 == 1 }

const noLimit = math.MaxInt64

// maxFilterSpec bounds the length of a filter in bytes, and thereby how deep those that combine others are nested.
const maxFilterSpec = 1024

// ParseFilter reads blob:none, blob:limit=N, tree:N, object:type=… and combine:…. InvalidInput for anything else.
func ParseFilter(spec string) (Filter, error) {
	f := Filter{on: true, blobs: noLimit, depth: noLimit}
	bad := hub.Errorf(hub.InvalidInput, "The filter %q is not supported: use blob:none, blob:limit=<n>, tree:<depth> or object:type=<kind>.", clipText(spec, 100))
	ok := true
	if len(spec) > maxFilterSpec {
		return Filter{}, bad
	}
	switch kind, arg, _ := strings.Cut(spec, ":"); kind {
	case "blob":
		if limit, is := strings.CutPrefix(arg, "limit="); is {
			f.blobs, ok = parseMagnitude(limit)
		} else {
			f.blobs, ok = 0, arg == "none"
		}
	case "tree":
		f.depth, ok = parseMagnitude(arg)
	case "object":
		switch arg {
		case "type=commit":
			f.depth, f.omit = 0, kindsBut(object.KindCommit)
		case "type=tag":
			f.depth, f.omit = 0, kindsBut(object.KindTag)
		case "type=tree":
			f.blobs, f.omit = 0, kindsBut(object.KindTree)
		case "type=blob":
			f.omit = kindsBut(object.KindBlob)
		default:
			ok = false
		}
	case "sparse":
		// Git reads the patterns from a file of the repository, and the work grows with patterns times paths.
		return Filter{}, hub.Errorf(hub.InvalidInput, "The filter %q is not supported: use blob:none and git sparse-checkout, which fetches the files of its folders.", clipText(spec, 100))
	case "combine":
		parts := strings.Split(arg, "+")
		if len(parts) > 8 {
			return Filter{}, bad
		}
		for _, part := range parts {
			p, err := ParseFilter(unescape(part))
			if err != nil {
				return Filter{}, err
			}
			f.blobs, f.depth, f.omit = min(f.blobs, p.blobs), min(f.depth, p.depth), f.omit|p.omit
		}
	default:
		ok = false
	}
	if !ok {
		return Filter{}, bad
	}
	return f, nil
}

// unescape decodes %xx, as git encodes the parts of a combined filter.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// parseMagnitude reads a number with git's suffixes k, m and g.
func parseMagnitude(s string) (int64, bool) {
	shift := 0
	if n := len(s) - 1; n > 0 {
		switch s[n] {
		case 'k', 'K':
			shift = 10
		case 'm', 'M':
			shift = 20
		case 'g', 'G':
			shift = 30
		}
		if shift > 0 {
			s = s[:n]
		}
	}
	v, err := strconv.ParseUint(s, 10, 63)
	if err != nil || v > math.MaxInt64>>shift {
		return 0, false
	}
	return int64(v) << shift, true
}

// takesTree tells whether a tree at a depth is wanted, the root being at depth 0.
func (f Filter) takesTree(depth int) bool { return !f.on || int64(depth) < f.depth }

// takesBlob tells whether a blob at a depth is wanted.
func (f Filter) takesBlob(size int64, depth int) bool {
	return !f.on || size < f.blobs && int64(depth) < f.depth
}

// byDepth tells whether what a tree contributes depends on where it stands.
func (f Filter) byDepth() bool { return f.on && f.depth != noLimit }

func clipText(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}
