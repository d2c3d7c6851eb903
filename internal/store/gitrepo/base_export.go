package gitrepo

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

// Exported is what an export wrote.
type Exported struct {
	Objects    int   `json:"objects"`
	Refs       int   `json:"refs"`
	LargeFiles int   `json:"largeFiles"`
	Bytes      int64 `json:"bytes"`
}

// Export writes what the refs of a repository lead to as a bare git repository into dir, which must not exist or be
// empty; Conflict otherwise. large says whether large files come along, where git-lfs keeps them: lfs/objects. The
// files are flushed to the disk before it returns.
func (k *Keeper) Export(ctx context.Context, repo hub.ID, dir string, large bool, p Progress) (e Exported, err error) {
	v, refs, err := k.s.openState(ctx, repo)
	if err != nil {
		return e, err
	}
	defer k.s.release(v)
	if err := emptyFolder(dir); err != nil {
		return e, err
	}
	packs := filepath.Join(dir, "objects", "pack")
	for _, d := range []string{packs, filepath.Join(dir, "objects", "info"), filepath.Join(dir, "refs", "heads"), filepath.Join(dir, "refs", "tags")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return e, err
		}
	}
	g := newGraph(ctx, v, nil)
	var tips []hub.OID
	for _, ref := range refs {
		tips = append(tips, ref.Target)
	}
	p.Tell("finding what refs lead to", 0, int64(g.total()))
	live, _, err := reach(g, tips, false)
	if err != nil {
		return e, err
	}
	e.Refs, e.Objects = len(refs), live.count()
	if e.Objects > 0 {
		if e.Bytes, err = k.exportPack(ctx, g, live, packs, p); err != nil {
			return e, err
		}
	}
	for name, text := range map[string]string{
		"config":      "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n",
		"packed-refs": v.packedRefs(refs),
	} {
		if err := writeDurable(filepath.Join(dir, name), strings.NewReader(text)); err != nil {
			return e, err
		}
	}
	if large {
		if err := k.exportLarge(ctx, v, live, dir, &e, p); err != nil {
			return e, err
		}
	}
	// Last: without it git does not take the folder for a repository.
	err = writeDurable(filepath.Join(dir, "HEAD"), strings.NewReader("ref: "+BranchPrefix+hub.DefaultBranch+"\n"))
	return e, errors.Join(err, syncDirs(dir, packs, filepath.Join(dir, "objects"), filepath.Join(dir, "refs")))
}

func emptyFolder(dir string) error {
	files, err := os.ReadDir(dir)
	switch {
	case err == nil && len(files) > 0:
		return hub.Errorf(hub.Conflict, "The folder %s is not empty.", dir)
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return hub.Wrap(err, hub.InvalidInput, "The folder %s cannot be used: %v.", dir, err)
	}
	return nil
}

// exportPack writes the objects as one pack with its index.
func (k *Keeper) exportPack(ctx context.Context, g *graph, live bitset, dir string, p Progress) (int64, error) {
	w, err := k.newPackWriter(g, nil)
	if err != nil {
		return 0, err
	}
	defer w.close()
	w.pick = func(number, pos int) bool {
		slot, _, _, _ := g.find(g.v.packs[number].OID(pos))
		return live.has(slot)
	}
	total := int64(live.count())
	w.progress = func(n int64) { p.Tell("writing objects", n, total) }
	if err := w.all(ctx, g.v.oldestFirst()); err != nil {
		return 0, err
	}
	pk, err := k.reopen(w.b)
	if err != nil {
		return 0, err
	}
	defer pk.Close()
	name := filepath.Join(dir, "pack-"+pk.SHA1().String())
	// The index last: git looks for packs by their indexes.
	err = writeDurable(name+".pack", pk.PackReader())
	if err == nil {
		err = writeDurable(name+".idx", pk.IdxReader())
	}
	info, serr := os.Stat(name + ".pack")
	if err == nil && serr == nil {
		return info.Size(), nil
	}
	return 0, errors.Join(err, serr)
}

// reopen opens what a builder holds, from a temporary file without a name.
func (k *Keeper) reopen(b *pack.Builder) (*pack.Pack, error) {
	f, err := b.Finish()
	if err != nil {
		return nil, err
	}
	dir, err := k.s.tempDir()
	if err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp(dir, "pack-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(tmp.Name()); err != nil {
		return nil, errors.Join(err, tmp.Close())
	}
	if _, err := io.Copy(tmp, f.Reader()); err != nil {
		return nil, errors.Join(err, tmp.Close())
	}
	src, err := pack.Map(tmp, f.Bytes, tmp)
	if err != nil {
		return nil, err
	}
	return pack.Open(src)
}

// exportLarge copies the large files that reachable pointers name.
func (k *Keeper) exportLarge(ctx context.Context, v *view, live bitset, dir string, e *Exported, p Progress) error {
	s := numbered(v)
	seen := map[hub.Digest]bool{}
	for number, pk := range v.packs {
		for pos := range pk.Len() {
			ptr, ok := pk.Pointer(pos)
			if !ok || !live.has(s.base[number]+pos) || seen[ptr.Digest] {
				continue
			}
			seen[ptr.Digest] = true
			p.Tell("writing large files", int64(e.LargeFiles), 0)
			if err := k.exportOne(ctx, v.repo, ptr.Digest, dir); err != nil {
				return err
			}
			e.LargeFiles++
			e.Bytes += ptr.Size
		}
	}
	return nil
}

func (k *Keeper) exportOne(ctx context.Context, repo hub.ID, d hub.Digest, dir string) error {
	var obj blob.Object
	key, _, err := k.meta.LFSBlobKey(ctx, d)
	switch {
	case err == nil:
		obj, err = k.s.blobs.Open(ctx, key)
	case hub.Is(err, hub.NotFound) && k.cfg.Chunked != nil:
		obj, err = k.cfg.Chunked(ctx, repo, d)
	}
	if err != nil {
		return err
	}
	defer obj.Close()
	folder := filepath.Join(dir, "lfs", "objects", string(d[:2]), string(d[2:4]))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return writeDurable(filepath.Join(folder, string(d)), obj)
}

func writeDurable(name string, r io.Reader) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDirs(dirs ...string) error {
	var errs []error
	for _, d := range dirs {
		f, err := os.Open(d)
		if err == nil {
			err = errors.Join(f.Sync(), f.Close())
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
