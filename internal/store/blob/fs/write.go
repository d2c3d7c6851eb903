package fs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// writebackStep is how many bytes are written between two requests to start writing them to disk.
const writebackStep = 16 << 20

// copyBuffer is the size of the buffers through which bytes are hashed and written.
const copyBuffer = 512 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, copyBuffer); return &b }}

// Create implements blob.Store.
func (s *Store) Create(ctx context.Context, k string, r io.Reader, e blob.Expect) (blob.Info, error) {
	p, err := s.path(k)
	if err != nil {
		return blob.Info{}, err
	}
	v := blob.NewVerifier(ctx, r, e)
	// Bytes of a key that is there are checked like others, but need no disk.
	if st, err := os.Stat(p); err == nil {
		if err := s.drain(v); err != nil {
			return blob.Info{}, err
		}
		info, err := v.Finish()
		if err != nil {
			return blob.Info{}, err
		}
		return info, s.confirm(p, st.Size(), info.Size)
	}
	var info blob.Info
	return info, s.write(p, v, func() (int64, error) {
		var err error
		info, err = v.Finish()
		return info.Size, err
	})
}

// Compose implements blob.Store. Without a sum to check the bytes are moved by the kernel.
func (s *Store) Compose(ctx context.Context, k string, parts []string, e blob.Expect) (blob.Info, error) {
	p, err := s.path(k)
	if err != nil {
		return blob.Info{}, err
	}
	var readers []io.Reader
	for _, part := range parts {
		o, err := s.Open(ctx, part)
		if err != nil {
			return blob.Info{}, err
		}
		defer o.Close()
		readers = append(readers, o.File())
	}
	if e.SHA256 != "" {
		v := blob.NewVerifier(ctx, io.MultiReader(readers...), e)
		var info blob.Info
		return info, s.write(p, v, func() (int64, error) {
			var err error
			info, err = v.Finish()
			return info.Size, err
		})
	}
	src := &concat{ctx: ctx, readers: readers}
	var info blob.Info
	return info, s.write(p, src, func() (int64, error) {
		info.Size = src.n
		return info.Size, e.Check(info)
	})
}

// write stores what src yields at the path p, if finish, called at its end, agrees. finish returns the size.
func (s *Store) write(p string, src io.Reader, finish func() (int64, error)) (err error) {
	f, err := s.ops.CreateTemp(filepath.Join(s.root, tmpDir))
	if err != nil {
		return fsError(err)
	}
	tmp := f.Name()
	open := true
	defer func() {
		if open {
			f.Close()
		}
		if err != nil {
			// What cannot be removed now is removed at the next start.
			_ = s.ops.Remove(tmp)
		}
	}()
	if err := s.fill(f, src); err != nil {
		return fsError(err)
	}
	size, err := finish()
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return fsError(err)
	}
	open = false
	if err := f.Close(); err != nil {
		return fsError(err)
	}
	dir := filepath.Dir(p)
	if err := s.makeDir(dir); err != nil {
		return fsError(err)
	}
	switch err := s.ops.Rename(tmp, p); {
	case errors.Is(err, fs.ErrExist):
		st, serr := os.Stat(p)
		if serr != nil {
			return fsError(serr)
		}
		_ = s.ops.Remove(tmp)
		return s.confirm(p, st.Size(), size)
	case err != nil:
		return fsError(err)
	}
	if err := s.ops.SyncDir(dir); err != nil {
		// The object may or may not survive a loss of power, so it must not be there now.
		_ = s.ops.Remove(p)
		return fsError(err)
	}
	return nil
}

// confirm answers a write of an object that is there already. The one that wrote it may not have synced the
// folder yet, and the caller is about to rely on it.
func (s *Store) confirm(p string, stored, arrived int64) error {
	if err := blob.SameSize(stored, arrived); err != nil {
		return err
	}
	return fsError(s.ops.SyncDir(filepath.Dir(p)))
}

// fill copies src into f and starts writing to disk early, so that the final sync is short.
func (s *Store) fill(f File, src io.Reader) error {
	if ps, ok := src.(*concat); ok {
		return ps.copyTo(f)
	}
	bp := buffers.Get().(*[]byte)
	defer buffers.Put(bp)
	buf := *bp
	var written, started int64
	for {
		n, err := src.Read(buf)
		if n > 0 {
			if _, werr := f.Write(buf[:n]); werr != nil {
				return werr
			}
			if written += int64(n); written-started >= writebackStep {
				f.StartWriteback(started, written-started)
				started = written
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *Store) drain(r io.Reader) error {
	bp := buffers.Get().(*[]byte)
	defer buffers.Put(bp)
	_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, *bp)
	return err
}

// makeDir makes dir and its parents below the root, each durable before anything is put into it. A folder that
// an earlier process made may not have been synced, so each one is synced once in every process.
func (s *Store) makeDir(dir string) error {
	if _, ok := s.synced.Load(dir); ok || dir == s.root {
		return nil
	}
	parent := filepath.Dir(dir)
	if err := s.makeDir(parent); err != nil {
		return err
	}
	if err := s.ops.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := s.ops.SyncDir(parent); err != nil {
		return err
	}
	s.synced.Store(dir, struct{}{})
	return nil
}

// concat is a concatenation of files that the kernel can copy.
type concat struct {
	ctx     context.Context
	readers []io.Reader
	n       int64
}

func (p *concat) Read([]byte) (int, error) {
	return 0, hub.Errorf(hub.Internal, "parts are copied, not read")
}

func (p *concat) copyTo(f File) error {
	var w io.Writer = f
	if o, ok := f.(osFile); ok {
		w = o.File // copy_file_range needs the files themselves
	}
	for _, r := range p.readers {
		if err := p.ctx.Err(); err != nil {
			return err
		}
		n, err := io.Copy(w, r)
		p.n += n
		if err != nil {
			return err
		}
	}
	return nil
}

// linkThenRemove renames without replacing by two steps that POSIX has.
func linkThenRemove(from, to string) error {
	if err := os.Link(from, to); err != nil {
		return err
	}
	return os.Remove(from)
}
