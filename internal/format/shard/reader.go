package shard

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/ambit-hub/ambit/internal/format/xetchunk"
	"github.com/ambit-hub/ambit/internal/hub"
)

// maxXorbChunks is how many chunks a xorb may have. Source: xet-core xorb_object/src/constants.rs.
const maxXorbChunks = 8 << 10

// Limits bound a shard. A field of zero means the default, which is more than clients send: they cut shards at 64 MiB.
type Limits struct {
	Bytes int64 // of the whole shard; default 80 MiB
	Files int   // default 800,000, which is what the bytes allow
	Terms int   // of one file, each held as 88 bytes; default 262,144: 17 TB of new data, 137 GB of well deduplicated data
}

func (l Limits) orDefault() Limits {
	if l.Bytes == 0 {
		l.Bytes = 80 << 20
	}
	if l.Files == 0 {
		l.Files = 800_000
	}
	if l.Terms == 0 {
		l.Terms = 256 << 10
	}
	return l
}

// Reader reads one shard from front to back: all files, then all xorbs, then the footer. An error is final: every
// later call returns it. Not for concurrent use.
type Reader struct {
	r       io.Reader
	limits  Limits
	read    int64
	footer  bool // the header announces one
	section section
	files   int
	file    File
	xorb    Xorb
	rec     record
	err     error
}

type section uint8

const (
	atHeader section = iota
	inFiles
	inXorbs
	atTail
)

// NewReader makes a Reader. It reads r record by record, 48 bytes each: give it a buffered reader.
func NewReader(r io.Reader, limits Limits) *Reader {
	return &Reader{r: r, limits: limits.orDefault()}
}

// File returns the next file, valid until the following call, or io.EOF after the last.
func (d *Reader) File() (*File, error) {
	if err := d.reach(inFiles); err != nil {
		return nil, err
	}
	if d.section > inFiles {
		return nil, io.EOF
	}
	more, err := d.readFile()
	if err != nil {
		return nil, d.fail(err)
	}
	if !more {
		d.section = inXorbs
		return nil, io.EOF
	}
	return &d.file, nil
}

// Xorb returns the next xorb, valid until the following call, or io.EOF after the last. Files that have not been asked
// for are checked and passed over.
func (d *Reader) Xorb() (*Xorb, error) {
	if err := d.reach(inXorbs); err != nil {
		return nil, err
	}
	if d.section > inXorbs {
		return nil, io.EOF
	}
	more, err := d.readXorb()
	if err != nil {
		return nil, d.fail(err)
	}
	if !more {
		d.section = atTail
		return nil, io.EOF
	}
	return &d.xorb, nil
}

// reach moves on to a section, checking what lies before it.
func (d *Reader) reach(s section) error {
	if d.err == nil && d.section == atHeader {
		d.readHeader()
	}
	for d.err == nil && d.section < s && d.section == inFiles {
		if _, err := d.File(); err != nil && err != io.EOF {
			return err
		}
	}
	for d.err == nil && d.section < s && d.section == inXorbs {
		if _, err := d.Xorb(); err != nil && err != io.EOF {
			return err
		}
	}
	return d.err
}

func (d *Reader) fail(err error) error {
	d.err = err
	return err
}

func (d *Reader) readHeader() {
	rec, err := d.record()
	switch {
	case err != nil:
		d.fail(err)
	case [32]byte(rec[:32]) != tag:
		d.fail(invalid("The body is not a shard."))
	case binary.LittleEndian.Uint64(rec[32:]) != headerVersion:
		d.fail(invalid("Shards of version %d are not supported.", binary.LittleEndian.Uint64(rec[32:])))
	case binary.LittleEndian.Uint64(rec[40:]) != 0 && binary.LittleEndian.Uint64(rec[40:]) != footerSize:
		d.fail(invalid("A shard has a footer of %d bytes or none, not of %d.", footerSize, binary.LittleEndian.Uint64(rec[40:])))
	default:
		d.footer = binary.LittleEndian.Uint64(rec[40:]) != 0
		d.section = inFiles
	}
}

// record reads one record, valid until the following call.
func (d *Reader) record() (*record, error) {
	if d.read += recordSize; d.read > d.limits.Bytes {
		return nil, invalid("A shard has at most %d bytes.", d.limits.Bytes)
	}
	_, err := io.ReadFull(d.r, d.rec[:])
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, hub.Wrap(err, hub.InvalidInput, "The shard is cut short.")
	}
	return &d.rec, err
}

// readFile reads a file into d.file, or the end of the section.
func (d *Reader) readFile() (more bool, err error) {
	head, err := d.record()
	if err != nil {
		return false, err
	}
	if head.hash() == endHash {
		return false, nil
	}
	if d.files++; d.files > d.limits.Files {
		return false, invalid("A shard has at most %d files.", d.limits.Files)
	}
	f, flags, n := &d.file, head.word(0), head.word(1)
	if flags&^(flagRanges|flagSHA256) != 0 {
		return false, invalid("File %s has flags %08x, which are not known.", head.hash(), flags)
	}
	if uint64(n) > uint64(d.limits.Terms) {
		return false, invalid("A file has at most %d terms.", d.limits.Terms)
	}
	if n == 0 && !head.hash().IsZero() {
		return false, invalid("File %s has no terms, but is not the empty file.", head.hash())
	}
	*f = File{Hash: head.hash(), Terms: f.Terms[:0], Ranged: flags&flagRanges != 0}
	for range n { // the slice grows with what has come, not with what is announced
		t, err := d.readTerm()
		if err != nil {
			return false, err
		}
		f.Terms = append(f.Terms, t)
	}
	if f.Ranged {
		for i := range f.Terms {
			rec, err := d.record()
			if err != nil {
				return false, err
			}
			f.Terms[i].Range = rec.hash()
		}
	}
	if flags&flagSHA256 != 0 {
		rec, err := d.record()
		if err != nil {
			return false, err
		}
		if h := rec.hash(); !h.IsZero() {
			f.SHA256 = h.SHA256()
		}
	}
	return true, nil
}

func (d *Reader) readTerm() (Term, error) {
	rec, err := d.record()
	if err != nil {
		return Term{}, err
	}
	t := Term{Xorb: rec.hash(), Unpacked: rec.word(1), Start: rec.word(2), End: rec.word(3)}
	if t.Start >= t.End || t.End > maxXorbChunks {
		return Term{}, invalid("A term has the chunks %d to %d, which no xorb has.", t.Start, t.End)
	}
	if n := uint64(t.End - t.Start); uint64(t.Unpacked) < n || uint64(t.Unpacked) > n*xetchunk.Max {
		return Term{}, invalid("A term of %d chunks cannot have %d bytes.", n, t.Unpacked)
	}
	return t, nil
}

// readXorb reads a xorb into d.xorb, or the end of the section.
func (d *Reader) readXorb() (more bool, err error) {
	head, err := d.record()
	if err != nil {
		return false, err
	}
	if head.hash() == endHash {
		return false, nil
	}
	n := head.word(1)
	if n == 0 || n > maxXorbChunks {
		return false, invalid("A xorb has 1 to %d chunks, not %d.", maxXorbChunks, n)
	}
	d.xorb = Xorb{Hash: head.hash(), Unpacked: head.word(2), OnDisk: head.word(3), Chunks: d.xorb.Chunks[:0]}
	for range n {
		rec, err := d.record()
		if err != nil {
			return false, err
		}
		c := Chunk{Hash: rec.hash(), Start: rec.word(0), Unpacked: rec.word(1), Eligible: rec.word(2)&flagEligible != 0}
		if c.Unpacked == 0 || c.Unpacked > xetchunk.Max {
			return false, invalid("A chunk has 1 to %d bytes, not %d.", xetchunk.Max, c.Unpacked)
		}
		d.xorb.Chunks = append(d.xorb.Chunks, c)
	}
	return true, nil
}

// Footer returns the footer, after checking and passing over everything before it. ok is false where the shard has none;
// bytes that follow nonetheless are read and ignored. Lookup tables before the footer are ignored too.
func (d *Reader) Footer() (f Footer, ok bool, err error) {
	if err := d.reach(atTail); err != nil {
		return Footer{}, false, err
	}
	last, err := d.tail()
	if err != nil {
		return Footer{}, false, d.fail(err)
	}
	if !d.footer {
		return Footer{}, false, nil
	}
	if f, err = parseFooter(last); err != nil {
		return Footer{}, false, d.fail(err)
	}
	return f, true, nil
}

// tail reads to the end and returns the last bytes, as many as a footer has at most.
func (d *Reader) tail() ([]byte, error) {
	var window []byte
	buf := make([]byte, 16<<10)
	for {
		n, err := d.r.Read(buf)
		if d.read += int64(n); d.read > d.limits.Bytes {
			return nil, invalid("A shard has at most %d bytes.", d.limits.Bytes)
		}
		window = append(window, buf[:n]...)
		window = window[max(0, len(window)-footerSize):]
		if err == io.EOF {
			return window, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func invalid(format string, args ...any) error { return hub.Errorf(hub.InvalidInput, format, args...) }
