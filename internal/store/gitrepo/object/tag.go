package object

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Tag is an annotated tag.
type Tag struct {
	Target  hub.OID
	Kind    Kind // of the target
	Name    string
	Tagger  Signature
	Message string
}

// ErrTag says that bytes are not a tag.
var ErrTag = errors.New("object: malformed tag")

// Format returns the bytes of the tag with cleaned tagger and message.
func (t Tag) Format() []byte {
	b := fmt.Appendf(nil, "object %s\ntype %s\ntag %s\ntagger ", t.Target, t.Kind, t.Name)
	b = t.Tagger.Clean().appendTo(b)
	b = append(b, "\n\n"...)
	return append(b, CleanMessage(t.Message)...)
}

// ParseTag parses the bytes of a tag. A missing tagger is accepted: git's oldest tags have none. The error is ErrTag.
func ParseTag(data []byte) (Tag, error) {
	var t Tag
	target, rest, ok := oidLine(data, "object ")
	if !ok {
		return Tag{}, ErrTag
	}
	kind, rest, ok := headerLine(rest, "type ")
	if !ok {
		return Tag{}, ErrTag
	}
	name, rest, ok := headerLine(rest, "tag ")
	if !ok {
		return Tag{}, ErrTag
	}
	t.Target, t.Name = target, string(name)
	for _, k := range []Kind{KindCommit, KindTree, KindBlob, KindTag} {
		if string(kind) == k.String() {
			t.Kind = k
		}
	}
	if t.Kind == 0 {
		return Tag{}, ErrTag
	}
	if tagger, after, ok := headerLine(rest, "tagger "); ok {
		t.Tagger, rest = parseSignature(tagger), after
	}
	for len(rest) > 0 && rest[0] != '\n' {
		_, rest, _ = bytes.Cut(rest, []byte{'\n'})
	}
	if len(rest) > 0 {
		t.Message = string(rest[1:])
	}
	return t, nil
}
