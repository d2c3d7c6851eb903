package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/ambit-hub/ambit/internal/config"
)

// maxSocketPath is the length in bytes that a Unix socket's address may have (sun_path in unix(7), less the NUL, on
// the systems that allow least).
const maxSocketPath = 103

// socketAddress returns an address of the operator's socket that is short enough. A long one goes through an open
// handle of the folder; release closes that.
func socketAddress(cfg *config.Config) (addr string, release func(), err error) {
	p := cfg.SocketPath()
	if len(p) <= maxSocketPath {
		return p, func() {}, nil
	}
	if runtime.GOOS != "linux" {
		return "", nil, refuse(nil, "The path %s is too long for a Unix socket (%d bytes at most): choose a shorter data folder.", p, maxSocketPath)
	}
	dir, err := os.Open(cfg.Data)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(p)), func() { dir.Close() }, nil
}

// DialOperator connects to the operator's socket of a running hub. fs.ErrNotExist or ECONNREFUSED in the error's chain mean
// that no hub runs; os.ErrPermission, that it belongs to another user of the machine.
func DialOperator(cfg *config.Config) (net.Conn, error) {
	addr, release, err := socketAddress(cfg)
	if err != nil {
		return nil, err
	}
	defer release()
	return net.Dial("unix", addr)
}

// listenOperator makes the operator's socket, mode 0600. The caller holds the folder's lock, so a socket that is
// there already was left behind by a hub that was killed.
func listenOperator(cfg *config.Config) (net.Listener, func(), error) {
	if err := os.Remove(cfg.SocketPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, refuse(err, "The socket %s cannot be replaced: %v.", cfg.SocketPath(), plainCause(err))
	}
	addr, release, err := socketAddress(cfg)
	if err != nil {
		return nil, nil, err
	}
	// The mode must be right from the first moment, and only the umask can do that.
	old := syscall.Umask(0o177)
	l, err := net.Listen("unix", addr)
	syscall.Umask(old)
	if err != nil {
		release()
		return nil, nil, refuse(err, "The socket %s cannot be made: %v.", cfg.SocketPath(), err)
	}
	return l, release, nil
}

// HoldsHub tells whether the data folder is that of a hub, whole or not.
func HoldsHub(cfg *config.Config) bool {
	for _, p := range []string{cfg.KeysPath(), cfg.SQLitePath()} {
		if _, err := os.Stat(p); err == nil {
			return true
		}
	}
	return false
}
