package fault

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/ambit-hub/ambit/internal/store/blob/fs"
)

// breaker counts the steps of a store in this process that change what is on disk or make it durable: those of files, and
// the COMMITs. At a step it can fail, or do something, such as taking a picture of the folder.
type breaker struct {
	mu    sync.Mutex // guards all below
	n     int        // steps since arm
	at    int        // the step that fails; 0: none
	err   error
	each  func(step string) // called before each step, and after each COMMIT; nil: nothing
	names []string
}

// arm starts to count anew.
func (b *breaker) arm(at int, err error, each func(string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n, b.at, b.err, b.each, b.names = 0, at, err, each, nil
}

// steps returns what was done since arm.
func (b *breaker) steps() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.names
}

func (b *breaker) step(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	b.names = append(b.names, name)
	if b.each != nil {
		b.each(name)
	}
	if b.n == b.at {
		return fmt.Errorf("%s: %w", name, b.err)
	}
	return nil
}

// trial is for meta.Options: a COMMIT can fail, and can succeed without the answer getting through.
func (b *breaker) trial(done bool) error {
	if done {
		return b.step("committed")
	}
	return b.step("commit")
}

func (b *breaker) CreateTemp(dir string) (fs.File, error) {
	if err := b.step("create"); err != nil {
		return nil, err
	}
	f, err := fs.System.CreateTemp(dir)
	if err != nil {
		return nil, err
	}
	return &breakingFile{f, b}, nil
}

func (b *breaker) Mkdir(dir string) error {
	if err := b.step("mkdir"); err != nil {
		return err
	}
	return fs.System.Mkdir(dir)
}

func (b *breaker) Rename(from, to string) error {
	if err := b.step("rename"); err != nil {
		return err
	}
	return fs.System.Rename(from, to)
}

func (b *breaker) Remove(path string) error {
	if err := b.step("remove"); err != nil {
		return err
	}
	return fs.System.Remove(path)
}

func (b *breaker) SyncDir(dir string) error {
	if err := b.step("syncdir"); err != nil {
		return err
	}
	return fs.System.SyncDir(dir)
}

type breakingFile struct {
	fs.File
	b *breaker
}

func (f *breakingFile) Write(p []byte) (int, error) {
	if err := f.b.step("write"); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

func (f *breakingFile) Sync() error {
	if err := f.b.step("sync"); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *breakingFile) Close() error {
	return errors.Join(f.b.step("close"), f.File.Close())
}

// copyFolder takes a picture of a folder as a kill at this moment would leave it: what was written is there, synced or
// not.
func copyFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		return errors.Join(err, out.Close())
	})
}
