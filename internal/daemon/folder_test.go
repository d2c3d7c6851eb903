package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/config"
)

func testConfig(t *testing.T) *config.Config {
	t.Helper()
	c := config.Default()
	c.Data = filepath.Join(t.TempDir(), "data")
	return &c
}

func TestFolderIsLocked(t *testing.T) {
	cfg := testConfig(t)
	f, err := openFolder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !f.fresh {
		t.Error("a new folder is not fresh")
	}
	if _, err := openFolder(cfg); !errors.Is(err, ErrInUse) {
		t.Fatalf("second open: %v", err)
	}
	f.Close()
	f, err = openFolder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	for path, want := range map[string]os.FileMode{cfg.Data: 0o700, cfg.LockPath(): 0o600, cfg.BlobsPath(): 0o700, cfg.CachePath(): 0o700} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, want %v", path, info.Mode().Perm(), want)
		}
	}
}

func TestFolderRefusals(t *testing.T) {
	cfg := testConfig(t)
	if err := os.WriteFile(cfg.Data, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(cfg); err == nil || !strings.Contains(err.Error(), "data folder") {
		t.Fatalf("a file as data folder: %v", err)
	}
	cfg = testConfig(t)
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(cfg.Data, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(cfg); err == nil || !strings.Contains(err.Error(), "chmod go-w") {
		t.Fatalf("a folder that others may write: %v", err)
	}
}

func TestKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	k, err := openKeys(path, "")
	if err != nil {
		t.Fatal(err)
	}
	again, err := openKeys(path, k.Instance)
	if err != nil || string(again.Tokens[0].Secret) != string(k.Tokens[0].Secret) {
		t.Fatalf("keys changed between two starts: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v", info.Mode())
	}
	if left, _ := filepath.Glob(path + ".tmp-*"); len(left) != 0 {
		t.Fatalf("temporary files stay behind: %q", left)
	}
	refused := func(what, instance, want string) {
		t.Helper()
		if _, err := openKeys(path, instance); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", what, err, want)
		}
	}
	refused("another hub's database", "019abc019abc019abc019abc", "belongs to another hub")
	os.Chmod(path, 0o640)
	refused("readable by the group", k.Instance, "chmod 600")
	os.Chmod(path, 0o600)
	os.WriteFile(path, []byte(`{"version":1,"instance":"`+k.Instance+`","tokens":[{"id":"t1","secret":"AAAA"}],"tickets":[]}`), 0o600)
	refused("damaged", k.Instance, "is damaged")
	os.WriteFile(path, []byte(strings.Repeat(`{"version":9,"tokens":[{}],"tickets":[{}]}`, 1)), 0o600)
	refused("from the future", k.Instance, "version 9")
	os.Remove(path)
	refused("missing", k.Instance, "is missing, but the database has data")
}
