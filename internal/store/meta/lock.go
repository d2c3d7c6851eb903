package meta

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Lock takes the data folder dir for this process until the result is closed or the process ends. Whoever opens an
// embedded store for writing takes it first. Conflict when another process has it.
func Lock(dir string) (io.Closer, error) {
	f, err := os.OpenFile(filepath.Join(dir, "ambit.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the data folder: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	if cerr := f.Close(); cerr != nil {
		err = errors.Join(err, cerr)
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, hub.Wrap(err, hub.Conflict, "Another Ambit process is using this data folder.")
	}
	return nil, fmt.Errorf("locking the data folder: %w", err)
}
