// Package leaks looks for the hub's own access tokens in what people push, whatever it comes by: small files while they
// arrive, and what lies among the large files as far as it is text.
package leaks

import (
	"bytes"
	"context"
	"io"

	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Judge knows the hub's access tokens; service/tokens is it.
type Judge interface {
	Finder() *tokenfmt.Finder
	// Leaked does what is to be done about tokens in what is pushed by whoever by names, before it is visible, and returns
	// sentences for the one who pushes. An error of code Unprocessable turns the push away.
	Leaked(ctx context.Context, repo hub.Repo, by hub.Event, found []tokenfmt.Found) (warnings []string, err error)
}

// NameOfFile is the place of a token that stands in the path of a file. The path itself cannot be shown.
const NameOfFile = "the name of a file"

// Bounds of what is read of large files: they were stored before, and are read again for this. Files beyond them are not
// looked at.
const (
	maxFile  = 10 << 20  // bytes of one file, as much as git itself takes
	maxPush  = 256 << 20 // bytes of all files of one push
	sniffed  = 8000      // bytes without a zero among them make a text, as for git's own diff; so does a mark of UTF-16
	readStep = 64 << 10
)

// Large is a large file of a push.
type Large struct {
	Path   string
	Digest hub.Digest
}

// Object is a large file's content.
type Object interface {
	io.ReadCloser
	Size() int64 // in bytes
}

// Scan looks for tokens in those of the files that are small and text. open is NotFound for a file that is not there, which
// is passed over. A content that has several paths is read once, under the first.
func Scan(ctx context.Context, f *tokenfmt.Finder, files []Large, open func(ctx context.Context, d hub.Digest) (Object, error)) error {
	seen := map[hub.Digest]bool{}
	left := int64(maxPush)
	for _, file := range files {
		if seen[file.Digest] {
			continue
		}
		seen[file.Digest] = true
		if err := ctx.Err(); err != nil {
			return err
		}
		o, err := open(ctx, file.Digest)
		if hub.Is(err, hub.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		n, err := scan(f, file.Path, o, left)
		if cerr := o.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// scan reads one file if it is small and text, and no longer than left; it returns how many bytes it read.
func scan(f *tokenfmt.Finder, path string, o Object, left int64) (int64, error) {
	if o.Size() > min(maxFile, left) {
		return 0, nil
	}
	head := make([]byte, min(sniffed, o.Size()))
	n, err := io.ReadFull(o, head)
	if err != nil || bytes.IndexByte(head, 0) >= 0 && !tokenfmt.IsWide(head) {
		return int64(n), err
	}
	f.Begin(path)
	f.Write(head)
	rest, err := io.CopyBuffer(struct{ io.Writer }{f}, struct{ io.Reader }{o}, make([]byte, readStep))
	return int64(n) + rest, err
}
