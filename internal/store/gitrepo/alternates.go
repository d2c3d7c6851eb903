package gitrepo

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	maxAlternates    = 64 // folders that a repository borrows from, all in all
	alternatesNested = 5  // how deep borrowing goes; git's own bound
)

// alternates notes a folder of objects and those that it borrows from. A folder of somebody else is not followed: whoever
// made the repository could name any folder, and have the hub, which may read more than he, import what is not his.
// Source: git's Documentation/gitrepository-layout, "objects/info/alternates".
func (f *Foreign) alternates(objects string, depth int) error {
	if slices.Contains(f.objects, objects) {
		return nil
	}
	if depth > alternatesNested || len(f.objects) >= maxAlternates {
		return hub.Errorf(hub.InvalidInput, "The repository borrows objects of too many others: make it whole with 'git repack -ad'.")
	}
	f.objects = append(f.objects, objects)
	text, err := os.ReadFile(filepath.Join(objects, "info", "alternates"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		name := strings.TrimSuffix(line, "\n")
		if name == "" || name[0] == '#' {
			continue
		}
		if name[0] == '"' {
			if name, err = strconv.Unquote(name); err != nil {
				return hub.Errorf(hub.InvalidInput, "The file objects/info/alternates of the repository cannot be read.")
			}
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(objects, name)
		}
		name = filepath.Clean(name)
		own, err := sameOwner(objects, name)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return hub.Errorf(hub.InvalidInput, "The repository borrows objects from %s, which is not there.", name)
		case err != nil:
			return err
		case !own:
			return hub.Errorf(hub.InvalidInput, "The repository borrows objects from %s, which belongs to somebody else: make it whole with 'git repack -ad' and remove objects/info/alternates.", name)
		}
		if err := f.alternates(name, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// files lists files below the folders of objects.
func (f *Foreign) files(pattern ...string) ([]string, error) {
	var all []string
	for _, objects := range f.objects {
		names, err := filepath.Glob(filepath.Join(append([]string{escapeGlob(objects)}, pattern...)...))
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
	}
	return all, nil
}

// escapeGlob makes a pattern that matches a path and nothing else.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}
