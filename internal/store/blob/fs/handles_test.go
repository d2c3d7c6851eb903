package fs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
)

// openFiles counts the files below root that this process has open, removed ones too.
func openFiles(t *testing.T, root string) (n int) {
	t.Helper()
	fds, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && bytes.HasPrefix([]byte(to), []byte(root)) {
			n++
		}
	}
	return n
}

// TestFilesStayOpen holds that files are used again after their readers have gone, from their start on, and never when they have
// been removed or replaced; and that few stay open.
func TestFilesStayOpen(t *testing.T) {
	root := t.TempDir()
	s, err := fs.New(root)
	if err != nil {
		t.Fatal(err)
	}
	put := func(key, text string) {
		t.Helper()
		if _, err := s.Create(ctx, key, bytes.NewReader([]byte(text)), blob.Any); err != nil {
			t.Fatal(err)
		}
	}
	read := func(key string) string {
		t.Helper()
		o, err := s.Open(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(o)
		if err != nil || int64(len(text)) != o.Size() {
			t.Fatalf("%d of %d bytes: %v", len(text), o.Size(), err)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
			t.Errorf("reading after Close: %v", err)
		}
		if err := o.Close(); err == nil {
			t.Error("closed twice")
		}
		return string(text)
	}
	put("a", "first")
	for range 3 {
		if got := read("a"); got != "first" {
			t.Errorf("got %q", got)
		}
	}
	if n := openFiles(t, root); n != 1 {
		t.Errorf("%d files are open", n)
	}
	// Two readers at a time do not disturb each other.
	x, err := s.Open(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	io.CopyN(io.Discard, x, 3)
	if got := read("a"); got != "first" {
		t.Errorf("got %q", got)
	}
	if rest, err := io.ReadAll(x); err != nil || string(rest) != "st" {
		t.Errorf("got %q %v", rest, err)
	}
	// Removed: not found by anybody new, readable by who has it, and nothing stays open.
	if err := s.Delete(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(ctx, "a"); !hub.Is(err, hub.NotFound) {
		t.Errorf("a removed object: %v", err)
	}
	if _, err := x.Seek(0, io.SeekStart); err != nil {
		t.Error(err)
	}
	if text, err := io.ReadAll(x); err != nil || string(text) != "first" {
		t.Errorf("got %q %v", text, err)
	}
	x.Close()
	if n := openFiles(t, root); n != 0 {
		t.Errorf("%d files are open after the removal", n)
	}
	put("a", "second")
	if got := read("a"); got != "second" {
		t.Errorf("got %q", got)
	}
	// Replaced behind our back.
	if err := os.WriteFile(filepath.Join(root, "b"), []byte("third"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(root, "b"), filepath.Join(root, "a")); err != nil {
		t.Fatal(err)
	}
	if got := read("a"); got != "third" {
		t.Errorf("got %q", got)
	}
	for i := range 300 {
		key := fmt.Sprintf("many/%d", i)
		put(key, key)
		if got := read(key); got != key {
			t.Errorf("got %q", got)
		}
	}
	if n := openFiles(t, root); n > 64 {
		t.Errorf("%d files are open", n)
	}
}
