package daemon

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// keyFile is keys.json: what must never lie in the database, so that a stolen database opens nothing and somebody
// who can write the database cannot plant a credential. The first key of a list is the one in use; older ones
// stay valid for what they made.
type keyFile struct {
	Version  int      `json:"version"`
	Instance string   `json:"instance"` // the hub's id; the database holds it too, so that strangers are not mixed up
	Tokens   []oneKey `json:"tokens"`   // HMAC-SHA-256 of token values, session cookies and set-up links
	Tickets  []oneKey `json:"tickets"`  // HMAC-SHA-256 of short-lived upload and download tickets
}

type oneKey struct {
	ID     string `json:"id"`
	Secret []byte `json:"secret"` // 32 bytes
}

const keyFileVersion = 1

// loadKeys reads the key file. The errors are sentences for the operator; fs.ErrNotExist is in the chain when there is none.
func loadKeys(path string) (*keyFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, refuse(nil, "The key file %s may be read by other users of this machine (mode %04o). If nobody else had it, run chmod 600 on it and start again.", path, info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var k keyFile
	// The parser's error may quote the file, so it is not passed on.
	if json.Unmarshal(b, &k) != nil || len(k.Tokens) == 0 || len(k.Tickets) == 0 {
		return nil, refuse(nil, "The key file %s is damaged. Put it back from the backup.", path)
	}
	if k.Version != keyFileVersion {
		return nil, refuse(nil, "The key file %s has version %d; this program reads version %d.", path, k.Version, keyFileVersion)
	}
	if _, err := hub.ParseID(k.Instance); err != nil {
		return nil, refuse(nil, "The key file %s is damaged. Put it back from the backup.", path)
	}
	for _, ks := range [][]oneKey{k.Tokens, k.Tickets} {
		for _, x := range ks {
			if x.ID == "" || len(x.Secret) != 32 {
				return nil, refuse(nil, "The key file %s is damaged. Put it back from the backup.", path)
			}
		}
	}
	return &k, nil
}

// createKeys makes a key file with fresh keys.
func createKeys(path string) (*keyFile, error) {
	k := &keyFile{Version: keyFileVersion, Instance: string(hub.NewID()), Tokens: []oneKey{newKey("t1")}, Tickets: []oneKey{newKey("k1")}}
	b, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := writeNew(path, append(b, '\n')); err != nil {
		return nil, refuse(err, "The key file %s cannot be written: %v.", path, plainCause(err))
	}
	return k, nil
}

// openKeys loads the key file, or makes one when there is none. instance is what the database says, empty when it is new.
func openKeys(path, instance string) (*keyFile, error) {
	k, err := loadKeys(path)
	if errors.Is(err, fs.ErrNotExist) {
		if instance != "" {
			return nil, refuse(nil, "The key file %s is missing, but the database has data. Put it back from the backup: without it every token is void.", path)
		}
		return createKeys(path)
	}
	if err != nil {
		return nil, err
	}
	if instance != "" && instance != k.Instance {
		return nil, refuse(nil, "The key file %s belongs to another hub than the database.", path)
	}
	return k, nil
}

func newKey(id string) oneKey {
	b := make([]byte, 32)
	rand.Read(b)
	return oneKey{ID: id, Secret: b}
}

// text returns the key as a secret that cannot be printed.
func (k oneKey) text() secret.String { return secret.New(string(k.Secret)) }
