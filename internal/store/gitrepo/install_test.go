package gitrepo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// install publishes a stored pack and refs, as a push will.
func install(t testing.TB, s *Store, meta Meta, repo hub.ID, stored []byte, packBytes int64, refs map[string]hub.OID) {
	t.Helper()
	sum := sha256.Sum256(stored)
	row := hub.Pack{
		ID: hub.NewID(), RepoID: repo, Kind: "receive", State: hub.PackStaged, PackBytes: packBytes,
		Bytes: int64(len(stored)), Sum: hub.Digest(hex.EncodeToString(sum[:])),
	}
	row.BlobKey = "pack/" + string(repo) + "/" + string(row.ID) + "-00000000"
	if err := meta.StagePack(t.Context(), row, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.blobs.Create(t.Context(), row.BlobKey, bytes.NewReader(stored), blob.Any); err != nil {
		t.Fatal(err)
	}
	p := hub.Publication{ID: hub.NewID(), RepoID: repo, Pack: &row}
	for name, oid := range refs {
		p.Refs = append(p.Refs, hub.RefUpdate{Name: name, New: oid})
	}
	if _, err := meta.Publish(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}
