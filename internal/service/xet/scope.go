package xet

import (
	"cmp"
	"context"
	"slices"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xetterms"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
)

// scope says where uploads under a grant go, and what they may build on.
//
// Who may write to a repository shares chunks with everything of its owner. Who may only propose changes to it does not: what
// such a person uploads is kept in a domain of the repository's own, and of the owner's chunks it may build on those that
// files of this one repository consist of, which the person may read anyway.
type scope struct {
	repo     hub.Repo
	domain   hub.ID
	proposal bool
}

// scopeOf reads a grant for RepoWrite, or for DiscussionWrite and RepoContentRead.
func scopeOf(g access.Grant) (scope, error) {
	if repo, err := g.Repo(access.RepoWrite); err == nil {
		return scope{repo: repo, domain: repo.NamespaceID}, nil
	}
	repo, err := g.Repo(access.DiscussionWrite)
	if err == nil {
		_, err = g.Repo(access.RepoContentRead)
	}
	return scope{repo: repo, domain: repo.ID, proposal: true}, err
}

// run is a run of chunks of a xorb, end exclusive.
type run struct{ start, end uint32 }

// cover knows which chunks the files of a repository consist of. Not for concurrent use.
type cover struct {
	svc   *Service
	repo  hub.ID
	asked map[xethash.Hash]bool
	files map[hub.ID]bool // whose runs are in
	runs  map[xethash.Hash][]run
}

func (s *Service) cover(repo hub.ID) *cover {
	return &cover{svc: s, repo: repo, asked: map[xethash.Hash]bool{}, files: map[hub.ID]bool{}, runs: map[xethash.Hash][]run{}}
}

// coverFiles is how many files are read to learn of one xorb.
const coverFiles = 16

// of returns what is covered of a xorb: runs in order that do not touch.
func (c *cover) of(ctx context.Context, h xethash.Hash) ([]run, error) {
	if !c.asked[h] {
		c.asked[h] = true
		files, err := c.svc.meta.XetFilesIn(ctx, c.repo, h, coverFiles)
		if err != nil {
			return nil, err
		}
		for _, row := range files {
			if err := c.add(row); err != nil {
				return nil, err
			}
		}
	}
	return c.runs[h], nil
}

func (c *cover) add(row hub.XetFile) error {
	if c.files[row.ID] {
		return nil
	}
	c.files[row.ID] = true
	f, err := xetterms.Decode(row.Terms)
	if err != nil {
		return err
	}
	changed := map[xethash.Hash]bool{}
	for _, t := range f.Terms {
		h := f.Xorbs[t.Xorb]
		c.runs[h] = append(c.runs[h], run{t.Start, t.End})
		changed[h] = true
	}
	for h := range changed {
		c.runs[h] = joined(c.runs[h])
	}
	return nil
}

// joined sorts runs and joins those that touch or overlap.
func joined(runs []run) []run {
	slices.SortFunc(runs, func(a, b run) int { return cmp.Compare(a.start, b.start) })
	out := runs[:0]
	for _, r := range runs {
		if n := len(out); n > 0 && r.start <= out[n-1].end {
			out[n-1].end = max(out[n-1].end, r.end)
			continue
		}
		out = append(out, r)
	}
	return out
}

// within tells whether chunks lie in one of the runs.
func within(runs []run, start, end uint32) bool {
	at, _ := slices.BinarySearchFunc(runs, start, func(r run, start uint32) int {
		if r.end <= start {
			return -1
		}
		return 1
	})
	return at < len(runs) && runs[at].start <= start && end <= runs[at].end
}

// shows tells whether a chunk lies in one of the runs of a xorb.
func shows(runs []run, table xorb.Table, chunk xethash.Hash) bool {
	for i, e := range table {
		if e.Hash == chunk && within(runs, uint32(i), uint32(i+1)) {
			return true
		}
	}
	return false
}
