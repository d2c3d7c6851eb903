package pack

import (
	"bufio"
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/ambit-hub/ambit/internal/hub"
)

// spool keeps growing bytes: in memory while they are few, then in a file without a name, which the system removes
// with the last descriptor, however the process ends. Not for concurrent use.
type spool struct {
	dir   string
	limit int64 // bytes kept in memory
	size  int64
	mem   []byte
	f     *os.File
	w     *bufio.Writer // over f; what it holds is not in the file yet
}

func (s *spool) Write(b []byte) (int, error) {
	if s.f == nil && s.size+int64(len(b)) > s.limit {
		if err := s.moveToFile(); err != nil {
			return 0, err
		}
	}
	if s.f == nil {
		s.mem = append(s.mem, b...)
		s.size += int64(len(b))
		return len(b), nil
	}
	n, err := s.w.Write(b)
	s.size += int64(n)
	return n, diskError(err)
}

func (s *spool) moveToFile() error {
	f, err := os.CreateTemp(s.dir, "pack-*")
	if err != nil {
		return diskError(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return errors.Join(err, f.Close())
	}
	s.f, s.w = f, bufio.NewWriterSize(f, 256<<10)
	_, err = s.w.Write(s.mem)
	s.mem = nil
	return diskError(err)
}

// ReadAt reads what was written.
func (s *spool) ReadAt(b []byte, off int64) (int, error) {
	if s.f == nil {
		m := memory{data: s.mem}
		return m.ReadAt(b, off)
	}
	if err := s.w.Flush(); err != nil {
		return 0, diskError(err)
	}
	return s.f.ReadAt(b, off)
}

// truncate forgets all bytes from n on.
func (s *spool) truncate(n int64) error {
	if s.f == nil {
		s.mem, s.size = s.mem[:n], n
		return nil
	}
	if err := s.w.Flush(); err != nil {
		return diskError(err)
	}
	if err := s.f.Truncate(n); err != nil {
		return err
	}
	s.size = n
	_, err := s.f.Seek(n, io.SeekStart)
	return err
}

func (s *spool) close() error {
	s.mem = nil
	if s.f == nil {
		return nil
	}
	f := s.f
	s.f = nil
	return f.Close()
}

// diskError gives a full disk its code.
func diskError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return hub.Wrap(err, hub.InsufficientStorage, "The server's disk is full.")
	}
	return err
}
