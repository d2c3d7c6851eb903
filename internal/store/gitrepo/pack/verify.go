package pack

import (
	"crypto/sha1"
	"fmt"
	"io"
	"slices"

	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// Verify reads all sections and every object and compares each with its sums; ErrCorrupt if anything differs.
func (p *Pack) Verify() error {
	sum := sha1.New()
	if _, err := io.Copy(sum, p.src.Reader(0, p.t.packLen-sumSize)); err != nil {
		return err
	}
	end, err := p.src.Bytes(p.t.packLen-sumSize, sumSize)
	if err != nil {
		return err
	}
	if !slices.Equal(sum.Sum(nil), end) || !slices.Equal(end, p.idx.packSum()) {
		return ErrCorrupt
	}
	for pos := range p.Len() {
		if err := p.verifyObject(pos); err != nil {
			return fmt.Errorf("pack: object %s: %w", p.OID(pos), err)
		}
	}
	return nil
}

func (p *Pack) verifyObject(pos int) error {
	h := object.NewHasher(p.Kind(pos), p.Size(pos))
	r, ok, err := p.Stream(pos)
	if err != nil {
		return err
	}
	if ok {
		defer r.Close()
		if _, err := io.Copy(h, r); err != nil {
			return err
		}
	} else {
		data, err := p.Read(pos)
		if err != nil {
			return err
		}
		h.Write(data)
	}
	oid, err := h.Sum()
	if err == nil && oid != p.OID(pos) {
		err = ErrCorrupt
	}
	return err
}
