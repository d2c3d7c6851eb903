package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/blob/mem"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// failing is a blob store whose deletions fail while left is 0; each success takes one of left.
type failing struct {
	blob.Store
	left int
}

var errDelete = errors.New("the disk does not answer")

func (f *failing) Delete(ctx context.Context, key string) error {
	if f.left == 0 {
		return errDelete
	}
	f.left--
	return f.Store.Delete(ctx, key)
}

// A sweep that breaks off after any of its deletions is finished by the next one, and what is used stays.
func TestSweepBreaksOffAnywhere(t *testing.T) {
	ctx := context.Background()
	for left := range 8 {
		t.Run(fmt.Sprint("after ", left), func(t *testing.T) {
			store := &failing{Store: mem.New(), left: -1}
			s := start(t, transfer.Config{PartSize: 10}, testkit.WithBlobs(store))
			gone := hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "gone"}
			s.Repo("alice.write", gone, repos.NewRepo{})
			keep := s.grant("alice.write", access.RepoWrite, public)
			drop := s.grant("alice.write", access.RepoWrite, gone)
			for i, g := range []access.Grant{keep, drop} {
				content := fmt.Sprint("large file ", i)
				o := transfer.Object{Digest: digestOf(content), Size: int64(len(content))}
				if err := s.svc.PutObject(ctx, g, o, strings.NewReader(content), hub.Event{}); err != nil {
					t.Fatal(err)
				}
				// A commit whose pack is a file, and an upload that stops after its first part.
				if _, err := s.commit(g, "big", "", file("big.txt", noise(200_000, i)), `{"key":"lfsFile","value":{"path":"l.bin","oid":"`+string(o.Digest)+`"}}`); err != nil {
					t.Fatal(err)
				}
				half := fmt.Sprint("never finished ", i)
				plans, err := s.svc.PlanUpload(ctx, g, []transfer.Object{{Digest: digestOf(half), Size: int64(len(half))}}, true, hub.Event{})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.svc.PutPart(ctx, g, plans[0].UploadID, 1, strings.NewReader(half[:10])); err != nil {
					t.Fatal(err)
				}
			}
			r, err := drop.Repo(access.RepoWrite)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.DB.DeleteRepo(ctx, r.ID, hub.Event{Type: "repo.delete"}); err != nil {
				t.Fatal(err)
			}
			later := transfer.New(transfer.Config{}, transfer.Deps{
				Meta: s.DB, Git: s.Git, Blobs: store, Authz: s.Zone, Sign: repos.SignatureOf,
				Now: func() time.Time { return time.Now().Add(30 * 24 * time.Hour) },
			}).Sweeper()
			store.left = left
			_, err = later.Sweep(ctx)
			if err != nil && !errors.Is(err, errDelete) {
				t.Fatal(err)
			}
			store.left = -1
			if _, err := later.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
			var keys []string
			if err := store.Keys(ctx, "", func(k string, _ int64) error { keys = append(keys, k); return nil }); err != nil {
				t.Fatal(err)
			}
			if len(keys) != 2 { // the pack and the large file of the repository that is still there
				t.Errorf("left: %v", keys)
			}
			read := s.grant("alice.read", access.RepoContentRead, public)
			for path, want := range map[string]string{"l.bin": "large file 0", "big.txt": noise(200_000, 0)} {
				if got, err := s.read(read, "main", path); err != nil || got != want {
					t.Errorf("%s: %d bytes, %v", path, len(got), err)
				}
			}
		})
	}
}

func TestDownloadsAreCountedOncePerCallerAndWhile(t *testing.T) {
	s := start(t, transfer.Config{})
	ctx := context.Background()
	r, _, err := s.DB.RepoByName(ctx, public)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		s.svc.CountDownload(r, "10.0.0.1")
	}
	s.svc.CountDownload(r, "10.0.0.2")
	run, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.svc.Counter().Run(run); err != nil { // ends at once, and writes what is left
		t.Fatal(err)
	}
	if r, _, err = s.DB.RepoByName(ctx, public); err != nil || r.Downloads != 2 {
		t.Errorf("%d downloads, %v; want 2", r.Downloads, err)
	}
}
