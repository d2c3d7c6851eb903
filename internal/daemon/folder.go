package daemon

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/ambit-hub/ambit/internal/config"
)

// folder is the data folder while this process uses it. Its lock is held until Close, so that one process at a
// time changes what is in it.
type folder struct {
	lock *os.File
}

// ErrInUse is the cause of openFolder's error when another process holds the folder's lock.
var ErrInUse = errors.New("the data folder is in use by another process")

// openFolder creates the data folder if need be and takes its lock, without waiting. The errors are sentences
// for the operator; ErrInUse is in the chain when the lock is taken.
func openFolder(cfg *config.Config) (*folder, error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, refuse(err, "The data folder %s cannot be created: %v.", cfg.Data, plainCause(err))
	}
	info, err := os.Stat(cfg.Data)
	if err != nil {
		return nil, refuse(err, "The data folder %s cannot be read: %v.", cfg.Data, plainCause(err))
	}
	if !info.IsDir() {
		return nil, refuse(nil, "The data folder %s is a file.", cfg.Data)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return nil, refuse(nil, "The data folder %s may be written by other users of this machine (mode %04o): run chmod go-w on it.", cfg.Data, info.Mode().Perm())
	}
	lock, err := os.OpenFile(cfg.LockPath(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, refuse(err, "The data folder %s cannot be written: %v.", cfg.Data, plainCause(err))
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, refuse(ErrInUse, "Another process uses the data folder %s: a running hub, or a command that has not ended.", cfg.Data)
		}
		return nil, refuse(err, "The data folder %s cannot be locked: %v.", cfg.Data, err)
	}
	f := &folder{lock: lock}
	// What a killed hub left in the cache is of no use to anybody.
	if err := os.RemoveAll(cfg.CachePath()); err != nil {
		f.Close()
		return nil, refuse(err, "The folder %s cannot be emptied: %v.", cfg.CachePath(), plainCause(err))
	}
	for _, dir := range []string{cfg.BlobsPath(), cfg.CachePath()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			f.Close()
			return nil, refuse(err, "The folder %s cannot be created: %v.", dir, plainCause(err))
		}
	}
	return f, nil
}

// Close gives the lock back.
func (f *folder) Close() error { return f.lock.Close() }

// plainCause drops operation and path from an error of the file system, since the sentence names the path.
func plainCause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// tempSuffix marks files that are being written.
const tempSuffix = ".tmp-"

// writeNew puts b into a new file of mode 0600 so that it is there whole or not at all, also after a power cut:
// temporary file, fsync, link, fsync of the folder. An existing file is an error.
func writeNew(path string, b []byte) error {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, filepath.Base(path)+tempSuffix+"*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if _, err := tmp.Write(b); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
