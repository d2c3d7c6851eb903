package xet

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strconv"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
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

// store verifies a xorb and makes it durable under key, or neither. fill writes it and returns its table.
func (s *Service) store(ctx context.Context, key string, fill func(io.Writer) (xorb.Table, error)) (xorb.Table, error) {
	r, w := io.Pipe()
	type result struct {
		table xorb.Table
		err   error
	}
	done := make(chan result, 1)
	go func() {
		t, err := fill(w)
		if err == nil {
			err = writeTable(w, t)
		}
		w.CloseWithError(err) // nil is the end
		done <- result{t, err}
	}()
	_, err := s.blobs.Create(ctx, key, r, anyBytes)      // the chunks have hashes of their own
	r.CloseWithError(errors.Join(err, io.ErrClosedPipe)) // lets fill end
	res := <-done
	if res.err != nil && !errors.Is(res.err, io.ErrClosedPipe) {
		return nil, res.err
	}
	return res.table, err
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
