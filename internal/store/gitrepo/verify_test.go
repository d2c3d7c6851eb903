package gitrepo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
)

// TestVerifyFindsRot changes stored bytes one way after the other, and holds that each is found.
func TestVerifyFindsRot(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(t *testing.T, file string)
		want string
	}{
		"a bit":     {func(t *testing.T, f string) { flip(t, f, 1000) }, "not what was stored"},
		"the end":   {func(t *testing.T, f string) { flip(t, f, -30) }, "not what was stored"},
		"truncated": {func(t *testing.T, f string) { ok(t, os.Truncate(f, 5000)) }, "not what was stored"},
		"missing":   {func(t *testing.T, f string) { ok(t, os.Remove(f)) }, "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			blobs, err := fs.New(dir)
			ok(t, err)
			ks := newKept(t, blobs, KeeperConfig{})
			repo := ks.repo(t, "one")
			ks.commit(t, repo, "main", 0, map[string]string{"big": noise(1, 200_000)})
			ks.commit(t, repo, "main", 1, map[string]string{"small": "lies in the database"})
			if v := ks.verify(t, repo); v.Packs != 2 || v.Refs != 1 || v.Reachable != v.Objects || v.Bytes < 200_000 {
				t.Fatalf("%+v", v)
			}
			files, err := filepath.Glob(filepath.Join(dir, "pack", "*", "*"))
			if err != nil || len(files) != 1 {
				files = find(t, dir, string(repo))
			}
			c.harm(t, files[0])
			v, err := ks.k.Verify(t.Context(), repo, true, nil)
			ok(t, err)
			text := fmt.Sprint(v.Problems)
			if !strings.Contains(text, c.want) || !strings.Contains(text, "ref refs/heads/main") {
				t.Errorf("%s", text)
			}
			for range 2 { // and nobody waits for a lock that was never let go
				err := guard.Call(func() error {
					_, err := ks.k.Repack(t.Context(), repo, nil)
					return err
				})
				switch {
				case name == "a bit" && !IsDamage(err):
					t.Errorf("laid out anew: %v", err)
				case name == "truncated" && err == nil: // the pages that are mapped lead nowhere
					t.Error("laid out anew")
				} // the others are not met by who has the pack open already
			}
			other := ks.repo(t, "two")
			ks.commit(t, other, "main", 0, map[string]string{"big": noise(2, 200_000)})
			if v := ks.verify(t, other); len(v.Problems) > 0 {
				t.Errorf("another repository: %v", v.Problems)
			}
		})
	}
}

// find returns the files below a folder whose path has a part.
func find(t *testing.T, dir, part string) (files []string) {
	t.Helper()
	ok(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.Contains(path, part) {
			files = append(files, path)
		}
		return err
	}))
	if len(files) == 0 {
		t.Fatal("no file was found")
	}
	return files
}

func flip(t *testing.T, file string, at int64) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil { // stored files cannot be written
		ok(t, os.Chmod(file, 0o600))
		f, err = os.OpenFile(file, os.O_RDWR, 0)
	}
	ok(t, err)
	defer f.Close()
	info, err := f.Stat()
	ok(t, err)
	if at < 0 {
		at += info.Size()
	}
	b := make([]byte, 1)
	_, err = f.ReadAt(b, at)
	ok(t, err)
	b[0] ^= 0x10
	_, err = f.WriteAt(b, at)
	ok(t, err)
}

// TestVerifyLargeFiles holds pointers to what they name.
func TestVerifyLargeFiles(t *testing.T) {
	ks := newKept(t, nil, KeeperConfig{LFSGrace: 1})
	repo := ks.repo(t, "one")
	content := noise(3, 5000)
	d := ks.large(t, repo, content)
	pointer := fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", d, len(content))
	first := ks.commit(t, repo, "main", 0, map[string]string{"a": "a"})
	ks.commit(t, repo, "main", 1, map[string]string{"big.bin": pointer})
	if v := ks.verify(t, repo); v.LargeFiles != 1 {
		t.Fatalf("%+v", v)
	}
	dir := ks.fsck(t, repo)
	if got, err := os.ReadFile(filepath.Join(dir, "lfs", "objects", string(d[:2]), string(d[2:4]), string(d))); err != nil || string(got) != content {
		t.Errorf("the exported large file: %d bytes, %v", len(got), err)
	}
	// Only when nothing names it any more is it unlinked.
	if got, err := ks.k.GC(t.Context(), repo, true, nil); err != nil || got.LargeFiles != 0 {
		t.Fatalf("%+v %v", got, err)
	}
	ok(t, ks.move(t, repo, "main", first))
	if got, err := ks.k.GC(t.Context(), repo, false, nil); err != nil || got.LargeFiles != 0 || got.Unreachable == 0 {
		t.Fatalf("%+v %v", got, err)
	}
	if got, err := ks.k.GC(t.Context(), repo, true, nil); err != nil || got.LargeFiles != 1 {
		t.Fatalf("%+v %v", got, err)
	}
	row, err := ks.db.RepoByID(t.Context(), repo)
	if err != nil || row.LFSBytes != 0 {
		t.Errorf("%d bytes of large files are counted: %v", row.LFSBytes, err)
	}
	// A pointer whose bytes are gone.
	d = ks.large(t, repo, content)
	ks.commit(t, repo, "main", 2, map[string]string{"big.bin": pointer})
	ok(t, ks.blobs.Delete(t.Context(), "lfs/"+string(d)))
	v, err := ks.k.Verify(t.Context(), repo, false, nil)
	if ok(t, err); len(v.Problems) != 1 || !strings.Contains(v.Problems[0].Text, "missing") {
		t.Errorf("%+v", v.Problems)
	}
}

// large stores a large file and links it to a repository.
func (ks *keptStore) large(t testing.TB, repo hub.ID, content string) hub.Digest {
	t.Helper()
	sum := sha256.Sum256([]byte(content))
	d := hub.Digest(hex.EncodeToString(sum[:]))
	_, err := ks.blobs.Create(t.Context(), "lfs/"+string(d), strings.NewReader(content), blob.Any)
	ok(t, err)
	ok(t, ks.db.CompleteLFS(t.Context(), repo, d, int64(len(content)), "lfs/"+string(d), hub.Event{}))
	ks.now = ks.now.Add(time.Second)
	return d
}
