package blobtest

import (
	"fmt"
	"sync"

	"github.com/ambit-hub/ambit/internal/store/blob/fs"
)

// Faults are file operations that fail when told to, and remember what was done, in order.
type Faults struct {
	under fs.Ops

	mu   sync.Mutex // guards what follows
	log  []Step
	at   int // number of the step that fails, counted from 1; 0 none
	err  error
	dead bool // every step from then on fails too, as for a process that was killed
}

// Step is one operation that was asked for.
type Step struct {
	Op   string // create, write, sync, close, mkdir, rename, remove, syncdir
	Path string
	To   string // of rename
	N    int    // of write: bytes
}

// String returns the operation and its path.
func (s Step) String() string { return s.Op + " " + s.Path }

// NewFaults makes operations that do as the system does until Fail or Kill is called.
func NewFaults() *Faults { return &Faults{under: fs.System} }

// Fail makes the n-th step from now fail once with err. A write stores half of its bytes first.
func (f *Faults) Fail(n int, err error) { f.arm(n, err, false) }

// Kill makes the n-th step from now and all later ones fail.
func (f *Faults) Kill(n int) { f.arm(n, fmt.Errorf("killed"), true) }

func (f *Faults) arm(n int, err error, dead bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log, f.at, f.err, f.dead = nil, n, err, dead
}

// Steps returns what was done since the last call of Fail or Kill.
func (f *Faults) Steps() []Step {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Step(nil), f.log...)
}

func (f *Faults) step(s Step) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = append(f.log, s)
	if n := len(f.log); n == f.at || f.dead && f.at > 0 && n > f.at {
		return fmt.Errorf("%s: %w", s, f.err)
	}
	return nil
}

// CreateTemp implements fs.Ops.
func (f *Faults) CreateTemp(dir string) (fs.File, error) {
	if err := f.step(Step{Op: "create", Path: dir}); err != nil {
		return nil, err
	}
	file, err := f.under.CreateTemp(dir)
	if err != nil {
		return nil, err
	}
	return &faultyFile{file, f}, nil
}

// Mkdir implements fs.Ops.
func (f *Faults) Mkdir(dir string) error {
	if err := f.step(Step{Op: "mkdir", Path: dir}); err != nil {
		return err
	}
	return f.under.Mkdir(dir)
}

// Rename implements fs.Ops.
func (f *Faults) Rename(from, to string) error {
	if err := f.step(Step{Op: "rename", Path: from, To: to}); err != nil {
		return err
	}
	return f.under.Rename(from, to)
}

// Remove implements fs.Ops.
func (f *Faults) Remove(path string) error {
	if err := f.step(Step{Op: "remove", Path: path}); err != nil {
		return err
	}
	return f.under.Remove(path)
}

// SyncDir implements fs.Ops.
func (f *Faults) SyncDir(dir string) error {
	if err := f.step(Step{Op: "syncdir", Path: dir}); err != nil {
		return err
	}
	return f.under.SyncDir(dir)
}

type faultyFile struct {
	fs.File
	f *Faults
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if err := f.f.step(Step{Op: "write", Path: f.Name(), N: len(p)}); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

func (f *faultyFile) Sync() error {
	if err := f.f.step(Step{Op: "sync", Path: f.Name()}); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultyFile) Close() error {
	err := f.f.step(Step{Op: "close", Path: f.Name()})
	if cerr := f.File.Close(); err == nil {
		err = cerr
	}
	return err
}
