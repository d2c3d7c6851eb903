package daemon

import (
	"context"
	"errors"
	"log/slog"
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
	if _, err := openFolder(cfg); !errors.Is(err, ErrInUse) {
		t.Fatalf("second open: %v", err)
	}
	f.Close()
	f, err = openFolder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	for path, want := range map[string]os.FileMode{cfg.Data: 0o700, cfg.BlobsPath(): 0o700, cfg.CachePath(): 0o700} {
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
	const us, them = "019abc019abc019abc019abc", "019abc019abc019abc019abd"
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path+".tmp-123", []byte("of a crashed start"), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := openKeys(path, us, true)
	if err != nil {
		t.Fatal(err)
	}
	again, err := openKeys(path, us, false)
	if err != nil || string(again.Marshal()) != string(k.Marshal()) {
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
		if _, err := openKeys(path, instance, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", what, err, want)
		}
	}
	refused("another hub's database", them, "belongs to another hub")
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(string(good), 0o640)
	refused("readable by the group", us, "chmod 600")
	write(string(good[:len(good)-10]), 0o600)
	refused("cut short", us, "is damaged")
	write("", 0o600)
	refused("empty", us, "is damaged")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refused("missing", us, "is missing, but the database has data")
}

// A start that was killed between the key file and the database's first row is taken up by the next.
func TestKilledFirstStart(t *testing.T) {
	cfg := testConfig(t)
	f, err := openFolder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	const us = "019abc019abc019abc019abc"
	k, err := createKeys(cfg.KeysPath(), us)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	d, err := OpenOffline(context.Background(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	instance, known, err := d.db.Setting(context.Background(), instanceSetting)
	if err != nil || !known || instance != us {
		t.Fatalf("the hub is %q, its keys are those of %q: %v", instance, us, err)
	}
	again, err := openKeys(cfg.KeysPath(), us, false)
	if err != nil || string(again.Marshal()) != string(k.Marshal()) {
		t.Fatalf("the keys were replaced: %v", err)
	}
}
