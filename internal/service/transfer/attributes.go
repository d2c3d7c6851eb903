package transfer

import (
	"context"
	"io"
	"path"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/gitattributes"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

const (
	attributesFile = ".gitattributes"
	ignoreFile     = ".gitignore"
	readmeFile     = "README.md"
)

// maxRules is the size in bytes up to which .gitattributes and .gitignore are read; longer ones have no rules.
const maxRules = 1 << 20

// matchBudget is how many steps one call may spend on matching paths with rules: some seconds at most.
const matchBudget = 1 << 30

func tooCostly(b *gitattributes.Budget) error {
	if b.Exceeded() {
		return hub.Errorf(hub.TooLarge, "The patterns in .gitattributes and .gitignore are too many, or have too many wildcards, for this many paths.")
	}
	return nil
}

// ruleFolders returns the folders whose .gitattributes apply to any of the paths: all folders above them.
func ruleFolders(paths []string) []string {
	seen := map[string]bool{"": true}
	out := []string{""}
	for _, p := range paths {
		for dir := path.Dir(p); dir != "." && !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
			out = append(out, dir)
		}
	}
	return out
}

// attributesAt reads the .gitattributes that apply to paths at a commit. given replaces the files it names by
// full path; a nil text there says that the file is gone.
func attributesAt(ctx context.Context, snap *gitrepo.Snapshot, commit hub.OID, paths []string, given map[string][]byte) (*gitattributes.Attributes, error) {
	attrs := &gitattributes.Attributes{}
	var ask []string
	for _, dir := range ruleFolders(paths) {
		name := path.Join(dir, attributesFile)
		if text, ok := given[name]; ok {
			attrs.Add(dir, text)
		} else {
			ask = append(ask, name)
		}
	}
	if commit.IsZero() || len(ask) == 0 {
		return attrs, nil
	}
	entries, err := snap.Entries(ctx, commit, ask)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		text, err := smallText(ctx, snap, e)
		if err != nil {
			return nil, err
		}
		attrs.Add(strings.TrimSuffix(strings.TrimSuffix(e.Path, attributesFile), "/"), text)
	}
	return attrs, nil
}

// smallText reads a file of rules; nil when it is none, or too long to be one.
func smallText(ctx context.Context, snap *gitrepo.Snapshot, e gitrepo.Entry) ([]byte, error) {
	if e.Type != gitrepo.TypeFile || e.LFS != nil || e.Size > maxRules {
		return nil, nil
	}
	b, err := snap.Blob(ctx, e.OID)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	return io.ReadAll(io.LimitReader(b, maxRules))
}
