// Package lfspointer reads and writes git-lfs pointer files: the small text that git stores in place of a
// large file. Source: git-lfs/git-lfs docs/spec.md, "The Pointer".
package lfspointer

import (
	"bytes"
	"slices"
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

// Format returns the canonical text of p.
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

// Parse returns the pointer that text is, and whether it is one. What git-lfs takes for a pointer is one here as well,
// also when it is not what git-lfs would write: with carriage returns, space around it, no line feed at its end, a signed
// size, or a version of earlier days. Otherwise its large file would count as used by nobody.
// Source: git-lfs/git-lfs lfs/pointer.go, DecodeFrom; the tests ask git-lfs itself.
func Parse(text []byte) (Pointer, bool) {
	if len(text) >= MaxPointerSize {
		return Pointer{}, false
	}
	text = bytes.TrimSpace(text)
	if !bytes.HasPrefix(text, []byte("version ")) && !bytes.HasPrefix(text, []byte("ext-")) {
		return Pointer{}, false // as nearly all files
	}
	var p Pointer
	var extensions [10]string
	n := 0 // of keys so far
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'})
		if len(line) == 0 {
			continue
		}
		key, value, _ := strings.Cut(string(line), " ")
		switch {
		case n < len(keys) && key == keys[n]:
			if !p.take(key, value) {
				return Pointer{}, false
			}
			n++
		case n < len(keys):
			if !extension(key, value, &extensions) {
				return Pointer{}, false
			}
		default:
			return Pointer{}, false
		}
	}
	return p, n == len(keys)
}

// keys are those of a pointer, in their order. Extensions may stand before any of them.
var keys = [...]string{"version", "oid", "size"}

// versions are all that there ever were.
var versions = []string{"https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1", "http://git-media.io/v/2"}

// take takes in the value of a key, and tells whether it can be one.
func (p *Pointer) take(key, value string) (ok bool) {
	var err error
	switch key {
	case "version":
		return slices.Contains(versions, value)
	case "oid":
		value, ok = strings.CutPrefix(value, "sha256:")
		p.Digest, err = hub.ParseDigest(value)
		return ok && err == nil
	default:
		p.Size, err = strconv.ParseInt(value, 10, 64)
		return err == nil && p.Size >= 0
	}
}

// extension tells whether a key and its value are "ext-N-NAME sha256:HEX", no two of which have the same N.
func extension(key, value string, seen *[10]string) bool {
	name, ok := strings.CutPrefix(key, "ext-")
	if !ok || len(name) < 3 || name[0] < '0' || name[0] > '9' || name[1] != '-' || !isWord(name[2]) {
		return false
	}
	before := &seen[name[0]-'0']
	if *before != "" && *before != key {
		return false
	}
	*before = key
	value, ok = strings.CutPrefix(value, "sha256:")
	_, err := hub.ParseDigest(value)
	return ok && err == nil
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}
