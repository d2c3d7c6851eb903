package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

func list(t *testing.T, s blob.Store, prefix string) map[string]int64 {
	t.Helper()
	got := map[string]int64{}
	err := s.Keys(ctx, prefix, func(k string, n int64) error {
		if _, twice := got[k]; twice {
			t.Errorf("%s comes twice", k)
		}
		got[k] = n
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func listing(t *testing.T, s blob.Store) {
	if got := list(t, s, ""); len(got) != 0 {
		t.Errorf("an empty store has %v", got)
	}
	all := map[string]int64{}
	for i, key := range []string{LargeKey([]byte("one")), LargeKey([]byte("two")), "pack/a/1", "pack/a/10", "pack/ab/1", "part/1"} {
		put(t, s, key, Bytes(i))
		all[key] = int64(i)
	}
	for _, prefix := range []string{"", "lfs/", "pack/a", "pack/a/", "pack/a/1", "part/1", "p", "x"} {
		want := map[string]int64{}
		for k, n := range all {
			if strings.HasPrefix(k, prefix) {
				want[k] = n
			}
		}
		if got := list(t, s, prefix); !maps.Equal(got, want) {
			t.Errorf("%q: %v, want %v", prefix, got, want)
		}
	}
	boom, calls := errors.New("boom"), 0
	err := s.Keys(ctx, "", func(string, int64) error { calls++; return boom })
	if err != boom || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func deletes(t *testing.T, s blob.Store) {
	b := Bytes(1000)
	put(t, s, "a/k", b)
	o, err := s.Open(ctx, "a/k")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for range 2 {
		if err := s.Delete(ctx, "a/k"); err != nil {
			t.Fatal(err)
		}
		Absent(t, s, "a/k")
	}
	if got, err := io.ReadAll(o); err != nil || !bytes.Equal(got, b) {
		t.Errorf("an open object lost its bytes: %d, %v", len(got), err)
	}
	put(t, s, "a/k", []byte("other")) // the key is free again
	want(t, s, "a/k", []byte("other"))
}

func objects(t *testing.T, s blob.Store) {
	b := Bytes(100_000)
	before := time.Now().Add(-time.Minute)
	put(t, s, "k", b)
	o, err := s.Open(ctx, "k")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if o.ModTime().Before(before) || o.ModTime().After(time.Now().Add(time.Minute)) {
		t.Errorf("stored at %v", o.ModTime())
	}
	if end, err := o.Seek(-10, io.SeekEnd); err != nil || end != 99_990 {
		t.Errorf("sought to %d, %v", end, err)
	}
	if got, err := io.ReadAll(o); err != nil || !bytes.Equal(got, b[99_990:]) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			p := make([]byte, 1000)
			if n, err := o.ReadAt(p, int64(i)*1000); n != 1000 || err != nil || !bytes.Equal(p, b[i*1000:(i+1)*1000]) {
				t.Errorf("read %d, %v", n, err)
			}
		})
	}
	wg.Wait()
	if n, err := o.ReadAt(make([]byte, 10), 99_995); n != 5 || err != io.EOF {
		t.Errorf("beyond the end: %d, %v", n, err)
	}
	if f := o.File(); f != nil {
		if st, err := f.Stat(); err != nil || st.Size() != o.Size() {
			t.Errorf("the file is not the object: %v %v", st, err)
		}
	}
}

func compose(t *testing.T, s blob.Store) {
	var parts []string
	var whole []byte
	for i, n := range []int{1 << 20, 0, 1, 5<<20 + 3} {
		b := Bytes(n)
		key := fmt.Sprintf("part/u/%d", i+1)
		put(t, s, key, b)
		parts, whole = append(parts, key), append(whole, b...)
	}
	size := int64(len(whole))
	for i, e := range []blob.Expect{blob.Any, {Size: size}, {Size: size, SHA256: Sum(whole)}, {Size: -1, SHA256: Sum(whole)}} {
		key := fmt.Sprintf("whole/%d", i)
		info, err := s.Compose(ctx, key, parts, e)
		if err != nil || info.Size != size || info.SHA256 != e.SHA256 {
			t.Fatalf("%+v: %+v %v", e, info, err)
		}
		want(t, s, key, whole)
	}
	for _, p := range parts {
		if _, err := s.Stat(ctx, p); err != nil {
			t.Errorf("a part is gone: %v", err)
		}
	}
	if _, err := s.Compose(ctx, "whole/0", parts, blob.Any); err != nil {
		t.Errorf("again: %v", err)
	}
	_, err := s.Compose(ctx, "whole/0", parts[:1], blob.Any)
	code(t, err, hub.Conflict)
	want(t, s, "whole/0", whole)
	if _, err := s.Compose(ctx, "empty", nil, blob.Expect{Size: 0, SHA256: Sum(nil)}); err != nil {
		t.Error(err)
	}
	want(t, s, "empty", nil)
	if _, err := s.Compose(ctx, "twice", []string{parts[0], parts[0]}, blob.Any); err != nil {
		t.Error(err)
	}
	want(t, s, "twice", append(Bytes(1<<20), Bytes(1<<20)...))
	var many []string
	for range 3000 { // more than a process may have open
		many = append(many, parts[2])
	}
	if _, err := s.Compose(ctx, "many", many, blob.Expect{Size: 3000}); err != nil {
		t.Error(err)
	}
	if _, err := s.Compose(ctx, "many-checked", many, blob.Expect{Size: 3000, SHA256: Sum(bytes.Repeat(Bytes(1), 3000))}); err != nil {
		t.Error(err)
	}
}

func composePromises(t *testing.T, s blob.Store) {
	put(t, s, "p1", []byte("abc"))
	for _, c := range []struct {
		parts []string
		e     blob.Expect
		code  hub.Code
	}{
		{[]string{"p1", "p2"}, blob.Any, hub.NotFound},
		{[]string{"p1"}, blob.Expect{Size: 4}, hub.Unprocessable},
		{[]string{"p1"}, blob.Expect{Size: 2}, hub.Unprocessable},
		{[]string{"p1"}, blob.Expect{Size: 3, SHA256: Sum([]byte("abd"))}, hub.Unprocessable},
	} {
		_, err := s.Compose(ctx, "whole", c.parts, c.e)
		code(t, err, c.code)
		Absent(t, s, "whole")
	}
}

func gone(t *testing.T, s blob.Store) {
	put(t, s, "k", []byte("abc"))
	c, cancel := context.WithCancel(ctx)
	pr, pw := io.Pipe()
	done := make(chan error)
	go func() {
		_, err := s.Create(c, "new", pr, blob.Any)
		done <- err
	}()
	if _, err := pw.Write(Bytes(100)); err != nil {
		t.Fatal(err)
	}
	cancel()
	pw.CloseWithError(io.ErrUnexpectedEOF) // as a server does with the body of a client that went
	if err := <-done; err == nil {
		t.Error("a stream that was cut was stored")
	}
	Absent(t, s, "new")
	_, err := s.Create(c, "new", strings.NewReader("x"), blob.Any)
	canceled(t, err)
	_, err = s.Compose(c, "new", []string{"k"}, blob.Any)
	canceled(t, err)
	_, err = s.Open(c, "k")
	canceled(t, err)
	_, err = s.Stat(c, "k")
	canceled(t, err)
	canceled(t, s.Delete(c, "k"))
	canceled(t, s.Keys(c, "", func(string, int64) error { return nil }))
	Absent(t, s, "new")
	want(t, s, "k", []byte("abc"))
}

func canceled(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// races lets many write the same keys while others read and delete: what is there is always whole.
func races(t *testing.T, s blob.Store) {
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 20 {
				b := Bytes(10_000 + i%4)
				_, err := s.Create(ctx, LargeKey(b), bytes.NewReader(b), blob.Expect{Size: int64(len(b)), SHA256: Sum(b)})
				if err != nil && !hub.Is(err, hub.Unavailable) {
					t.Error(err)
				}
				if w == 0 {
					if err := s.Delete(ctx, LargeKey(b)); err != nil {
						t.Error(err)
					}
					continue
				}
				o, err := s.Open(ctx, LargeKey(b))
				if hub.Is(err, hub.NotFound) {
					continue
				}
				if err != nil {
					t.Error(err)
					continue
				}
				if got, err := io.ReadAll(o); err != nil || !bytes.Equal(got, b) {
					t.Errorf("half an object: %d bytes, %v", len(got), err)
				}
				o.Close()
			}
		})
	}
	wg.Wait()
}
