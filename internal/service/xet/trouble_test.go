package xet_test

import (
	"bytes"
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/xet"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/blob/mem"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// troubled is a store that may be out of file descriptors.
type troubled struct {
	blob.Store
	open error
}

func (s *troubled) Open(ctx context.Context, key string) (blob.Object, error) {
	if s.open != nil {
		return nil, s.open
	}
	return s.Store.Open(ctx, key)
}

func newTroubled(t *testing.T) (*bed, *troubled) {
	t.Helper()
	store := &troubled{Store: mem.New()}
	b := &bed{logged: &[]string{}}
	b.Hub = testkit.New(t, func(h *testkit.Hub) {
		b.xet = xet.New(xet.Config{ScrubEvery: -time.Hour, TableCache: 1}, xet.Deps{Meta: h.DB, Git: h.Git, Blobs: h.Blobs, Authz: h.Zone, Key: h.Keys.Derive("test")})
	}, testkit.WithBlobs(store))
	b.World()
	return b, store
}

// TestTroubleIsNotRot: bytes that could not be looked at are not called damaged, or they would be given up.
func TestTroubleIsNotRot(t *testing.T) {
	b, store := newTroubled(t)
	data := noise(1, 200_000)
	name, file := b.put(t, data)
	store.open = syscall.EMFILE
	if n, err := b.xet.Worker().Scrub(ctx, 10); n != 0 || err == nil {
		t.Errorf("without descriptors: %d rotten, %v", n, err)
	}
	store.open = nil
	if _, err := b.DB.XetXorbOf(ctx, b.repo(t).NamespaceID, name); err != nil { // it knows none that are rotten
		t.Errorf("afterwards: %v", err)
	}
	if got, err := b.read(t, file); err != nil || !bytes.Equal(got, data) {
		t.Errorf("reading: %v", err)
	}
}

// TestHealingKeepsWhatThereIs: a xorb that is taken for damaged, and is not, survives an upload of it that breaks off.
func TestHealingKeepsWhatThereIs(t *testing.T) {
	b, store := newTroubled(t)
	data := noise(2, 200_000)
	name, file := b.put(t, data)
	if err := b.DB.SetXetChecked(ctx, name, true); err != nil {
		t.Fatal(err)
	}
	p := pack(t, data)
	store.open = syscall.EMFILE
	if _, err := b.xet.PutXorb(ctx, b.grant(t, access.RepoWrite), p.Xorb, bytes.NewReader(p.Bytes)); err == nil || hub.Is(err, hub.InvalidInput) {
		t.Errorf("the upload: %v", err)
	}
	store.open = nil
	if got, err := b.read(t, file); err != nil || !bytes.Equal(got, data) {
		t.Errorf("reading: %v", err)
	}
}
