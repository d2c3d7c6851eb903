package gitrepo

import (
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zlib"

	"github.com/ambit-hub/ambit/internal/format/inflate"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

// IsDamage tells whether err says that objects are missing which others name, or that the bytes of one are not what they were.
func IsDamage(err error) bool {
	var corrupt flate.CorruptInputError
	if errors.As(err, &corrupt) {
		return true
	}
	for _, d := range []error{
		errMissing, pack.ErrCorrupt, object.ErrTree, inflate.ErrCorrupt, inflate.ErrShort,
		zlib.ErrChecksum, zlib.ErrHeader, zlib.ErrDictionary, io.ErrUnexpectedEOF,
	} {
		if errors.Is(err, d) {
			return true
		}
	}
	return false
}
