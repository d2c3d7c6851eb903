package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"syscall"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Verifier passes bytes on while it counts and hashes them. It ends the stream with Unprocessable as soon as the
// promise of size is broken, so that a writer never stores much more than was announced. Not for concurrent use.
type Verifier struct {
	ctx  context.Context
	r    io.Reader
	e    Expect
	size int64
	sum  hash.Hash // nil: not wanted
}

// NewVerifier makes a Verifier that reads from r and ends with ctx's error when ctx is done.
func NewVerifier(ctx context.Context, r io.Reader, e Expect) *Verifier {
	v := &Verifier{ctx: ctx, r: r, e: e}
	if !e.NoSum || e.SHA256 != "" {
		v.sum = sha256.New()
	}
	return v
}

// Sums tells whether the bytes are hashed.
func (v *Verifier) Sums() bool { return v.sum != nil }

// Read reads from the source.
func (v *Verifier) Read(p []byte) (int, error) {
	if err := v.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := v.r.Read(p)
	if n > 0 {
		v.size += int64(n)
		if v.e.Size >= 0 && v.size > v.e.Size {
			return 0, v.e.TooMany()
		}
		if v.sum != nil {
			v.sum.Write(p[:n])
		}
	}
	return n, err
}

// Finish checks the promise, to be called after the source's end. The error is Unprocessable and says what differs.
func (v *Verifier) Finish() (Info, error) {
	info := Info{Size: v.size}
	if v.sum != nil {
		info.SHA256 = hub.Digest(hex.EncodeToString(v.sum.Sum(nil)))
	}
	return info, v.e.Check(info)
}

// TooMany is the error of a write that is longer than announced.
func (e Expect) TooMany() error {
	return hub.Errorf(hub.Unprocessable, "More than the announced %d bytes arrived.", e.Size)
}

// Check tells whether info keeps the promise; a sum that info lacks is not checked. The error is Unprocessable.
func (e Expect) Check(info Info) error {
	if e.Size >= 0 && info.Size != e.Size {
		return hub.Errorf(hub.Unprocessable, "The size is %d bytes, but %d were announced.", info.Size, e.Size)
	}
	if e.SHA256 != "" && info.SHA256 != "" && info.SHA256 != e.SHA256 {
		return hub.Errorf(hub.Unprocessable, "The SHA-256 is %s, but %s was announced.", info.SHA256, e.SHA256)
	}
	return nil
}

// FullDisk gives an error of the operating system that tells of a full disk the code InsufficientStorage; any other it returns
// as it is.
func FullDisk(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return hub.Wrap(err, hub.InsufficientStorage, "The hub's disk is full.")
	}
	return err
}

// SameSize is what stores answer when a key is written again: nil when the sizes agree, otherwise Conflict.
func SameSize(stored, arrived int64) error {
	if stored != arrived {
		return hub.Errorf(hub.Conflict, "The store already has an object of %d bytes under this key; %d bytes arrived.", stored, arrived)
	}
	return nil
}
