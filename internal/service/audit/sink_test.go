package audit

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// TestATornNoteSpoilsNoOther: a write that fails half-way, as on a full disk, leaves a part of a note. The next note must not
// follow it on the same line, or neither could be read.
func TestATornNoteSpoilsNoOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes")
	k := &sink{path: path}
	sizeOf := func(note []byte) (int64, error) {
		text, ok := bytes.CutSuffix(bytes.TrimPrefix(note, []byte("size ")), []byte("\n"))
		if !ok {
			return 0, errors.New("torn")
		}
		return strconv.ParseInt(string(text), 10, 64)
	}
	if n, _, err := k.last(sizeOf); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if err := k.append(1, []byte("size 1\n")); err != nil {
		t.Fatal(err)
	}
	// What the system does when the disk is full: some bytes, and an error.
	if err := os.Rename(path, path+".kept"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	if err := k.append(2, []byte("size 2\n")); err == nil {
		t.Fatal("a full disk took a note")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".kept", path); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(separator + "siz"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if n, _, err := k.last(sizeOf); n != 1 || err != nil {
		t.Fatalf("the last whole note: %d, %v", n, err)
	}
	if err := k.append(2, []byte("size 2\n")); err != nil {
		t.Fatal(err)
	}
	var got []int64
	err = k.each(func(note []byte, _ int64) {
		n, err := sizeOf(note)
		if err != nil {
			t.Errorf("%q: %v", note, err)
		}
		got = append(got, n)
	})
	if err != nil || len(got) != 2 || got[1] != 2 {
		t.Errorf("notes %v, %v", got, err)
	}
}
