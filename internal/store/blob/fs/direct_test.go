package fs

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
	"testing/iotest"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

func randomBytes(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n)})
	r.Read(b)
	return b
}

// Files of every alignment come back as they went in, whichever way they were written.
func TestDirectWritesOfEveryLength(t *testing.T) {
	s, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for i, n := range []int{directFrom - 1, directFrom, directFrom + 1, directFrom + directAlign - 1, directFrom + directAlign, 5*directBuffer + 3*directAlign, 5*directBuffer + 77} {
		want := randomBytes(n)
		sum := sha256.Sum256(want)
		d := hub.Digest(hex.EncodeToString(sum[:]))
		var src io.Reader = bytes.NewReader(want)
		if i%2 == 1 {
			src = iotest.HalfReader(src)
		}
		info, err := s.Create(ctx, "lfs/"+string(d), src, blob.Expect{Size: int64(n), SHA256: d})
		if err != nil || info.Size != int64(n) || info.SHA256 != d {
			t.Fatalf("%d bytes: %+v, %v", n, info, err)
		}
		o, err := s.Open(ctx, "lfs/"+string(d))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(o)
		o.Close()
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %d came back, %v", n, len(got), err)
		}
	}
}

func TestDirectWritesThatFailLeaveNothing(t *testing.T) {
	s, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	data := randomBytes(directFrom + 10)
	broken := errors.New("the client has gone")
	for name, c := range map[string]struct {
		src  io.Reader
		e    blob.Expect
		want error
		code hub.Code
	}{
		"breaks off":        {io.MultiReader(bytes.NewReader(data[:directBuffer+5]), iotest.ErrReader(broken)), blob.Expect{Size: int64(len(data))}, broken, ""},
		"breaks off as EOF": {io.MultiReader(bytes.NewReader(data[:100]), iotest.ErrReader(io.ErrUnexpectedEOF)), blob.Expect{Size: int64(len(data))}, io.ErrUnexpectedEOF, ""},
		"too short":         {bytes.NewReader(data[:len(data)-1]), blob.Expect{Size: int64(len(data))}, nil, hub.Unprocessable},
		"too long":          {bytes.NewReader(append(data, 1)), blob.Expect{Size: int64(len(data))}, nil, hub.Unprocessable},
		"wrong sum":         {bytes.NewReader(data), blob.Expect{Size: int64(len(data)), SHA256: hub.Digest(strings.Repeat("0", 64))}, nil, hub.Unprocessable},
	} {
		_, err := s.Create(ctx, "lfs/x", c.src, c.e)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || c.code != "" && !hub.Is(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Stat(ctx, "lfs/x"); !hub.Is(err, hub.NotFound) {
			t.Errorf("%s: something was stored: %v", name, err)
		}
	}
}

func TestDirectWritesEndWithAPanic(t *testing.T) {
	s, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("the panic was swallowed")
		}
		if _, err := s.Stat(context.Background(), "lfs/x"); !hub.Is(err, hub.NotFound) {
			t.Errorf("something was stored: %v", err)
		}
	}()
	s.Create(context.Background(), "lfs/x", panicReader{}, blob.Expect{Size: directFrom})
}

type panicReader struct{}

func (panicReader) Read([]byte) (int, error) { panic("reader") }
