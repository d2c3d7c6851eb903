package transfer_test

import (
	"context"
	"encoding/base64"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// A commit of twelve files of 9 MiB, a body of 144 MiB, passes without being in memory.
func TestBigCommitStaysOutOfMemory(t *testing.T) {
	store, err := fs.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, transfer.Config{}, testkit.WithBlobs(store))
	g := s.grant("alice.write", access.RepoWrite, public)
	readers := []io.Reader{strings.NewReader(`{"key":"header","value":{"summary":"big"}}` + "\n")}
	for i := range 12 {
		name := string(rune('a' + i))
		text := base64.StdEncoding.EncodeToString([]byte(noise(9<<10, i)))
		readers = append(readers, strings.NewReader(`{"key":"file","value":{"content":"`))
		for range 1 << 10 {
			readers = append(readers, strings.NewReader(text))
		}
		readers = append(readers, strings.NewReader(`","path":"`+name+`.txt","encoding":"base64"}}`+"\n"))
	}
	body := io.MultiReader(readers...)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if _, err := s.svc.Commit(context.Background(), g, transfer.CommitRequest{Rev: "main", Body: body}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
		t.Errorf("allocated %d bytes", grown)
	}
	got, err := s.read(s.grant("alice.read", access.RepoContentRead, public), "main", "l.txt")
	if err != nil || got != strings.Repeat(noise(9<<10, 11), 1<<10) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
}
