package transfer

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/commitlines"
	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/format/modelcard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// maxReadme is the size in bytes up to which a README's front matter is read and checked.
const maxReadme = 4 << 20

// operation takes one line in.
func (c *change) operation(line commitlines.Line) error {
	st := step{kind: line.Kind, path: line.Path}
	switch line.Kind {
	case commitlines.DeletedFile, commitlines.DeletedFolder, commitlines.DeletedEntry:
		st.path = strings.TrimSuffix(st.path, "/")
	}
	if err := gitrepo.CheckPath(st.path); err != nil {
		return err
	}
	if line.OldPath != "" && line.OldPath != line.Path {
		if err := gitrepo.CheckPath(line.OldPath); err != nil {
			return err
		}
		c.add(step{kind: commitlines.DeletedFile, path: line.OldPath})
	}
	switch line.Kind {
	case commitlines.File:
		return c.file(st, line)
	case commitlines.LFSFile:
		if line.Size > c.svc.cfg.MaxFile {
			return hub.Errorf(hub.TooLarge, "The file %q is larger than %d bytes.", line.Path, c.svc.cfg.MaxFile)
		}
		c.large = append(c.large, largeFile{path: line.Path, digest: line.Digest, size: line.Size, step: len(c.steps)})
		c.add(st)
		c.note(line.Path, nil)
		c.opaque = c.opaque || line.Path == attributesFile
	default:
		c.add(st)
		c.note(st.path, nil)
	}
	return nil
}

func (c *change) add(st step) {
	c.steps = append(c.steps, st)
	if st.kind == commitlines.DeletedFile {
		c.note(st.path, nil)
	}
}

// note remembers the texts that decide about the rest of the commit.
func (c *change) note(name string, text []byte) {
	if name == attributesFile {
		c.opaque = false
	}
	if path.Base(name) == attributesFile {
		if c.texts == nil {
			c.texts = map[string][]byte{}
		}
		c.texts[name] = text
	}
	if name == readmeFile {
		c.readme = &readmeChange{text}
	}
}

// file stores the blob of a regular file.
func (c *change) file(st step, line commitlines.Line) error {
	if line.Content.TooLarge() {
		if len(c.tooBig) < 100 {
			c.tooBig = append(c.tooBig, line)
		}
		return nil
	}
	size := line.Content.Size()
	r := line.Content.Reader()
	var text []byte
	if c.isRead(line.Path, size) || size < lfspointer.MaxPointerSize {
		var err error
		if text, err = io.ReadAll(r); err != nil {
			return err
		}
		r = bytes.NewReader(text)
	}
	if p, ok := lfspointer.Parse(text); ok && size < lfspointer.MaxPointerSize {
		// A pointer that comes as a file is a large file all the same, or it would open other people's.
		c.large = append(c.large, largeFile{path: line.Path, digest: p.Digest, size: p.Size, step: -1})
	}
	var err error
	if st.oid, err = c.writer.Blob(size, c.search.through(line.Path, r)); err != nil {
		return err
	}
	c.add(st)
	if c.isRead(line.Path, size) {
		c.note(line.Path, append([]byte{}, text...))
	} else {
		c.note(line.Path, nil)
		c.opaque = c.opaque || line.Path == attributesFile
	}
	return nil
}

func (c *change) isRead(name string, size int64) bool {
	return path.Base(name) == attributesFile && size <= maxRules || name == readmeFile && size <= maxReadme
}

func (c *change) tooBigError() error {
	var b strings.Builder
	fmt.Fprintf(&b, "Files larger than %s cannot be committed as regular files: upload them as large files (LFS).", sizeText(c.svc.cfg.MaxRegular))
	for _, line := range c.tooBig {
		fmt.Fprintf(&b, "\n- %s (ref: %s)", line.Path, c.branch)
	}
	return &hub.Error{Code: hub.InvalidInput, Message: b.String()}
}

func sizeText(n int64) string {
	if n >= 1<<20 && n%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

func (c *change) checkReadme() error {
	if c.readme == nil || c.readme.text == nil {
		return nil
	}
	if rep := modelcard.Validate(c.repo.Type, c.readme.text); len(rep.Errors) > 0 {
		return hub.Errorf(hub.InvalidInput, "Invalid metadata in README.md: %s", strings.Join(rep.Errors, "; "))
	}
	return nil
}
