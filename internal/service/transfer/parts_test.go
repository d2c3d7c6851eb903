package transfer_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/blob/mem"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// elsewhere does something before parts are put together, as another node may.
type elsewhere struct {
	blob.Store
	before func()
}

func (e *elsewhere) Compose(ctx context.Context, key string, parts []string, x blob.Expect) (blob.Info, error) {
	if f := e.before; f != nil {
		e.before = nil
		f()
	}
	return e.Store.Compose(ctx, key, parts, x)
}

// However often parts are sent, and whatever was in them before, the bytes of one of each are kept.
func TestPartsThatAreSentAgain(t *testing.T) {
	ctx := context.Background()
	store := &elsewhere{Store: mem.New()}
	s := start(t, transfer.Config{PartSize: 10}, testkit.WithBlobs(store))
	g := s.grant("alice.write", access.RepoWrite, public)
	const content = "0123456789abcdefghijXYZ"
	plans, err := s.svc.PlanUpload(ctx, g, []transfer.Object{{Digest: digestOf(content), Size: int64(len(content))}}, true, hub.Event{})
	if err != nil {
		t.Fatal(err)
	}
	id := plans[0].UploadID
	held := func() (n int) {
		t.Helper()
		if err := store.Keys(ctx, "part/", func(string, int64) error { n++; return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	put := func(number int, text string) transfer.Part {
		t.Helper()
		p, err := s.svc.PutPart(ctx, g, id, number, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []struct {
		number int
		text   string
		held   int
	}{
		{1, "wrong one.", 1}, {1, content[:10], 1}, {1, content[:10], 1}, {3, "xyz", 2}, {2, content[10:20], 3}, {3, "XYZ", 3}, {2, content[10:20], 3},
	} {
		if put(c.number, c.text); held() != c.held {
			t.Fatalf("part %d: %d are held, want %d", c.number, held(), c.held)
		}
	}
	// A part that does not come whole changes nothing.
	if _, err := s.svc.PutPart(ctx, g, id, 1, strings.NewReader("short")); !hub.Is(err, hub.Unprocessable) || held() != 3 {
		t.Fatalf("%v, %d are held", err, held())
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if _, err := s.svc.PutPart(ctx, g, id, 2, strings.NewReader(content[10:20])); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if held() != 3 {
		t.Fatalf("%d are held", held())
	}
	parts, _, err := s.svc.UploadedParts(ctx, g, id)
	if err != nil {
		t.Fatal(err)
	}
	// Another node replaces a part by other bytes, and then by the right ones, while this one puts them together.
	other := transfer.New(transfer.Config{PartSize: 10}, transfer.Deps{Meta: s.DB, Git: s.Git, Blobs: store.Store, Authz: s.Zone})
	store.before = func() {
		for _, text := range []string{"xyz", "XYZ"} {
			if _, err := other.PutPart(ctx, g, id, 3, strings.NewReader(text)); err != nil {
				t.Error(err)
			}
		}
	}
	if err := s.svc.CompleteParts(ctx, g, id, digestOf(content), parts, hub.Event{Type: "repo.lfs"}); err != nil {
		t.Fatal(err)
	}
	if held() != 0 {
		t.Errorf("%d are left", held())
	}
	// What comes too late is told so, and not kept.
	if _, err := s.svc.PutPart(ctx, g, id, 1, strings.NewReader(content[:10])); !hub.Is(err, hub.NotFound) || held() != 0 {
		t.Errorf("%v, %d are held", err, held())
	}
}
