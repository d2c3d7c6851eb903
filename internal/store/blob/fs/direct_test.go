package fs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
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

// Only so many writes at a time take the large buffers; the others do without, and come out the same.
func TestDirectWritesAreBounded(t *testing.T) {
	s, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const writers = directWrites + 4
	data := randomBytes(directFrom + 5)
	var begun, ended sync.WaitGroup
	begun.Add(writers)
	goOn := make(chan struct{})
	for i := range writers {
		ended.Go(func() {
			first := true
			src := readerFunc(func(p []byte) (int, error) {
				if first {
					first = false
					begun.Done()
					<-goOn
				}
				return 0, io.EOF
			})
			key := fmt.Sprintf("many/%d", i)
			if _, err := s.Create(context.Background(), key, io.MultiReader(src, bytes.NewReader(data)), blob.Expect{Size: int64(len(data))}); err != nil {
				t.Error(err)
			}
		})
	}
	begun.Wait()
	if n := s.direct.Load(); n > directWrites {
		t.Errorf("%d writes take large buffers", n)
	}
	close(goOn)
	ended.Wait()
	if n := s.direct.Load(); n != 0 {
		t.Errorf("%d writes are still counted", n)
	}
	for i := range writers {
		o, err := s.Open(context.Background(), fmt.Sprintf("many/%d", i))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(o); err != nil || !bytes.Equal(got, data) {
			t.Errorf("write %d: %d bytes, %v", i, len(got), err)
		}
		o.Close()
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
