package shard

import (
	"bufio"
	"encoding/binary"
	"io"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Writer writes one shard from front to back: all files, all xorbs, then Close. After an error of the writer underneath
// every call returns it. Not for concurrent use.
type Writer struct {
	w       *bufio.Writer
	footer  bool
	section section
	written uint64
	layout  layout
}

// NewWriter makes a Writer. With a footer it writes what @huggingface/hub uploads and what answers consist of, without one
// what the Rust client uploads.
func NewWriter(w io.Writer, footer bool) *Writer {
	return &Writer{w: bufio.NewWriterSize(w, 16<<10), footer: footer}
}

// File appends a file. Files come before xorbs; one that comes later is Internal, as is a SHA-256 that is none.
func (w *Writer) File(f *File) error {
	if err := w.reach(inFiles); err != nil {
		return err
	}
	flags := uint32(0)
	if f.Ranged {
		flags |= flagRanges
	}
	var sha xethash.Hash
	if f.SHA256 != "" {
		flags |= flagSHA256
		var err error
		if sha, err = xethash.FromSHA256(f.SHA256); err != nil {
			return hub.Wrap(err, hub.Internal, "shard: the SHA-256 of a file is none")
		}
	}
	w.put(recordOf(f.Hash, flags, uint32(len(f.Terms))))
	for i := range f.Terms {
		t := &f.Terms[i]
		w.put(recordOf(t.Xorb, 0, t.Unpacked, t.Start, t.End))
	}
	if f.Ranged {
		for i := range f.Terms {
			w.put(recordOf(f.Terms[i].Range))
		}
	}
	w.layout.materialized += f.Size()
	if f.SHA256 != "" {
		return w.put(recordOf(sha))
	}
	return w.flushed()
}

// Xorb appends a xorb.
func (w *Writer) Xorb(x *Xorb) error {
	if err := w.reach(inXorbs); err != nil {
		return err
	}
	w.put(recordOf(x.Hash, 0, uint32(len(x.Chunks)), x.Unpacked, x.OnDisk))
	for i := range x.Chunks {
		c := &x.Chunks[i]
		flags := uint32(0)
		if c.Eligible {
			flags = flagEligible
		}
		w.put(recordOf(c.Hash, c.Start, c.Unpacked, flags))
	}
	w.layout.onDisk += uint64(x.OnDisk)
	w.layout.stored += uint64(x.Unpacked)
	return w.flushed()
}

// Close ends the shard, with the given footer if the Writer was made to write one. It does not close the writer
// underneath.
func (w *Writer) Close(f Footer) error {
	if err := w.reach(atTail); err != nil {
		return err
	}
	if w.footer {
		w.layout.footer = w.written
		b := f.bytes(w.layout)
		w.w.Write(b[:])
	}
	return w.w.Flush()
}

// reach writes the header and the ends of sections up to s.
func (w *Writer) reach(s section) error {
	if w.section > s {
		return hub.Errorf(hub.Internal, "shard: files come before xorbs, xorbs before the end")
	}
	for ; w.section < s; w.section++ {
		switch w.section {
		case atHeader:
			w.put(w.header())
		case inFiles:
			w.put(recordOf(endHash))
			w.layout.xorbs = w.written
		default:
			w.put(recordOf(endHash))
		}
	}
	return w.flushed()
}

func (w *Writer) header() (r record) {
	copy(r[:], tag[:])
	binary.LittleEndian.PutUint64(r[32:], headerVersion)
	if w.footer {
		binary.LittleEndian.PutUint64(r[40:], footerSize)
	}
	return r
}

func (w *Writer) put(r record) error {
	_, err := w.w.Write(r[:])
	w.written += recordSize
	return err
}

// flushed returns the error that the buffered writer remembers.
func (w *Writer) flushed() error {
	_, err := w.w.Write(nil)
	return err
}
