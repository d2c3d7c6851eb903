package pack

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// foreign returns a pack and an index as git could have written them.
func foreign(t testing.TB) (gitPack, idx []byte) {
	t.Helper()
	b := NewBuilder(t.TempDir(), 1<<20)
	defer b.Close()
	for _, text := range []string{"one", "two", "version https://git-lfs.github.com/spec/v1\noid sha256:" +
		"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\nsize 4\n"} {
		if _, err := b.Add(object.KindBlob, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	all, err := f.Whole()
	if err != nil {
		t.Fatal(err)
	}
	tr, err := parseTrailer(all[len(all)-TrailerSize:], int64(len(all)))
	if err != nil {
		t.Fatal(err)
	}
	return all[:tr.packLen], all[tr.packLen : tr.packLen+tr.idxLen]
}

func openForeign(t testing.TB, gitPack, idx []byte) (*Pack, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "p")
	if err := os.WriteFile(name, gitPack, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return OpenGit(f, idx)
}

func TestOpenGit(t *testing.T) {
	gitPack, idx := foreign(t)
	p, err := openForeign(t, gitPack, idx)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	pointers := 0
	for pos := range p.Len() {
		if ptr, ok := p.Pointer(pos); ok && ptr.Size == 4 {
			pointers++
		}
	}
	if p.Len() != 3 || pointers != 1 {
		t.Errorf("%d objects, %d pointers", p.Len(), pointers)
	}
	if err := p.Verify(); err != nil {
		t.Error(err)
	}
	for cut := range len(gitPack) - 1 {
		if p, err := openForeign(t, gitPack[:cut], idx); err == nil {
			p.Close()
			t.Fatalf("a pack of %d bytes is taken", cut)
		}
	}
}

func FuzzOpenGit(f *testing.F) {
	gitPack, idx := foreign(f)
	f.Add(gitPack, idx)
	f.Fuzz(func(t *testing.T, gitPack, idx []byte) {
		p, err := openForeign(t, gitPack, bytes.Clone(idx))
		if err != nil {
			return
		}
		defer p.Close()
		for pos := range p.Len() {
			if p.Size(pos) < 1<<20 {
				p.Read(pos)
			}
		}
	})
}
