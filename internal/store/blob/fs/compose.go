package fs

import (
	"context"
	"io"

	"github.com/ambit-hub/ambit/internal/store/blob"
)

// Compose implements blob.Store. Without a sum to check the bytes are moved by the kernel. One part is open at a time.
func (s *Store) Compose(ctx context.Context, k string, parts []string, e blob.Expect) (blob.Info, error) {
	p, err := s.path(k)
	if err != nil {
		return blob.Info{}, err
	}
	var total int64
	for _, part := range parts { // before anything is written
		n, err := s.Stat(ctx, part)
		if err != nil {
			return blob.Info{}, err
		}
		total += n
	}
	if err := e.Check(blob.Info{Size: total}); err != nil {
		return blob.Info{}, err
	}
	src := &partsReader{ctx: ctx, s: s, parts: parts}
	defer src.close()
	return s.write(p, func(f File) (blob.Info, error) {
		if e.SHA256 != "" {
			v := blob.NewVerifier(ctx, src, e)
			if err := fill(f, v); err != nil {
				return blob.Info{}, err
			}
			return v.Finish()
		}
		size, err := src.copyTo(f)
		if err != nil {
			return blob.Info{}, err
		}
		return blob.Info{Size: size}, e.Check(blob.Info{Size: size})
	})
}

// partsReader reads stored objects one after the other.
type partsReader struct {
	ctx   context.Context
	s     *Store
	parts []string // not yet opened
	now   blob.Object
}

// next opens the next part; io.EOF after the last.
func (r *partsReader) next() error {
	if err := r.close(); err != nil {
		return err
	}
	if len(r.parts) == 0 {
		return io.EOF
	}
	o, err := r.s.Open(r.ctx, r.parts[0])
	if err != nil {
		return err
	}
	r.now, r.parts = o, r.parts[1:]
	return nil
}

func (r *partsReader) close() (err error) {
	if r.now != nil {
		err = r.now.Close()
		r.now = nil
	}
	return err
}

// Read implements io.Reader.
func (r *partsReader) Read(b []byte) (int, error) {
	for {
		if r.now == nil {
			if err := r.next(); err != nil {
				return 0, err
			}
		}
		n, err := r.now.Read(b)
		if err != io.EOF {
			return n, err
		}
		if err := r.close(); err != nil || n > 0 {
			return n, err
		}
	}
}

// copyTo appends all parts to f and returns their size.
func (r *partsReader) copyTo(f File) (size int64, err error) {
	var w io.Writer = f
	if o, ok := f.(osFile); ok {
		w = o.File // copy_file_range needs the files themselves
	}
	for {
		if err := r.next(); err == io.EOF {
			return size, nil
		} else if err != nil {
			return size, err
		}
		n, err := io.Copy(w, r.now.File())
		f.StartWriteback(size, n)
		size += n
		if err != nil {
			return size, err
		}
	}
}
