package fs

import (
	"io"
	"os"
)

// Ops are the file operations that a write depends on. System is the real one; tests put one in between
// that fails or stops at a chosen call.
type Ops interface {
	// CreateTemp makes a new, empty file in dir, readable by its owner only.
	CreateTemp(dir string) (File, error)
	// Mkdir makes one folder; fs.ErrExist when it is there.
	Mkdir(dir string) error
	// Rename moves a file without replacing another; fs.ErrExist when there is one.
	Rename(from, to string) error
	Remove(path string) error
	// SyncDir makes the entries of a folder durable.
	SyncDir(dir string) error
}

// File is a file being written.
type File interface {
	io.Writer
	Name() string
	Sync() error
	// StartWriteback asks the system to begin writing the given bytes to disk, without waiting for it.
	StartWriteback(off, n int64)
	// Direct makes the writes that follow go past the page cache, or not any more. While they do, their addresses,
	// offsets and lengths are multiples of 4096. An error means that the file system cannot do it.
	Direct(on bool) error
	Close() error
}

// System is the operating system.
var System Ops = system{}

type system struct{}

func (system) CreateTemp(dir string) (File, error) {
	f, err := os.CreateTemp(dir, "")
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (system) Mkdir(dir string) error       { return os.Mkdir(dir, 0o700) }
func (system) Rename(from, to string) error { return renameNoReplace(from, to) }
func (system) Remove(path string) error     { return os.Remove(path) }

func (system) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

type osFile struct{ *os.File }

func (f osFile) StartWriteback(off, n int64) { startWriteback(f.File, off, n) }
func (f osFile) Direct(on bool) error        { return setDirect(f.File, on) }
