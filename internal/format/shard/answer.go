package shard

import (
	"io"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Answer writes the answer to a deduplication query: the chunks of some xorbs, their hashes masked. The same key, times and
// xorbs give the same bytes, which matters because clients keep every answer that differs. Not for concurrent use.
//
// Source for the shape: an answer of production (testdata/dedupe-response) and what @huggingface/hub accepts.
type Answer struct {
	w      *Writer
	masker *xethash.Masker
	footer Footer
}

// NewAnswer makes an Answer. A key of zero, which clients take for "not masked", and an expiry that is not after the
// creation are Internal. Times are written in whole seconds.
func NewAnswer(w io.Writer, key [xethash.Size]byte, created, expires time.Time) (*Answer, error) {
	if key == ([xethash.Size]byte{}) {
		return nil, hub.Errorf(hub.Internal, "shard: an answer needs a key")
	}
	if !expires.After(created) {
		return nil, hub.Errorf(hub.Internal, "shard: an answer expires after its creation")
	}
	return &Answer{NewWriter(w, true), xethash.NewMasker(key), Footer{Key: key, Created: created, Expires: expires}}, nil
}

// Xorb appends a xorb given with its raw chunk hashes and their uncompressed lengths; everything else is computed, and x is
// left as it is. How many bytes the xorb takes on disk is not said, as production does not say it.
func (a *Answer) Xorb(x *Xorb) error {
	masked := Xorb{Hash: x.Hash, Chunks: slices.Clone(x.Chunks)}
	for i := range masked.Chunks {
		c := &masked.Chunks[i]
		c.Hash, c.Start, c.Eligible = a.masker.Mask(c.Hash), masked.Unpacked, false
		masked.Unpacked += c.Unpacked
	}
	return a.w.Xorb(&masked)
}

// Close ends the answer.
func (a *Answer) Close() error { return a.w.Close(a.footer) }

// AnswerSize returns the length in bytes of an answer with so many xorbs and chunks.
func AnswerSize(xorbs, chunks int) int64 {
	return int64(3+xorbs+chunks)*recordSize + footerSize
}
