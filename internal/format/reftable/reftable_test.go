package reftable

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestGitsTables reads the tables of a repository that git wrote with blocks of 512 bytes: a packed one with an index and a log,
// then one new branch, then one deleted. refs.txt is what git for-each-ref said of it.
func TestGitsTables(t *testing.T) {
	now := map[string]string{}
	for i, name := range []string{"1.ref", "2.ref", "3.ref"} {
		refs, err := Refs(read(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if want := []int{62, 1, 1}[i]; len(refs) != want {
			t.Errorf("%s: %d refs", name, len(refs))
		}
		for _, r := range refs {
			switch r.Kind {
			case Deleted:
				delete(now, r.Name)
			case Symbolic:
				if r.Name != "HEAD" || r.To != "refs/heads/main" {
					t.Errorf("%s: %+v", name, r)
				}
			default:
				now[r.Name] = r.Target.String()
			}
		}
	}
	var got strings.Builder
	for _, name := range slices.Sorted(maps.Keys(now)) {
		fmt.Fprintf(&got, "%s %s\n", now[name], name)
	}
	if want := string(read(t, "refs.txt")); got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
	if _, err := Refs(read(t, "sha256.ref")); err != ErrSHA256 {
		t.Errorf("SHA-256: %v", err)
	}
}

// sealed puts the checksum right, so that what is behind it is looked at.
func sealed(b []byte) []byte {
	b = slices.Clone(b)
	if len(b) > headerV1+footerTail {
		end := len(b) - headerV1 - footerTail
		copy(b[end:], b[:headerV1])
		binary.BigEndian.PutUint32(b[len(b)-4:], crc32.ChecksumIEEE(b[end:len(b)-4]))
	}
	return b
}

func TestCorruptTables(t *testing.T) {
	good := read(t, "1.ref")
	edit := func(f func(b []byte)) []byte {
		b := slices.Clone(good)
		f(b)
		return sealed(b)
	}
	for name, b := range map[string][]byte{
		"empty":            nil,
		"another file":     []byte("this is not a table, whatever else it may be, and long enough to be one, if it were one, which it is not"),
		"cut":              good[:len(good)-1],
		"half":             good[:len(good)/2],
		"header alone":     good[:headerV1],
		"changed":          append(slices.Clone(good[:len(good)-1]), good[len(good)-1]^1),
		"version 9":        edit(func(b []byte) { b[4] = 9 }),
		"long block":       edit(func(b []byte) { b[headerV1+1] = 0xff }),
		"short block":      edit(func(b []byte) { b[headerV1+2], b[headerV1+3] = 0, 3 }),
		"many restarts":    edit(func(b []byte) { n := int(b[headerV1+2])<<8 | int(b[headerV1+3]); b[n-2] = 0xff }),
		"shares nothing":   edit(func(b []byte) { b[headerV1+4] = 9 }),
		"unknown kind":     edit(func(b []byte) { b[headerV1+5] |= 7 }),
		"long name":        edit(func(b []byte) { b[headerV1+5] = 0xff; b[headerV1+6] = 0x7f }),
		"out of order":     edit(func(b []byte) { b[headerV1+6] = 'z' }),
		"other block type": edit(func(b []byte) { b[512] = 'x' }),
	} {
		if refs, err := Refs(b); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %d refs, %v", name, len(refs), err)
		}
	}
}

func FuzzRefs(f *testing.F) {
	for _, name := range []string{"1.ref", "2.ref", "3.ref", "sha256.ref"} {
		f.Add(read(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		refs, err := Refs(sealed(b))
		if err != nil && !errors.Is(err, ErrCorrupt) && err != ErrSHA256 {
			t.Errorf("%v", err)
		}
		if !slices.IsSortedFunc(refs, func(a, b Record) int { return strings.Compare(a.Name, b.Name) }) {
			t.Error("not in order")
		}
	})
}
