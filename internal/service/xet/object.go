package xet

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strconv"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	panics "github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// A stored xorb is one object: its chunks as they came, its table, and the length of the chunks as eight bytes. One object
// is durable at once, and what it holds can be told without the database.
const trailerSize = 8

const xorbPrefix = "xorb/"

func xorbKey(h xethash.Hash) string { return xorbPrefix + h.String() }
func healKey(h xethash.Hash) string { return "xorb-new/" + h.String() }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// rotCause marks the cause of an error as rot of a xorb.
type rotCause struct {
	error
	xorb xethash.Hash
}

// Unwrap returns what was found.
func (r *rotCause) Unwrap() error { return r.error }

// rot is the error of stored bytes that are not what they were.
func rot(h xethash.Hash, err error) error {
	return hub.Wrap(&rotCause{err, h}, hub.Internal, "the stored xorb %s is damaged", h)
}

// isRot tells whether an error is rot, rather than that stored bytes could not be looked at.
func isRot(err error) bool {
	var r *rotCause
	return errors.As(err, &r)
}

// noteRot tells whether an error is rot. If so, nobody is told of the xorb any more, and it is stored anew when it is uploaded
// again. One that was swept in the meantime is gone, not rotten; for its readers that is the same.
func (s *Service) noteRot(ctx context.Context, err error) bool {
	var r *rotCause
	if !errors.As(err, &r) {
		return false
	}
	ctx = context.WithoutCancel(ctx)
	if _, gone := s.meta.XetXorb(ctx, r.xorb); hub.Is(gone, hub.NotFound) {
		return true
	}
	s.logErr(ctx, "stored bytes are damaged", err)
	s.tables.drop(r.xorb)
	if err := s.meta.SetXetChecked(ctx, r.xorb, true); err != nil {
		s.logErr(ctx, "noting damage", err)
	}
	return true
}

// openXorb opens a stored xorb; the caller closes it.
func (s *Service) openXorb(ctx context.Context, h xethash.Hash) (o blob.Object, packed int64, err error) {
	o, err = s.blobs.Open(ctx, xorbKey(h))
	if err != nil {
		if hub.Is(err, hub.NotFound) {
			err = rot(h, err)
		}
		return nil, 0, err
	}
	if packed, err = packedLength(o); err != nil {
		o.Close()
		return nil, 0, rot(h, err)
	}
	return o, packed, nil
}

var errTrailer = errors.New("impossible length of the chunks")

func packedLength(o blob.Object) (int64, error) {
	var b [trailerSize]byte
	if o.Size() < trailerSize {
		return 0, errTrailer
	}
	if _, err := o.ReadAt(b[:], o.Size()-trailerSize); err != nil {
		return 0, err
	}
	n := int64(binary.LittleEndian.Uint64(b[:]))
	if n <= 0 || n > xorb.MaxBytes || n > o.Size()-trailerSize {
		return 0, errTrailer
	}
	return n, nil
}

// readTable reads the table of an open xorb.
func readTable(o blob.Object, packed int64) (xorb.Table, error) {
	b := make([]byte, o.Size()-trailerSize-packed)
	if _, err := o.ReadAt(b, packed); err != nil {
		return nil, err
	}
	t, err := xorb.ParseTable(b)
	if err != nil {
		return nil, err
	}
	if _, end := t.Packed(0, len(t)); end != packed {
		return nil, errTrailer
	}
	return t, nil
}

// table returns the chunk table of a stored xorb, which nobody changes.
func (s *Service) table(ctx context.Context, h xethash.Hash) (xorb.Table, error) {
	if t, ok := s.tables.get(h); ok {
		return t, nil
	}
	o, packed, err := s.openXorb(ctx, h)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	t, err := readTable(o, packed)
	if err != nil {
		return nil, rot(h, err)
	}
	s.tables.put(h, t)
	return t, nil
}

// soundTable is table, but for bytes that are missing or damaged it returns nil and no error.
func (s *Service) soundTable(ctx context.Context, h xethash.Hash) (xorb.Table, error) {
	t, err := s.table(ctx, h)
	if err != nil && s.noteRot(ctx, err) {
		return nil, nil
	}
	return t, err
}

func rowOf(h xethash.Hash, t xorb.Table) hub.XetXorb {
	_, packed := t.Packed(0, len(t))
	return hub.XetXorb{Hash: h, Packed: packed, Unpacked: t.Unpacked(0, len(t)), Chunks: len(t)}
}

func eligible(t xorb.Table) (out []hub.XetHash) {
	for _, e := range t {
		if e.Hash.Eligible() {
			out = append(out, e.Hash)
		}
	}
	return out
}

// ingest verifies a xorb while it passes it on to dst.
func (s *Service) ingest(dst io.Writer, src io.Reader, want xethash.Hash) (xorb.Table, error) {
	g := s.ingesters.Get().(*xorb.Ingester)
	defer s.ingesters.Put(g)
	return g.Ingest(dst, src, want)
}

// filler writes a xorb's chunks, which it verifies or made, and returns their table.
type filler func(io.Writer) (xorb.Table, error)

// store makes a xorb that fill vouches for durable under key, or neither. size is its length with table and trailer in bytes,
// unknown when negative.
func (s *Service) store(ctx context.Context, key string, size int64, fill filler) (xorb.Table, error) {
	f := &filling{fill: fill}
	defer f.end()
	_, err := s.blobs.Create(ctx, key, f, blob.Expect{Size: size, NoSum: true}) // the chunks have hashes of their own
	return f.outcome(err)
}

const unknownSize = -1

// storedSize is what store is told of a xorb whose table is known.
func storedSize(t xorb.Table) (int64, error) {
	b, err := t.MarshalBinary()
	_, packed := t.Packed(0, len(t))
	return packed + int64(len(b)) + trailerSize, err
}

// filling is the bytes of a stored xorb as fill makes them: written by itself where the store lets it, else read from a pipe.
type filling struct {
	fill  filler
	table xorb.Table
	err   error // of fill
	out   sink

	pipe *io.PipeReader
	done chan struct{}
}

var _ io.WriterTo = (*filling)(nil)

// WriteTo writes all of it.
func (f *filling) WriteTo(w io.Writer) (int64, error) {
	f.run(w)
	return 0, f.err // nobody counts on the number
}

func (f *filling) run(w io.Writer) {
	f.out.w = w
	f.err = panics.Call(func() (err error) { // perhaps in a goroutine of its own, on foreign bytes
		if f.table, err = f.fill(&f.out); err == nil {
			err = writeTable(&f.out, f.table)
		}
		return err
	})
}

// sink remembers that writing failed, which is then not fill's fault.
type sink struct {
	w      io.Writer
	failed bool
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.failed = s.failed || err != nil
	return n, err
}

// Read reads on.
func (f *filling) Read(p []byte) (int, error) {
	if f.pipe == nil {
		r, w := io.Pipe()
		f.pipe, f.done = r, make(chan struct{})
		go func() {
			defer close(f.done)
			f.run(w)
			w.CloseWithError(f.err) // nil is the end
		}()
	}
	return f.pipe.Read(p)
}

// end waits until fill has ended, which is told that nobody reads any more.
func (f *filling) end() {
	if f.pipe != nil {
		f.pipe.CloseWithError(io.ErrClosedPipe)
		<-f.done
	}
}

// outcome is the table, or what went wrong: what fill found before what the store says of it.
func (f *filling) outcome(err error) (xorb.Table, error) {
	f.end()
	if f.err != nil && !f.out.failed {
		err = f.err
	}
	if err != nil {
		return nil, err
	}
	return f.table, nil
}

func writeTable(w io.Writer, t xorb.Table) error {
	b, err := t.MarshalBinary()
	if err != nil {
		return err
	}
	_, packed := t.Packed(0, len(t))
	_, err = w.Write(binary.LittleEndian.AppendUint64(b, uint64(packed)))
	return err
}
