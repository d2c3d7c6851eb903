package hubapi

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// Limits of trees.
const (
	treePage       = 1000
	treePageExpand = 100 // with last commits, which cost a walk through history
	maxPathsInfo   = 2000
)

// entry is one path of a tree.
// Source: huggingface_hub hf_api.py, RepoFile and RepoFolder.
type entry struct {
	Type string      `json:"type"`
	OID  hub.OID     `json:"oid"`
	Size int64       `json:"size"`
	LFS  *entryLFS   `json:"lfs,omitempty"`
	Xet  string      `json:"xetHash,omitempty"`
	Path string      `json:"path"`
	Last *lastCommit `json:"lastCommit,omitempty"`
}

type entryLFS struct {
	OID         string `json:"oid"`
	Size        int64  `json:"size"`
	PointerSize int64  `json:"pointerSize"`
}

type lastCommit struct {
	ID    hub.OID `json:"id"`
	Title string  `json:"title"`
	Date  string  `json:"date"`
}

func entryOf(l repos.Listed, content bool) entry {
	e := entry{Type: "file", OID: l.OID, Size: l.Size, Path: l.Path}
	if l.Type != gitrepo.TypeFile {
		e.Type, e.Size = "directory", 0
	}
	if l.LFS != nil {
		e.LFS = &entryLFS{OID: mask(string(l.LFS.Digest), content), Size: l.LFS.Size, PointerSize: l.LFS.PointerSize}
	}
	if l.Last != nil {
		e.Last = &lastCommit{ID: l.Last.OID, Title: l.Last.Title(), Date: date(l.Last.Committer.When)}
	}
	return e
}

// listTree lists a directory, or everything below it, in pages.
// Source: huggingface_hub hf_api.py, list_repo_tree; @huggingface/hub list-files.ts.
func (a *API) listTree(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	recursive, err := r.QueryBool("recursive")
	if err != nil {
		return err
	}
	expand, err := r.QueryBool("expand")
	if err != nil {
		return err
	}
	most := treePage
	if expand {
		most = treePageExpand
	}
	limit, err := pageSize(r, most, most)
	if err != nil {
		return err
	}
	after, err := decodeCursor(r.URL.Query().Get("cursor"))
	if err != nil {
		return err
	}
	view, err := a.Repos.View(r.Context(), g, r.Param("rev"))
	if err != nil {
		return err
	}
	defer view.Close()
	dir := strings.TrimSuffix(r.Param("path"), "/")
	page, next, err := view.List(r.Context(), dir, gitrepo.ListOptions{Recursive: recursive, After: after, Limit: limit}, expand)
	if err != nil {
		return err
	}
	if next != "" {
		setNext(w, r, revisionPath(view.Repo.RepoID, "tree", view.Commit, dir), map[string]string{"cursor": encodeCursor(next)})
	}
	return a.writeEntries(w, r, view, page)
}

func (a *API) writeEntries(w http.ResponseWriter, r *httpd.Request, view *repos.View, page []repos.Listed) error {
	entries := make([]gitrepo.Entry, len(page))
	for i, l := range page {
		entries[i] = l.Entry
	}
	hashes, err := a.xetHashes(r.Context(), view, entries)
	if err != nil {
		return err
	}
	return respond(w, func(out *bufio.Writer) error {
		return array(out, func(emit func(any) error) error {
			for _, l := range page {
				e := entryOf(l, view.Content)
				if l.LFS != nil {
					e.Xet = hashes[l.LFS.Digest]
				}
				if err := emit(e); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// pathsInfo describes single paths; those that do not exist are left out.
// Source: huggingface_hub hf_api.py, get_paths_info (a form); @huggingface/hub paths-info.ts (JSON).
func (a *API) pathsInfo(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	paths, expand, err := parsePaths(r)
	if err != nil {
		return err
	}
	if len(paths) > maxPathsInfo {
		return hub.Errorf(hub.TooLarge, "At most %d paths can be asked for at once.", maxPathsInfo)
	}
	for i, p := range paths {
		paths[i] = strings.TrimSuffix(p, "/")
	}
	view, err := a.Repos.View(r.Context(), g, r.Param("rev"))
	if err != nil {
		return err
	}
	defer view.Close()
	found, err := view.Paths(r.Context(), paths, expand)
	if err != nil {
		return err
	}
	return a.writeEntries(w, r, view, found)
}

func parsePaths(r *httpd.Request) (paths []string, expand bool, err error) {
	if r.IsForm() {
		if err := r.ParseForm(); err != nil {
			return nil, false, formError(err)
		}
		expand, err = httpd.ParseBool("expand", r.PostForm.Get("expand"))
		return append(r.PostForm["paths"], r.PostForm["paths[]"]...), expand, err
	}
	var b struct {
		Paths  json.RawMessage `json:"paths"`
		Expand bool            `json:"expand"`
	}
	if err := r.JSON(&b); err != nil {
		return nil, false, err
	}
	var one string
	if json.Unmarshal(b.Paths, &one) == nil && len(b.Paths) > 0 && b.Paths[0] == '"' {
		return []string{one}, b.Expand, nil
	}
	if err := json.Unmarshal(b.Paths, &paths); err != nil || paths == nil {
		return nil, false, hub.Errorf(hub.InvalidInput, "The field paths must be a list of paths.")
	}
	return paths, b.Expand, nil
}
