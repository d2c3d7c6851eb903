package daemon

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/config"
)

// The key file holds what must never lie in the database, so that a stolen database opens nothing and somebody who
// can write the database cannot plant a credential. Before the keys it names the hub that they belong to, on a line
// that identity.ParseKeys takes for a comment.
const instanceLine = "# Keys of the Ambit hub with instance id "

// openKeys loads the key file of the hub with the given instance id, or makes it when there is none and the hub is
// new. The errors are sentences for the operator.
func openKeys(path, instance string, isNew bool) (identity.Keys, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !isNew {
			return identity.Keys{}, refuse(err, "The key file %s is missing, but the database has data. Put it back from the backup: without it every token is void.", path)
		}
		return createKeys(path, instance)
	}
	if err != nil {
		return identity.Keys{}, refuse(err, "The key file %s cannot be read: %v.", path, plainCause(err))
	}
	if info.Mode().Perm()&0o077 != 0 {
		return identity.Keys{}, refuse(nil, "The key file %s may be read by other users of this machine (mode %04o). If nobody else had it, run chmod 600 on it and start again.", path, info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return identity.Keys{}, refuse(err, "The key file %s cannot be read: %v.", path, plainCause(err))
	}
	first, _, _ := bytes.Cut(b, []byte("\n"))
	owner, ok := strings.CutPrefix(string(first), instanceLine)
	keys, err := identity.ParseKeys(b)
	if err != nil || !ok {
		return identity.Keys{}, refuse(err, "The key file %s is damaged. Put it back from the backup.", path)
	}
	if strings.TrimSpace(owner) != instance {
		return identity.Keys{}, refuse(nil, "The key file %s belongs to another hub than the database.", path)
	}
	return keys, nil
}

func createKeys(path, instance string) (identity.Keys, error) {
	// A crash in an earlier attempt may have left its temporary file.
	left, _ := filepath.Glob(path + tempSuffix + "*")
	for _, p := range left {
		if err := os.Remove(p); err != nil {
			return identity.Keys{}, refuse(err, "The file %s cannot be removed: %v.", p, plainCause(err))
		}
	}
	keys := identity.GenerateKeys()
	b := append([]byte(instanceLine+instance+"\n"), keys.Marshal()...)
	if err := writeNew(path, b); err != nil {
		return identity.Keys{}, refuse(err, "The key file %s cannot be written: %v.", path, plainCause(err))
	}
	return keys, nil
}

// instanceOf returns the id of the hub whose key file lies at path, "" when there is none.
func instanceOf(cfg *config.Config) string {
	b, err := os.ReadFile(cfg.KeysPath())
	if err != nil {
		return ""
	}
	first, _, _ := bytes.Cut(b, []byte("\n"))
	owner, _ := strings.CutPrefix(string(first), instanceLine)
	return strings.TrimSpace(owner)
}
