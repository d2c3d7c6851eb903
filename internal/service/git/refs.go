package git

import (
	"context"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/pktline"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pace"
)

const (
	headRef     = "HEAD"
	defaultHead = gitrepo.BranchPrefix + hub.DefaultBranch
)

// lsRefs is the ls-refs command of protocol version 2.
type lsRefs struct {
	peel, symrefs, unborn bool
	prefixes              []string
}

// maxPrefixes is how many prefixes are looked at; with more of them all refs are sent, as git does.
// Source: git's ls-refs.c, TOO_MANY_PREFIXES.
const maxPrefixes = 65536

func parseLsRefs(args []string) (lsRefs, error) {
	var q lsRefs
	for _, arg := range args {
		prefix, isPrefix := strings.CutPrefix(arg, "ref-prefix ")
		switch {
		case arg == "peel":
			q.peel = true
		case arg == "symrefs":
			q.symrefs = true
		case arg == "unborn":
			q.unborn = true
		case isPrefix:
			q.prefixes = append(q.prefixes, prefix)
		default:
			return q, protocolError("unexpected line: '%s'", clip(arg, 80))
		}
	}
	if len(q.prefixes) > maxPrefixes {
		q.prefixes = nil
	}
	// Those that begin with another one add nothing. Of what is left, only the last one not behind a name can begin it.
	slices.Sort(q.prefixes)
	n := 0
	for _, p := range q.prefixes {
		if n == 0 || !strings.HasPrefix(p, q.prefixes[n-1]) {
			q.prefixes[n] = p
			n++
		}
	}
	q.prefixes = q.prefixes[:n]
	return q, nil
}

func (q lsRefs) wants(name string) bool {
	if len(q.prefixes) == 0 {
		return true
	}
	i, found := slices.BinarySearch(q.prefixes, name)
	return found || i > 0 && strings.HasPrefix(name, q.prefixes[i-1])
}

// writeRefs answers ls-refs.
func (s *Service) writeRefs(ctx context.Context, repo hub.Repo, q lsRefs, w *pktline.Writer) error {
	refs, err := s.refs(ctx, repo)
	if err != nil {
		return err
	}
	peel := s.peeler(ctx, repo)
	defer peel.close()
	if q.wants(headRef) {
		target := ""
		if q.symrefs {
			target = " symref-target:" + defaultHead
		}
		if head, ok := findRef(refs, defaultHead); ok {
			w.Textf("%s %s%s\n", head.Target, headRef, target)
		} else if q.unborn {
			w.Textf("unborn %s%s\n", headRef, target)
		}
	}
	for _, r := range refs {
		if !q.wants(r.Name) {
			continue
		}
		peeled := ""
		if q.peel {
			oid, isTag, err := peel.of(r)
			if err != nil {
				return err
			}
			if isTag {
				peeled = " peeled:" + oid.String()
			}
		}
		w.Textf("%s %s%s\n", r.Target, r.Name, peeled)
	}
	return w.Mark(pktline.Flush)
}

// refs reads all refs for somebody who waits for them: they are often told without a look at the repository's objects.
func (s *Service) refs(ctx context.Context, repo hub.Repo) ([]hub.Ref, error) {
	pace.Asked()
	return s.meta.Refs(ctx, repo.ID, "refs/")
}

func findRef(refs []hub.Ref, name string) (hub.Ref, bool) {
	for _, r := range refs {
		if r.Name == name {
			return r, true
		}
	}
	return hub.Ref{}, false
}

func refsByName(refs []hub.Ref) map[string]hub.Ref {
	m := make(map[string]hub.Ref, len(refs))
	for _, r := range refs {
		m[r.Name] = r
	}
	return m
}

// peeler opens the repository only when there is something to peel.
type peeler struct {
	ctx  context.Context
	git  *gitrepo.Store
	repo hub.ID
	snap *gitrepo.Snapshot
}

func (s *Service) peeler(ctx context.Context, repo hub.Repo) *peeler {
	return &peeler{ctx: ctx, git: s.git, repo: repo.ID}
}

// of returns what an annotated tag names. Branches are never tags.
func (p *peeler) of(r hub.Ref) (hub.OID, bool, error) {
	if strings.HasPrefix(r.Name, gitrepo.BranchPrefix) {
		return r.Target, false, nil
	}
	if p.snap == nil {
		var err error
		if p.snap, err = p.git.Open(p.ctx, p.repo); err != nil {
			return hub.ZeroOID, false, err
		}
	}
	return p.snap.Peel(r.Target)
}

func (p *peeler) close() {
	if p.snap != nil {
		p.snap.Close() // of a snapshot, it cannot fail
	}
}
