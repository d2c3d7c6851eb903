package leaks_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/leaks"
)

// object is a large file that counts what is read of it.
type object struct {
	io.Reader
	size   int64
	read   *int64
	closed *int
}

func (o object) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	*o.read += int64(n)
	return n, err
}

func (o object) Close() error { *o.closed++; return nil }
func (o object) Size() int64  { return o.size }

// TestScan reads what is text and small, once, and nothing else.
func TestScan(t *testing.T) {
	format := tokenfmt.ForInstance("5f")
	token := format.Generate()
	files := map[string]string{
		"far.txt":    strings.Repeat("a line of text\n", 20_000) + token,
		"binary.bin": "\x00" + token,
		"late.bin":   strings.Repeat("x", 9000) + "\x00\n" + token, // text as far as one looks
		"large.txt":  token + strings.Repeat("x", 11<<20),
		"short":      token,
		"empty":      "",
	}
	var list []leaks.Large
	for _, path := range []string{"far.txt", "binary.bin", "late.bin", "large.txt", "short", "empty", "gone"} {
		list = append(list, leaks.Large{Path: path, Digest: hub.Digest(path)}, leaks.Large{Path: "again/" + path, Digest: hub.Digest(path)})
	}
	var read int64
	opened, closed := 0, 0
	f := format.Finder()
	err := leaks.Scan(context.Background(), f, list, func(_ context.Context, d hub.Digest) (leaks.Object, error) {
		content, ok := files[string(d)]
		if !ok {
			return nil, hub.Errorf(hub.NotFound, "no such object")
		}
		opened++
		return object{bytes.NewReader([]byte(content)), int64(len(content)), &read, &closed}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range f.Found() {
		got = append(got, fmt.Sprintf("%s:%d", x.Path, x.Line))
	}
	if want := "[far.txt:20001 late.bin:2 short:1]"; fmt.Sprint(got) != want {
		t.Errorf("found %v, want %s", got, want)
	}
	if opened != 6 || closed != opened || read > 400_000 {
		t.Errorf("%d opened, %d closed, %d bytes read", opened, closed, read)
	}
}
