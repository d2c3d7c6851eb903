package ssh

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"
)

// sumOf returns the SHA-256 of a public key, by which it is looked up and which its fingerprint shows.
func sumOf(key ssh.PublicKey) [32]byte { return sha256.Sum256(key.Marshal()) }

// HostKey reads the server's key from a file, and makes it, mode 0600 and durable, when there is none. A file that others
// may read is refused.
func HostKey(name string) (ssh.Signer, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		if text, err = newHostKey(name); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the file %s may be read by others: make its mode 0600, and think about a new key", name)
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("the file %s does not hold a private key without a passphrase", name)
	}
	return key, nil
}

func newHostKey(name string) ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "ambit")
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(block)
	f, err := os.CreateTemp(filepath.Dir(name), ".ssh_host_key-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name()) // no effect once it has its name
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return nil, err
	}
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	return text, errors.Join(dir.Sync(), dir.Close())
}
