package object

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zlib"
)

// ErrLoose says that bytes are no loose object.
var ErrLoose = errors.New("object: malformed loose object")

// maxLooseHeader is more than "commit", a space, nineteen digits and a NUL.
const maxLooseHeader = 32

// OpenLoose reads the header of an object as git keeps it in a file of its own, and returns a reader of its bytes, which
// are not hashed. The error is ErrLoose or one of reading.
// Source: git's Documentation/user-manual, "Object storage format".
func OpenLoose(r io.Reader) (Kind, int64, io.ReadCloser, error) {
	z, err := zlib.NewReader(r)
	if err != nil {
		return 0, 0, nil, errors.Join(ErrLoose, err)
	}
	in := bufio.NewReader(z)
	raw, err := in.Peek(maxLooseHeader)
	if err != nil && err != io.EOF {
		return 0, 0, nil, errors.Join(ErrLoose, err, z.Close())
	}
	head, _, ok := strings.Cut(string(raw), "\x00")
	word, digits, spaced := strings.Cut(head, " ")
	size, err := strconv.ParseInt(digits, 10, 64)
	if !ok || !spaced || err != nil || size < 0 {
		return 0, 0, nil, errors.Join(ErrLoose, z.Close())
	}
	if _, err := in.Discard(len(head) + 1); err != nil {
		return 0, 0, nil, errors.Join(ErrLoose, err, z.Close())
	}
	for _, k := range []Kind{KindCommit, KindTree, KindBlob, KindTag} {
		if k.String() == word {
			return k, size, struct {
				io.Reader
				io.Closer
			}{in, z}, nil
		}
	}
	return 0, 0, nil, errors.Join(ErrLoose, z.Close())
}
