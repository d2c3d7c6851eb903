// Package blobtest is the suite that every blob store passes, and file operations that fail when told to.
package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

var ctx = context.Background()

// Run holds a store to the contract of blob.Store. open makes an empty one.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	for name, test := range map[string]func(*testing.T, blob.Store){
		"round trip": roundTrip, "promises": promises, "readers": readers, "existing keys": existing,
		"keys": keys, "listing": listing, "delete": deletes, "objects": objects, "compose": compose,
		"compose promises": composePromises, "callers who go": gone, "races": races,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// Bytes returns n bytes that look random and are always the same.
func Bytes(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n)})
	r.Read(b)
	return b
}

// Sum returns the SHA-256 of b.
func Sum(b []byte) hub.Digest {
	s := sha256.Sum256(b)
	return hub.Digest(hex.EncodeToString(s[:]))
}

// LargeKey is the key under which the hub stores a large file.
func LargeKey(b []byte) string { return "lfs/" + string(Sum(b)) }

func put(t *testing.T, s blob.Store, key string, b []byte) {
	t.Helper()
	info, err := s.Create(ctx, key, bytes.NewReader(b), blob.Expect{Size: int64(len(b)), SHA256: Sum(b)})
	if err != nil {
		t.Fatal(err)
	}
	if info.Size != int64(len(b)) || info.SHA256 != Sum(b) {
		t.Fatalf("stored %+v", info)
	}
}

// want fails unless the object has exactly these bytes.
func want(t *testing.T, s blob.Store, key string, b []byte) {
	t.Helper()
	o, err := s.Open(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	got, err := io.ReadAll(o)
	if err != nil || !bytes.Equal(got, b) || o.Size() != int64(len(b)) {
		t.Fatalf("%s: %d bytes (size %d), want %d; %v", key, len(got), o.Size(), len(b), err)
	}
	if n, err := s.Stat(ctx, key); err != nil || n != int64(len(b)) {
		t.Fatalf("%s: stat says %d, %v", key, n, err)
	}
}

// Absent fails unless nothing at all is stored.
func Absent(t *testing.T, s blob.Store, key string) {
	t.Helper()
	if _, err := s.Open(ctx, key); !hub.Is(err, hub.NotFound) {
		t.Errorf("open %s: %v", key, err)
	}
	if _, err := s.Stat(ctx, key); !hub.Is(err, hub.NotFound) {
		t.Errorf("stat %s: %v", key, err)
	}
	err := s.Keys(ctx, "", func(k string, _ int64) error {
		if k == key {
			t.Errorf("%s is listed", k)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func code(t *testing.T, err error, c hub.Code) {
	t.Helper()
	if got := hub.CodeOf(err); got != c {
		t.Errorf("got %q (%v), want %q", got, err, c)
	}
}

func roundTrip(t *testing.T, s blob.Store) {
	for _, n := range []int{0, 1, 4095, 64 << 10, 512<<10 - 1, 512 << 10, 3<<20 + 7} {
		b := Bytes(n)
		put(t, s, LargeKey(b), b)
		want(t, s, LargeKey(b), b)
	}
	for _, key := range []string{"pack/0123456789abcdef01234567/89abcdef-1f", "part/x/1", "a", "a.b/c_d/e-f.0"} {
		put(t, s, key, []byte(key))
		want(t, s, key, []byte(key))
	}
}

func promises(t *testing.T, s blob.Store) {
	b := Bytes(100_000)
	for name, e := range map[string]blob.Expect{
		"too long":  {Size: 99_999},
		"too short": {Size: 100_001},
		"not empty": {},
		"wrong sum": {Size: 100_000, SHA256: Sum([]byte("other"))},
		"sum only":  {Size: -1, SHA256: Sum([]byte("other"))},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Create(ctx, "k", bytes.NewReader(b), e)
			code(t, err, hub.Unprocessable)
			word := "size"
			if strings.Contains(name, "sum") {
				word = "SHA-256"
			}
			if !strings.Contains(err.Error(), word) && !strings.Contains(err.Error(), "bytes") {
				t.Errorf("%v does not say what is wrong", err)
			}
			Absent(t, s, "k")
		})
	}
	info, err := s.Create(ctx, "k", bytes.NewReader(b), blob.Any)
	if err != nil || info.Size != 100_000 || info.SHA256 != Sum(b) {
		t.Errorf("without promises: %+v %v", info, err)
	}
}

// endless yields bytes without end and counts them.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) { e.n += int64(len(p)); return len(p), nil }

func readers(t *testing.T, s blob.Store) {
	boom := errors.New("boom")
	_, err := s.Create(ctx, "k", io.MultiReader(bytes.NewReader(Bytes(1<<20)), failing{boom}), blob.Any)
	if !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	Absent(t, s, "k")
	e := &endless{}
	_, err = s.Create(ctx, "k", e, blob.Expect{Size: 1 << 20})
	code(t, err, hub.Unprocessable)
	if e.n > 4<<20 {
		t.Errorf("%d bytes were read of a promise of %d", e.n, 1<<20)
	}
	Absent(t, s, "k")
	b := Bytes(10_000)
	_, err = s.Create(ctx, "k", iotest{bytes.NewReader(b)}, blob.Expect{Size: 10_000, SHA256: Sum(b)})
	if err != nil {
		t.Error(err)
	}
	want(t, s, "k", b)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// iotest reads a byte at a time.
type iotest struct{ r io.Reader }

func (i iotest) Read(p []byte) (int, error) { return i.r.Read(p[:min(1, len(p))]) }

func existing(t *testing.T, s blob.Store) {
	b := Bytes(50_000)
	put(t, s, "k", b)
	put(t, s, "k", b)
	_, err := s.Create(ctx, "k", bytes.NewReader(b[1:]), blob.Expect{Size: 50_000, SHA256: Sum(b)})
	code(t, err, hub.Unprocessable) // having the key is not having the bytes
	_, err = s.Create(ctx, "k", bytes.NewReader(b[1:]), blob.Any)
	code(t, err, hub.Conflict)
	want(t, s, "k", b)
}

func keys(t *testing.T, s blob.Store) {
	for _, key := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/../../etc/passwd", ".tmp/x", "a/.b",
		"A", "a b", "a\x00b", "a\\b", "ä", "a:b", "~", "a\n", strings.Repeat("a", blob.MaxKey+1)} {
		_, err := s.Create(ctx, key, strings.NewReader("x"), blob.Any)
		code(t, err, hub.InvalidInput)
		_, err = s.Open(ctx, key)
		code(t, err, hub.InvalidInput)
		_, err = s.Stat(ctx, key)
		code(t, err, hub.InvalidInput)
		code(t, s.Delete(ctx, key), hub.InvalidInput)
		_, err = s.Compose(ctx, key, nil, blob.Any)
		code(t, err, hub.InvalidInput)
		_, err = s.Compose(ctx, "ok", []string{key}, blob.Any)
		code(t, err, hub.InvalidInput)
	}
	for _, prefix := range []string{"..", "/", "a/../", ".tmp", "A"} {
		code(t, s.Keys(ctx, prefix, func(string, int64) error { return nil }), hub.InvalidInput)
	}
	Absent(t, s, "ok")
}
