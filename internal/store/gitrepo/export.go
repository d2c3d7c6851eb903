package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// ExportBare writes the repository as a bare git repository into dir, which must not exist or be empty. The files
// are not flushed to the disk.
func (s *Store) ExportBare(ctx context.Context, repoID hub.ID, dir string) error {
	v, refs, err := s.openState(ctx, repoID)
	if err != nil {
		return err
	}
	defer s.release(v)
	if files, err := os.ReadDir(dir); err == nil && len(files) > 0 {
		return hub.Errorf(hub.Conflict, "The folder to export into is not empty.")
	}
	packDir := filepath.Join(dir, "objects", "pack")
	for _, d := range []string{packDir, filepath.Join(dir, "refs", "heads"), filepath.Join(dir, "refs", "tags")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	for _, p := range v.packs {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := filepath.Join(packDir, "pack-"+p.SHA1().String())
		// The index last: git looks for packs by their indexes.
		if err := errors.Join(writeFile(name+".pack", p.PackReader()), writeFile(name+".idx", p.IdxReader())); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{
		"HEAD":        "ref: " + BranchPrefix + hub.DefaultBranch + "\n",
		"config":      "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n",
		"packed-refs": v.packedRefs(refs),
	} {
		if err := writeFile(filepath.Join(dir, name), strings.NewReader(text)); err != nil {
			return err
		}
	}
	return nil
}

// packedRefs returns the text of git's packed-refs file. Source: git's Documentation/gitrepository-layout.
func (v *view) packedRefs(refs []hub.Ref) string {
	var b strings.Builder
	b.WriteString("# pack-refs with: sorted\n")
	for _, r := range refs {
		fmt.Fprintf(&b, "%s %s\n", r.Target, r.Name)
	}
	return b.String()
}

func writeFile(name string, r io.Reader) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o444)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
