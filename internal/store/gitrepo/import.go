package gitrepo

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

// Foreign is a bare git repository in a folder, opened for reading. Nothing of it is trusted: whoever takes its
// objects checks them as if they were pushed. Close it. Not for concurrent use.
// Source: git's Documentation/gitrepository-layout.
type Foreign struct {
	Refs []hub.Ref // branches and tags, by name
	Head string    // full name of the branch that HEAD names, "" if it names none

	dir     string
	objects []string // folders of objects: its own first, then those that it borrows from
	v       *view
}

// OpenForeign opens the bare repository in dir, or the .git folder of one with a checkout. Its packs need indexes of version 2.
// Objects that it borrows from others are read there, see alternates. InvalidInput with a sentence when it is not what can be read.
func (k *Keeper) OpenForeign(ctx context.Context, dir string, p Progress) (*Foreign, error) {
	if info, err := os.Stat(filepath.Join(dir, ".git")); err == nil && info.IsDir() {
		dir = filepath.Join(dir, ".git")
	}
	f := &Foreign{dir: dir, v: &view{repo: "foreign", refs: 1}}
	if err := f.readRefs(); err != nil {
		return nil, err
	}
	if err := f.alternates(filepath.Join(dir, "objects"), 0); err != nil {
		return nil, err
	}
	if err := f.openPacks(ctx, p); err != nil {
		f.Close()
		return nil, err
	}
	if err := f.takeLoose(ctx, k, p); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close ends the use of the folder's files.
func (f *Foreign) Close() error {
	for _, p := range f.v.packs {
		p.Close() // only memory maps
	}
	f.v.packs = nil
	return nil
}

func notGit(dir string) error {
	return hub.Errorf(hub.InvalidInput, "The folder %s does not hold a git repository.", dir)
}

func (f *Foreign) openPacks(ctx context.Context, p Progress) error {
	names, err := f.files("pack", "pack-*.idx")
	if err != nil {
		return err
	}
	for i, name := range names {
		p.Tell("reading packs", int64(i), int64(len(names)))
		if err := ctx.Err(); err != nil {
			return err
		}
		idx, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := os.Open(strings.TrimSuffix(name, ".idx") + ".pack")
		if err != nil {
			return hub.Wrap(err, hub.InvalidInput, "The index %s has no pack.", filepath.Base(name))
		}
		pk, err := pack.OpenGit(file, idx)
		if err != nil {
			return hub.Wrap(err, hub.InvalidInput, "The pack of %s cannot be read: run 'git fsck' on the repository.", filepath.Base(name))
		}
		f.v.packs = append(f.v.packs, &openPack{Pack: pk, refs: 1})
	}
	return nil
}

// takeLoose puts the objects that have a file each into a pack, so that the rest sees packs only.
func (f *Foreign) takeLoose(ctx context.Context, k *Keeper, p Progress) error {
	names, err := f.files("[0-9a-f][0-9a-f]", "*")
	if err != nil || len(names) == 0 {
		return err
	}
	dir, err := k.s.tempDir()
	if err != nil {
		return err
	}
	b := pack.NewBuilder(dir, k.s.cfg.SpoolMemory)
	defer b.Close()
	for i, name := range names {
		if i&255 == 0 {
			p.Tell("reading loose objects", int64(i), int64(len(names)))
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		oid, err := hub.ParseOID(filepath.Base(filepath.Dir(name)) + filepath.Base(name))
		if err != nil {
			continue // a file that git left over
		}
		if err := f.takeOne(b, name, oid); err != nil {
			return err
		}
	}
	if b.Len() == 0 {
		return nil
	}
	pk, err := k.reopen(b)
	if err != nil {
		return err
	}
	f.v.packs = append(f.v.packs, &openPack{Pack: pk, refs: 1})
	return nil
}

func (f *Foreign) takeOne(b *pack.Builder, name string, oid hub.OID) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	kind, size, r, err := object.OpenLoose(file)
	if err == nil {
		defer r.Close()
		var got hub.OID
		if kind == object.KindBlob {
			got, err = b.AddBlob(size, r)
		} else if size > pack.MaxWhole {
			err = object.ErrLoose
		} else {
			var data []byte
			if data, err = io.ReadAll(io.LimitReader(r, size+1)); err == nil && int64(len(data)) != size {
				err = object.ErrLoose
			}
			if err == nil {
				got, err = b.Add(kind, data)
			}
		}
		if err == nil && got != oid {
			err = object.ErrLoose
		}
	}
	if err != nil && !hub.Is(err, hub.InsufficientStorage) {
		return hub.Wrap(err, hub.InvalidInput, "The object %s cannot be read: run 'git fsck' on the repository.", oid)
	}
	return err
}

// Pointers returns the large files that are named by what the given objects lead to. InvalidInput when something is missing.
func (f *Foreign) Pointers(ctx context.Context, tips []hub.OID) ([]lfspointer.Pointer, error) {
	g := newGraph(ctx, f.v, nil)
	live, _, err := reach(g, tips, false)
	if err != nil {
		return nil, f.broken(err)
	}
	seen := map[hub.Digest]bool{}
	var found []lfspointer.Pointer
	for number, p := range f.v.packs {
		for pos := range p.Len() {
			if ptr, ok := p.Pointer(pos); ok && live.has(g.base[number]+pos) && !seen[ptr.Digest] {
				seen[ptr.Digest] = true
				found = append(found, ptr)
			}
		}
	}
	return found, nil
}

func (f *Foreign) broken(err error) error {
	if errors.Is(err, errMissing) {
		return hub.Wrap(err, hub.InvalidInput, "The repository is not whole, or a shallow or partial clone: objects are missing.")
	}
	if IsDamage(err) {
		return hub.Wrap(err, hub.InvalidInput, "An object of the repository cannot be read: run 'git fsck' on the repository.")
	}
	return err
}

// WritePack writes what wants lead to and haves do not, as a git pack. It returns the number of objects.
func (f *Foreign) WritePack(ctx context.Context, w io.Writer, wants, haves []hub.OID) (int, error) {
	sel, err := selectFrom(ctx, f.v, SelectRequest{Wants: wants, Haves: haves})
	if err != nil {
		return 0, f.broken(err)
	}
	return sel.Len(), f.broken(sel.WritePack(ctx, w, true))
}

// Large opens a large file that git-lfs keeps in the repository; NotFound if it is not there.
func (f *Foreign) Large(d hub.Digest) (*os.File, error) {
	var file *os.File
	err := os.ErrNotExist
	for _, objects := range f.objects { // where objects are borrowed, git-lfs looks too
		if errors.Is(err, os.ErrNotExist) {
			file, err = os.Open(filepath.Join(filepath.Dir(objects), "lfs", "objects", string(d[:2]), string(d[2:4]), string(d)))
		}
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, hub.Wrap(err, hub.NotFound, "The large file %s is not in the repository.", d)
	}
	return file, err
}
