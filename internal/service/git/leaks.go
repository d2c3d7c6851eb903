package git

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/leaks"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// Bounds of what is remembered of one push.
const (
	maxFinds  = 10_000  // access tokens in objects
	maxPlaces = 5       // paths of one object
	maxLarge  = 100_000 // large files that are looked at
)

// finds are the access tokens in the objects of a push, with the paths of those objects. It is safe for concurrent use.
type finds struct {
	judge leaks.Judge
	idle  sync.Pool // *tokenfmt.Finder that have found nothing

	mu     sync.Mutex // guards all below
	n      int
	in     map[hub.OID]*find
	places map[hub.OID][]string
	names  *tokenfmt.Finder // looks at paths

	pointers map[hub.OID]hub.Digest // nil until the pack has arrived
	large    []leaks.Large
}

// find is what one object holds.
type find struct {
	kind  object.Kind
	found []tokenfmt.Found
}

func newFinds(j leaks.Judge) *finds {
	return &finds{judge: j, in: map[hub.OID]*find{}, places: map[hub.OID][]string{}, names: j.Finder()}
}

// scanner returns what looks at one object.
func (f *finds) scanner() gitrepo.Scanner {
	finder, ok := f.idle.Get().(*tokenfmt.Finder)
	if !ok {
		finder = f.judge.Finder()
	}
	finder.Begin("")
	return &scanner{f, finder}
}

type scanner struct {
	f *finds
	*tokenfmt.Finder
}

// Done notes what was found in an object that has been read to its end.
func (s *scanner) Done(kind object.Kind, oid hub.OID) {
	found := s.Found()
	if len(found) == 0 {
		s.f.idle.Put(s.Finder)
		return
	}
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	if s.f.n += len(found); s.f.n <= maxFinds {
		s.f.in[oid] = &find{kind, found}
	}
}

// see notes the path of a file that the push brings, if there is something in it.
func (f *finds) see(file gitrepo.NewFile) {
	path := file.Path()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.names.Name(leaks.NameOfFile, path)
	d, large := f.pointers[file.OID]
	if large && len(f.large) < maxLarge {
		f.large = append(f.large, leaks.Large{Path: path, Digest: d})
	}
	if f.in[file.OID] == nil || len(f.places[file.OID]) >= maxPlaces {
		return
	}
	if !slices.Contains(f.places[file.OID], path) {
		f.places[file.OID] = append(f.places[file.OID], path)
	}
}

// report does what is to be done about all that was found; see leaks.Judge. It is called once, when nobody writes any more.
func (f *finds) report(ctx context.Context, repo hub.Repo, ev hub.Event, open func(context.Context, hub.Repo, hub.Digest) (leaks.Object, error)) (warnings []string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	finder := f.judge.Finder()
	if open != nil {
		err = leaks.Scan(ctx, finder, f.large, func(ctx context.Context, d hub.Digest) (leaks.Object, error) { return open(ctx, repo, d) })
		if err != nil {
			return nil, err
		}
	}
	all := append(finder.Found(), f.names.Found()...)
	for oid, x := range f.in {
		paths := f.places[oid]
		if len(paths) == 0 {
			paths = []string{fmt.Sprintf("%s %.10s", x.kind, oid)}
		}
		for _, found := range x.found {
			if x.kind != object.KindBlob {
				found.Line = 0 // of the object, which people do not see
			}
			for _, p := range paths {
				found.Path = p
				all = append(all, found)
			}
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(all, tokenfmt.Found.Compare) // one order for the same push
	return f.judge.Leaked(ctx, repo, ev, all)
}
