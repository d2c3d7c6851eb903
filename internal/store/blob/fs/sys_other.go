//go:build !linux

package fs

import (
	"errors"
	"os"
)

func renameNoReplace(from, to string) error { return linkThenRemove(from, to) }

func startWriteback(*os.File, int64, int64) {}

func setDirect(*os.File, bool) error { return errors.ErrUnsupported }
