//go:build unix

package gitrepo

import (
	"os"
	"syscall"
)

// sameOwner tells whether two folders belong to the same user.
func sameOwner(a, b string) (bool, error) {
	x, err := os.Stat(a)
	if err != nil {
		return false, err
	}
	y, err := os.Stat(b)
	if err != nil {
		return false, err
	}
	u, ok1 := x.Sys().(*syscall.Stat_t)
	v, ok2 := y.Sys().(*syscall.Stat_t)
	return ok1 && ok2 && u.Uid == v.Uid, nil
}
