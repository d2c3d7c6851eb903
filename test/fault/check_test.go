package fault

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/service/xet"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// stores is a data folder opened without a server.
type stores struct {
	db    *meta.DB
	blobs *fs.Store
	git   *gitrepo.Store
	repo  hub.Repo
}

func (h *home) open() *stores {
	h.t.Helper()
	ctx := context.Background()
	cfg := config.Default()
	cfg.Data = h.data
	s := &stores{}
	var err error
	if s.db, err = meta.Open(ctx, meta.Options{URL: cfg.SQLitePath()}); err != nil {
		h.t.Fatal(err)
	}
	if s.blobs, err = fs.New(cfg.BlobsPath()); err != nil {
		h.t.Fatal(err)
	}
	s.git = gitrepo.New(gitrepo.Config{CacheDir: cfg.CachePath()}, s.db, s.blobs)
	if s.repo, _, err = s.db.RepoByName(ctx, hub.RepoID{Type: hub.Model, Namespace: "bob", Name: "fault"}); err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (s *stores) close(t *testing.T) {
	s.git.Close()
	if err := s.db.Close(); err != nil {
		t.Error(err)
	}
}

// check looks at the folder while no server runs on it. all are the deeds so far.
func (h *home) check(all []*done) {
	h.t.Helper()
	s := h.open()
	defer s.close(h.t)
	for _, d := range all {
		s.checkDeed(h.t, d)
	}
	s.checkGit(h.t)
	s.sweep(h.t)
	for _, d := range all {
		if d.xet && !d.committed {
			d.uploaded = false // the sweeper takes what no commit took up
		}
	}
	s.checkNothingLeft(h.t, h.data)
}

func (s *stores) checkDeed(t *testing.T, d *done) {
	t.Helper()
	ctx := context.Background()
	if d.uploaded {
		have, err := s.db.LFSObjects(ctx, s.repo.ID, []hub.Digest{hub.Digest(d.oid())})
		if err != nil || have[hub.Digest(d.oid())] != int64(len(d.content)) {
			t.Errorf("%s: an acknowledged upload is gone: %v, %v", d.path, have, err)
		}
	}
	got, err := s.read(d.path)
	switch {
	case err == nil && bytes.Equal(got, d.content):
		d.committed = true // from now on it must stay
	case hub.Is(err, hub.EntryNotFound) && !d.committed:
	default:
		t.Errorf("%s: acknowledged %v, and %d of %d bytes are there: %v", d.path, d.committed, len(got), len(d.content), err)
	}
}

func (s *stores) read(path string) ([]byte, error) {
	ctx := context.Background()
	snap, err := s.git.Open(ctx, s.repo.ID)
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	head, err := snap.Resolve(ctx, "main")
	if err != nil {
		return nil, err
	}
	e, err := snap.Entry(ctx, head, path)
	if err != nil {
		return nil, err
	}
	var r io.ReadCloser
	if e.LFS == nil {
		r, err = snap.Blob(ctx, e.OID)
	} else {
		var key string
		if key, _, err = s.db.LFSKeyIn(ctx, s.repo.ID, e.LFS.Digest); err == nil {
			r, err = s.blobs.Open(ctx, key)
		} else {
			r, err = s.chunks().OpenDigest(ctx, s.repo.ID, e.LFS.Digest)
		}
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// checkGit lets git judge the repository.
func (s *stores) checkGit(t *testing.T) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "export")
	if err := s.git.ExportBare(context.Background(), s.repo.ID, dir); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for _, args := range [][]string{{"fsck", "--strict", "--full", "--no-dangling"}, {"rev-parse", "--verify", "refs/heads/main^{tree}"}} {
		cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("git %v: %v\n%s", args, err, out)
		}
	}
}

// sweep makes one round long after all leases and times of grace.
func (s *stores) sweep(t *testing.T) {
	t.Helper()
	svc := transfer.New(transfer.Config{}, transfer.Deps{
		Meta: s.db, Git: s.git, Blobs: s.blobs, Authz: access.NewAuthorizer(s.db, access.Options{}), Sign: repos.SignatureOf,
		Now: func() time.Time { return time.Now().Add(30 * 24 * time.Hour) },
	})
	if _, err := svc.Sweeper().Sweep(context.Background()); err != nil {
		t.Errorf("sweeping: %v", err)
	}
	// What the first round lets go of, the second takes away.
	for range 2 {
		if _, err := s.chunks().Worker().Sweep(context.Background()); err != nil {
			t.Errorf("sweeping chunks: %v", err)
		}
	}
}

// chunks is the service of chunks without any patience.
func (s *stores) chunks() *xet.Service {
	return xet.New(xet.Config{Window: -time.Hour, XorbGrace: -time.Hour}, xet.Deps{
		Meta: s.db, Git: s.git, Blobs: s.blobs, Authz: access.NewAuthorizer(s.db, access.Options{}),
	})
}

// checkNothingLeft holds that every stored byte is referred to, and every byte referred to is stored.
func (s *stores) checkNothingLeft(t *testing.T, data string) {
	t.Helper()
	ctx := context.Background()
	_, packs, err := s.db.LivePacks(ctx, s.repo.ID)
	if err != nil {
		t.Fatal(err)
	}
	live := map[string]bool{}
	for _, p := range packs {
		if p.BlobKey == "" {
			continue
		}
		live[p.BlobKey] = true
		if size, err := s.blobs.Stat(ctx, p.BlobKey); err != nil || size != p.Bytes {
			t.Errorf("the live pack %s has %d of %d bytes: %v", p.BlobKey, size, p.Bytes, err)
		}
	}
	marks := 0
	err = s.blobs.Keys(ctx, "", func(key string, size int64) error {
		if live[key] {
			return nil
		}
		if strings.HasPrefix(key, "xet-mark/") {
			if marks++; marks <= 2 { // one, and after a kill the one before it
				return nil
			}
		}
		if oid, ok := strings.CutPrefix(key, "lfs/"); ok {
			have, err := s.db.LFSObjects(ctx, s.repo.ID, []hub.Digest{hub.Digest(oid)})
			if err != nil {
				return err
			}
			if have[hub.Digest(oid)] == size {
				return nil
			}
		}
		if name, ok := strings.CutPrefix(key, "xorb/"); ok {
			if h, err := xethash.Parse(name); err == nil {
				if _, err := s.db.XetFileWith(ctx, s.repo.NamespaceID, h); err == nil {
					return nil
				}
			}
		}
		t.Errorf("%s (%d bytes) is left, and nothing refers to it", key, size)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"blobs/.tmp/*", "cache/pack-*", "cache/commit-*"} {
		if left, err := filepath.Glob(filepath.Join(data, pattern)); err != nil || len(left) > 0 {
			t.Errorf("temporary files are left: %v, %v", left, err)
		}
	}
}
