package gitrepo

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/reftable"
	"github.com/ambit-hub/ambit/internal/hub"
)

// readRefs finds out what HEAD names, and all branches and tags.
func (f *Foreign) readRefs() error {
	head, err := os.ReadFile(filepath.Join(f.dir, "HEAD"))
	if err != nil {
		return notGit(f.dir)
	}
	if name, ok := strings.CutPrefix(strings.TrimSpace(string(head)), "ref: "); ok {
		f.Head = name
	}
	inTables := false
	if config, err := os.ReadFile(filepath.Join(f.dir, "config")); err == nil {
		text := strings.ToLower(string(config))
		if strings.Contains(text, "sha256") && strings.Contains(text, "objectformat") {
			return errSHA256
		}
		inTables = strings.Contains(text, "refstorage") && strings.Contains(text, "reftable")
	}
	found := map[string]hub.OID{}
	if inTables {
		err = f.tables(found)
	} else if err = f.packedRefs(found); err == nil {
		err = f.looseRefs(found)
	}
	if err != nil {
		return err
	}
	for name, oid := range found {
		if strings.HasPrefix(name, BranchPrefix) || strings.HasPrefix(name, TagPrefix) {
			f.Refs = append(f.Refs, hub.Ref{Name: name, Target: oid})
		}
	}
	slices.SortFunc(f.Refs, func(a, b hub.Ref) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

var errSHA256 = hub.Errorf(hub.InvalidInput, "The repository names its objects by SHA-256; only SHA-1 can be imported.")

func (f *Foreign) packedRefs(found map[string]hub.OID) error {
	packed, err := os.ReadFile(filepath.Join(f.dir, "packed-refs"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for line := range strings.Lines(string(packed)) {
		hex, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if oid, err := hub.ParseOID(hex); ok && err == nil {
			found[name] = oid
		}
	}
	return nil
}

// looseRefs reads refs that have a file each. They come before packed ones.
func (f *Foreign) looseRefs(found map[string]hub.OID) error {
	root := filepath.Join(f.dir, "refs")
	return filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, ".lock") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(f.dir, path)
		if err != nil {
			return err
		}
		if oid, err := hub.ParseOID(strings.TrimSpace(string(text))); err == nil { // symbolic ones lead to others
			found[filepath.ToSlash(name)] = oid
		}
		return nil
	})
}

const (
	maxTables = 1000    // git keeps a handful
	maxTable  = 1 << 30 // bytes
	tableTry  = 5       // times that the list is read anew because somebody else wrote a new one
)

// tables reads the refs of a repository that keeps them in tables, the newest last, HEAD among them.
// Source: git's Documentation/technical/reftable, "Update transactions".
func (f *Foreign) tables(found map[string]hub.OID) error {
	dir := filepath.Join(f.dir, "reftable")
	for try := 1; ; try++ {
		clear(found)
		list, err := os.ReadFile(filepath.Join(dir, "tables.list"))
		if err != nil {
			return hub.Wrap(err, hub.InvalidInput, "The list of reftables cannot be read: run 'git refs verify' on the repository.")
		}
		names := strings.Fields(string(list))
		if len(names) > maxTables {
			return hub.Errorf(hub.InvalidInput, "The repository has more than %d reftables: run 'git pack-refs' on it.", maxTables)
		}
		for _, name := range names {
			if err = f.table(dir, name, found); err != nil {
				break
			}
		}
		if !errors.Is(err, os.ErrNotExist) || try == tableTry {
			return err
		}
	}
}

// table adds what one table says to what older ones said.
func (f *Foreign) table(dir, name string, found map[string]hub.OID) error {
	bad := func(err error) error {
		return hub.Wrap(err, hub.InvalidInput, "The reftable %s cannot be read: run 'git refs verify' on the repository.", clipText(name, 100))
	}
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return bad(reftable.ErrCorrupt)
	}
	path := filepath.Join(dir, name)
	if info, err := os.Stat(path); err != nil {
		return bad(err)
	} else if !info.Mode().IsRegular() || info.Size() > maxTable {
		return bad(reftable.ErrCorrupt)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return bad(err)
	}
	refs, err := reftable.Refs(b)
	if errors.Is(err, reftable.ErrSHA256) {
		return errSHA256
	}
	if err != nil {
		return bad(err)
	}
	for _, r := range refs {
		switch {
		case r.Name == "HEAD":
			f.Head = r.To // "" where HEAD is a commit
		case r.Kind == reftable.Object || r.Kind == reftable.Peeled:
			found[r.Name] = r.Target
		default: // deleted, or symbolic now
			delete(found, r.Name)
		}
	}
	return nil
}
