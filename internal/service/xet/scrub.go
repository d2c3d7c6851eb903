package xet

import (
	"context"
	"errors"
	"io"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// anyBytes promises nothing of an object.
var anyBytes = blob.Expect{Size: -1, NoSum: true}

// checkStored reads the whole of a stored xorb, hashes every chunk and compares with its table, which it returns.
func (s *Service) checkStored(ctx context.Context, h xethash.Hash) (xorb.Table, error) {
	o, packed, err := s.openXorb(ctx, h)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	t, err := readTable(o, packed)
	if err != nil {
		return nil, rot(h, err)
	}
	found, err := s.ingest(io.Discard, io.NewSectionReader(o, 0, packed), h)
	if err != nil {
		return nil, rot(h, err)
	}
	if len(found) != len(t) {
		return nil, rot(h, errTable)
	}
	for i := range t {
		if t[i] != found[i] {
			return nil, rot(h, errTable)
		}
	}
	return t, nil
}

var errTable = errors.New("the chunks are not those of the table")
