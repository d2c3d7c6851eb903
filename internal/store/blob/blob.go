// Package blob keeps write-once bytes by key: large files, stored packs and parts of uploads.
//
// A key never changes its content. It is written whole or not at all: until Create or Compose returns, nobody
// sees it, and after it returned it survives a crash of the process and the loss of power. Implementations:
// blob/fs (a folder), blob/mem (tests). blob/blobtest is the suite that each of them runs.
package blob

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Expect is what the writer promises of the bytes; a promise that is not kept makes the write fail with
// code Unprocessable. The zero value promises an empty object: see Any.
type Expect struct {
	Size   int64      // in bytes; negative: not checked
	SHA256 hub.Digest // empty: not checked
	NoSum  bool       // the sum is of no interest and is not computed; with SHA256 it has no effect
}

// Any promises nothing.
var Any = Expect{Size: -1}

// Info describes bytes that have been stored.
type Info struct {
	Size   int64
	SHA256 hub.Digest // of Create: unless NoSum was set; of Compose: only when a sum was expected
}

// Store keeps objects by key. All methods may be called concurrently.
//
// Every method fails with InvalidInput for a key that CheckKey refuses, with InsufficientStorage when the disk is
// full, and returns ctx's error when it ends early because of ctx.
type Store interface {
	// Create stores all bytes of r under key and returns when they are durable. r may be asked to write them itself, as an
	// io.WriterTo, when nobody wants their sum; it is never asked to do both. When r fails, or e is not met
	// (Unprocessable), or anything else goes wrong, nothing is stored. r is read at most one byte beyond e.Size.
	// When the key exists already, r is still read and checked against e, the stored bytes stay as they are, and
	// a difference in size between the two is a Conflict.
	Create(ctx context.Context, key string, r io.Reader, e Expect) (Info, error)
	// Compose stores the concatenation of the objects parts under key, with the promises of Create. The parts
	// stay. NotFound when one is missing.
	Compose(ctx context.Context, key string, parts []string, e Expect) (Info, error)
	// Open opens an object for reading; the caller closes it. It stays readable after a Delete. NotFound.
	Open(ctx context.Context, key string) (Object, error)
	// Stat returns an object's size in bytes. NotFound.
	Stat(ctx context.Context, key string) (int64, error)
	// Delete removes an object. Removing one that is not there is no error, so that a sweeper may repeat itself.
	Delete(ctx context.Context, key string) error
	// Keys calls f for every stored key that starts with prefix, in no particular order, and stops with the
	// first error of f. Objects stored or deleted meanwhile may be missed.
	Keys(ctx context.Context, prefix string, f func(key string, size int64) error) error
}

// Object is an open object. Reads at several offsets with ReadAt may be concurrent.
type Object interface {
	io.ReadSeekCloser
	io.ReaderAt
	Size() int64
	ModTime() time.Time
	// File returns the file that the object lies in from its first byte to its last, so that the kernel can
	// send it; nil when there is none. It belongs to the object and is closed with it.
	File() *os.File
}
