// Package lfspointer reads and writes git-lfs pointer files: the small text that git stores in place of a
// large file. Source: git-lfs/git-lfs docs/spec.md, "The Pointer".
package lfspointer

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// MaxPointerSize is the size in bytes that a pointer file, extension lines included, must stay below.
// Source: git-lfs/git-lfs docs/spec.md, "The Pointer".
const MaxPointerSize = 1024

const (
	versionLine = "version https://git-lfs.github.com/spec/v1\n"
	oidPrefix   = "oid sha256:"
	sizePrefix  = "size "
)

// Pointer says which large file a pointer stands for.
type Pointer struct {
	Digest hub.Digest
	Size   int64 // in bytes, not negative
}

// Format returns the canonical text of p, the only one that Parse accepts for it without extensions.
func (p Pointer) Format() []byte {
	b := make([]byte, 0, len(versionLine)+len(oidPrefix)+64+1+len(sizePrefix)+20+1)
	b = append(b, versionLine...)
	b = append(b, oidPrefix...)
	b = append(b, p.Digest...)
	b = append(b, '\n')
	b = append(b, sizePrefix...)
	b = strconv.AppendInt(b, p.Size, 10)
	return append(b, '\n')
}

// Parse returns the pointer that text is, and whether it is one. Only canonical pointers are accepted: the
// version line first, then the other keys in the order of their letters, one line feed after each line,
// numbers without sign or leading zero. Extension lines (ext-0-name …) are checked for their shape and skipped.
// Everything else is an ordinary file that happens to look alike.
func Parse(text []byte) (Pointer, bool) {
	if len(text) >= MaxPointerSize {
		return Pointer{}, false
	}
	rest, ok := bytes.CutPrefix(text, []byte(versionLine))
	if !ok {
		return Pointer{}, false
	}
	rest, ok = skipExtensions(rest)
	if !ok {
		return Pointer{}, false
	}
	oid, rest, ok := line(rest, oidPrefix)
	if !ok {
		return Pointer{}, false
	}
	digest, err := hub.ParseDigest(oid)
	if err != nil {
		return Pointer{}, false
	}
	number, rest, ok := line(rest, sizePrefix)
	if !ok || len(rest) != 0 {
		return Pointer{}, false
	}
	size, ok := parseSize(number)
	return Pointer{Digest: digest, Size: size}, ok
}

// line cuts a line that starts with prefix off text and returns what follows the prefix.
func line(text []byte, prefix string) (value string, rest []byte, ok bool) {
	text, ok = bytes.CutPrefix(text, []byte(prefix))
	if !ok {
		return "", nil, false
	}
	before, rest, ok := bytes.Cut(text, []byte{'\n'})
	return string(before), rest, ok
}

// skipExtensions cuts lines "ext-N-NAME sha256:HEX", in rising order of N, off text.
func skipExtensions(text []byte) ([]byte, bool) {
	last := -1
	for bytes.HasPrefix(text, []byte("ext-")) {
		value, rest, ok := line(text, "ext-")
		if !ok || len(value) < 3 || value[0] < '0' || value[0] > '9' || value[1] != '-' {
			return nil, false
		}
		priority := int(value[0] - '0')
		name, oid, ok := strings.Cut(value[2:], " sha256:")
		if !ok || priority <= last || !validExtensionName(name) {
			return nil, false
		}
		if _, err := hub.ParseDigest(oid); err != nil {
			return nil, false
		}
		last, text = priority, rest
	}
	return text, true
}

func validExtensionName(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return name != ""
}

func parseSize(s string) (int64, bool) {
	if s == "" || s[0] == '+' || s[0] == '-' || (s[0] == '0' && len(s) > 1) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
