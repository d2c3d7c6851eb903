// Package fs keeps blobs as files below one folder.
//
// A write goes to a temporary file in the same file system, is hashed on the way, checked, synced, renamed to
// its final name without replacing anything, and the folder (and every folder made for it) is synced. So a
// crash at any instant leaves either the whole object or a temporary file that the next start removes.
package fs

import (
	"context"
	"errors"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// tmpDir holds unfinished writes. Its name is no key segment, so no object can lie in it.
const tmpDir = ".tmp"

// Store is a folder of blobs. It is safe for concurrent use; the folder must belong to one process.
type Store struct {
	root    string
	ops     Ops
	handles handles
	direct  atomic.Int64   // writes that go past the page cache
	synced  sync.Map       // folders known to be there after a crash: path → struct{}
	ends    [64]sync.Mutex // by path: one write at a time becomes visible, or is found to be there
}

// end returns the lock under which an object appears at p and is made durable: whoever finds it there must not rely on
// it while the one who put it there may still have to take it away.
func (s *Store) end(p string) *sync.Mutex {
	return &s.ends[maphash.String(endSeed, p)%uint64(len(s.ends))]
}

var endSeed = maphash.MakeSeed()

var _ blob.Store = (*Store)(nil)

// New opens or makes the folder root and removes what unfinished writes left behind.
func New(root string) (*Store, error) { return NewWith(root, System) }

// NewWith is New with file operations of the caller's choice, so that tests can make each of them fail.
func NewWith(root string, ops Ops) (*Store, error) {
	s := &Store{root: root, ops: ops}
	tmp := filepath.Join(root, tmpDir)
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return nil, fsError(err)
	}
	// All that is stored lies below the root, so the root itself must survive.
	if err := ops.SyncDir(filepath.Dir(root)); err != nil {
		return nil, fsError(err)
	}
	left, err := os.ReadDir(tmp)
	if err != nil {
		return nil, fsError(err)
	}
	for _, e := range left {
		if err := os.Remove(filepath.Join(tmp, e.Name())); err != nil {
			return nil, fsError(err)
		}
	}
	return s, nil
}

// path returns where the object of a checked key lies. Keys of the form kind/<64 hex digits> are spread over
// 65,536 folders.
func (s *Store) path(key string) (string, error) {
	if err := blob.CheckKey(key); err != nil {
		return "", err
	}
	segs := strings.Split(key, "/")
	switch {
	case len(segs) == 2 && isDigest(segs[1]):
		segs = []string{segs[0], segs[1][:2], segs[1][2:4], segs[1]}
	case isSharded(segs):
		// It would lie where the two-segment key lies.
		return "", hub.Errorf(hub.InvalidInput, "This is not the key of a stored object.")
	}
	return filepath.Join(append([]string{s.root}, segs...)...), nil
}

// key is the inverse of path, for a path relative to the root.
func key(rel string) string {
	segs := strings.Split(filepath.ToSlash(rel), "/")
	if isSharded(segs) {
		segs = []string{segs[0], segs[3]}
	}
	return strings.Join(segs, "/")
}

func isSharded(segs []string) bool {
	return len(segs) == 4 && isDigest(segs[3]) && segs[3][:2] == segs[1] && segs[3][2:4] == segs[2]
}

func isDigest(s string) bool {
	_, err := hub.ParseDigest(s)
	return err == nil
}

// Open implements blob.Store.
func (s *Store) Open(ctx context.Context, k string) (blob.Object, error) {
	p, err := s.path(k)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	removed := s.handles.removed.Load()
	f, st := s.handles.take(p)
	if f == nil {
		if f, err = os.Open(p); err != nil {
			return nil, fsError(err)
		}
		if st, err = f.Stat(); err == nil && !st.Mode().IsRegular() {
			err = fs.ErrNotExist
		}
		if err != nil {
			f.Close()
			return nil, fsError(err)
		}
	}
	return &object{s: s, path: p, f: f, size: st.Size(), at: st.ModTime(), removed: removed}, nil
}

// Stat implements blob.Store.
func (s *Store) Stat(ctx context.Context, k string) (int64, error) {
	p, err := s.path(k)
	if err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	st, err := os.Stat(p)
	if err == nil && !st.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return 0, fsError(err)
	}
	return st.Size(), nil
}

// Delete implements blob.Store. Emptied folders stay: another write may be about to use them.
func (s *Store) Delete(ctx context.Context, k string) error {
	p, err := s.path(k)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	defer s.handles.forget(p)
	if err := s.ops.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return fsError(err)
	}
	return nil
}

// Keys implements blob.Store.
func (s *Store) Keys(ctx context.Context, prefix string, f func(string, int64) error) error {
	if err := blob.CheckPrefix(prefix); err != nil {
		return err
	}
	// Only the folder that all of these keys lie in: the whole may be millions of files.
	top := filepath.Join(s.root, filepath.FromSlash(prefix[:strings.LastIndexByte(prefix, '/')+1]))
	return filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
				return nil // deleted meanwhile
			}
			return fsError(err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == tmpDir {
				return fs.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(s.root, p)
		if err != nil {
			return err
		}
		k := key(rel)
		if blob.CheckKey(k) != nil || !strings.HasPrefix(k, prefix) {
			return nil
		}
		st, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fsError(err)
		}
		return f(k, st.Size())
	})
}

type object struct {
	s       *Store
	path    string
	f       *os.File
	size    int64
	at      time.Time
	removed int64 // of handles, when it was opened
	closed  atomic.Bool
}

func (o *object) Read(p []byte) (int, error) {
	if o.closed.Load() {
		return 0, os.ErrClosed
	}
	return o.f.Read(p)
}

func (o *object) ReadAt(p []byte, off int64) (int, error) {
	if o.closed.Load() {
		return 0, os.ErrClosed
	}
	return o.f.ReadAt(p, off)
}

func (o *object) Seek(off int64, whence int) (int64, error) {
	if o.closed.Load() {
		return 0, os.ErrClosed
	}
	return o.f.Seek(off, whence)
}

// Close gives the file back: it may stay open for the next reader.
func (o *object) Close() error {
	if o.closed.Swap(true) {
		return os.ErrClosed
	}
	return o.s.handles.keep(o.path, o.f, o.removed)
}

func (o *object) Size() int64        { return o.size }
func (o *object) ModTime() time.Time { return o.at }
func (o *object) File() *os.File     { return o.f }

// fsError gives an error of the operating system its code. The path stays in the cause, for the log.
func fsError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return hub.Wrap(err, hub.NotFound, "There is no such object in the store.")
	}
	return blob.FullDisk(err)
}
