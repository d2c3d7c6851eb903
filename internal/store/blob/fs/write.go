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
	if _, err := os.Stat(p); err == nil {
		if err := s.drain(v); err != nil {
			return blob.Info{}, err
		}
		info, err := v.Finish()
		if err != nil {
			return blob.Info{}, err
		}
		lock := s.end(p)
		lock.Lock()
		defer lock.Unlock()
		return orNone(info, s.confirm(p, info.Size))
	}
	return s.write(p, func(f File) (blob.Info, error) {
		put := fill
		if leave, ok := s.goDirect(e.Size, f); ok {
			defer leave()
			put = fillDirect
		} else if w, ok := r.(io.WriterTo); ok && !v.Sums() {
			return fillFrom(ctx, f, w, e)
		}
		if err := put(f, v); err != nil {
			return blob.Info{}, err
		}
		return v.Finish()
	})
}

// orNone returns info unless there is an error.
func orNone(info blob.Info, err error) (blob.Info, error) {
	if err != nil {
		return blob.Info{}, err
	}
	return info, nil
}

// write stores at the path p what put writes, unless put fails; what put returns it returns.
func (s *Store) write(p string, put func(File) (blob.Info, error)) (info blob.Info, err error) {
	f, err := s.ops.CreateTemp(filepath.Join(s.root, tmpDir))
	if err != nil {
		return blob.Info{}, fsError(err)
	}
	tmp := f.Name()
	open := true
	defer func() {
		if open {
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			// What cannot be removed now is removed at the next start.
			_ = s.ops.Remove(tmp)
		}
	}()
	if info, err = put(f); err != nil {
		return blob.Info{}, fsError(err)
	}
	if err := f.Sync(); err != nil {
		return blob.Info{}, fsError(err)
	}
	open = false
	if err := f.Close(); err != nil {
		return blob.Info{}, fsError(err)
	}
	return orNone(info, s.show(tmp, p, info.Size))
}

// show gives the finished file its name and makes that durable.
func (s *Store) show(tmp, p string, size int64) error {
	dir := filepath.Dir(p)
	if err := s.makeDir(dir); err != nil {
		return fsError(err)
	}
	lock := s.end(p)
	lock.Lock()
	defer lock.Unlock()
	switch err := s.ops.Rename(tmp, p); {
	case errors.Is(err, fs.ErrExist):
		_ = s.ops.Remove(tmp)
		return s.confirm(p, size)
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

// confirm answers a write of an object that was there already, under the lock of its end. An earlier process may have
// been killed before it synced the folder, and the caller is about to rely on it.
func (s *Store) confirm(p string, arrived int64) error {
	st, err := os.Stat(p)
	if errors.Is(err, fs.ErrNotExist) {
		return hub.Wrap(err, hub.Unavailable, "The stored object was removed at the same time. Try again.")
	}
	if err != nil {
		return fsError(err)
	}
	if err := blob.SameSize(st.Size(), arrived); err != nil {
		return err
	}
	return fsError(s.ops.SyncDir(filepath.Dir(p)))
}

// fill copies src into f and starts writing to disk early, so that the final sync is short.
func fill(f File, src io.Reader) error {
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

// fillFrom lets w write into f itself. What need not be hashed is then not copied on its way.
func fillFrom(ctx context.Context, f File, w io.WriterTo, e blob.Expect) (blob.Info, error) {
	out := &early{ctx: ctx, f: f, e: e}
	if _, err := w.WriteTo(out); err != nil {
		return blob.Info{}, err
	}
	info := blob.Info{Size: out.written}
	return info, e.Check(info)
}

// early writes to a file and starts writing to disk early.
type early struct {
	ctx              context.Context
	f                File
	e                blob.Expect
	written, started int64
}

func (w *early) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	if w.e.Size >= 0 && w.written+int64(len(p)) > w.e.Size {
		return 0, w.e.TooMany()
	}
	n, err := w.f.Write(p)
	if w.written += int64(n); w.written-w.started >= writebackStep {
		w.f.StartWriteback(w.started, w.written-w.started)
		w.started = w.written
	}
	return n, err
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

// linkThenRemove renames without replacing by two steps that POSIX has.
func linkThenRemove(from, to string) error {
	if err := os.Link(from, to); err != nil {
		return err
	}
	return os.Remove(from)
}
