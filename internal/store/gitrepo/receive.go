package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

// Limits bound a pushed pack; see pack.Limits.
type Limits = pack.Limits

// Scanner sees the bytes of one object of a pushed pack; see pack.Scanner.
type Scanner = pack.Scanner

// Incoming is a pushed pack in quarantine: in a file without a name or in memory, seen by nobody else. It ends with
// Publish or Abort. Not for concurrent use, except for its snapshot.
type Incoming struct {
	store *Store
	repo  hub.ID
	base  *view     // the repository as the push found it; retained
	refs  []hub.Ref // of base
	b     *pack.Builder
	fin   *pack.Finished
	bases []hub.OID // objects of the repository that deltas of the pack are based on
	open  *pack.Pack
	all   *view // open before base
	read  *Store
	check object.Checker
	early *early // nil: nothing is being stored

	connection *Connection // the last; nil: none was begun
}

// quarantineCache is the memory for what is read from one push's objects before they are published. They must not get
// into the store's own cache, in which an object counts as published.
const quarantineCache = 8 << 20

// Receive reads a pack and checks each of its objects by itself; see pack.Builder.Receive for the errors. Nothing of it
// is visible. A nil r stands for a push that brings no pack.
func (s *Store) Receive(ctx context.Context, repoID hub.ID, r io.Reader, limits Limits) (*Incoming, error) {
	return s.ReceiveScanned(ctx, repoID, r, limits, nil)
}

// ReceiveScanned is Receive, and shows what arrives to scanners; scan is nil for none.
func (s *Store) ReceiveScanned(ctx context.Context, repoID hub.ID, r io.Reader, limits Limits, scan func() Scanner) (*Incoming, error) {
	base, refs, err := s.openState(ctx, repoID)
	if err != nil {
		return nil, err
	}
	dir, err := s.tempDir()
	if err != nil {
		s.release(base)
		return nil, err
	}
	in := &Incoming{store: s, repo: repoID, base: base, refs: refs, b: pack.NewBuilder(dir, s.cfg.SpoolMemory)}
	if err := in.take(ctx, r, limits, scan); err != nil {
		in.Abort()
		return nil, err
	}
	return in, nil
}

func (in *Incoming) take(ctx context.Context, r io.Reader, limits Limits, scan func() Scanner) error {
	var err error
	if r != nil {
		in.bases, err = in.b.Receive(ctx, r, pack.Incoming{Limits: limits, Check: in.check.Check, Base: in.object, Scan: scan})
		if err != nil {
			return err
		}
	}
	if in.fin, err = in.b.Finish(); err != nil {
		return err
	}
	if in.open, err = in.fin.Open(); err != nil {
		return err
	}
	in.overlay()
	in.read = in.store.apart(quarantineCache)
	if in.fin.Bytes > hub.MaxInlinePack {
		in.storeEarly(ctx)
	}
	return in.checkSpecial()
}

// overlay puts the pack before those of the repository.
func (in *Incoming) overlay() {
	in.all = &view{repo: in.repo, gen: in.base.gen, refs: 1}
	in.all.packs = append([]*openPack{{Pack: in.open, refs: 1}}, in.base.packs...)
}

// Refresh looks at the repository as it is now: for a push that met a cleaning up, and has to be connected again.
func (in *Incoming) Refresh(ctx context.Context) error {
	if in.b == nil {
		return errEnded
	}
	base, refs, err := in.store.openState(ctx, in.repo)
	if err != nil {
		return err
	}
	in.store.release(in.base)
	in.base, in.refs = base, refs
	in.overlay()
	return nil
}

// Refs returns all refs of the repository as the push found it, or as Refresh found it last, in the order of their names.
func (in *Incoming) Refs() []hub.Ref { return in.refs }

// object reads an object of the repository.
func (in *Incoming) object(oid hub.OID) (object.Kind, []byte, bool, error) {
	p, pos, ok := in.base.find(oid)
	if !ok {
		return 0, nil, false, nil
	}
	data, err := p.Read(pos)
	return p.Kind(pos), data, true, err
}

// checkSpecial reads the files whose content has rules.
func (in *Incoming) checkSpecial() error {
	modules, attributes := in.check.Special()
	for _, s := range []struct {
		oids  []hub.OID
		name  string
		max   int64
		check func(hub.OID, []byte) error
	}{
		{modules, ".gitmodules", object.MaxModules, object.CheckModules},
		{attributes, ".gitattributes", object.MaxAttributes, object.CheckAttributes},
	} {
		for _, oid := range s.oids {
			p, pos, ok := in.all.find(oid)
			if !ok {
				continue // what is missing is found when connections are checked
			}
			if p.Kind(pos) != object.KindBlob || p.Size(pos) > min(s.max, pack.MaxWhole) {
				return hub.Errorf(hub.Unprocessable, "The %s %s is no file or too large.", s.name, oid)
			}
			data, err := p.Read(pos)
			if err != nil {
				return err
			}
			if err := s.check(oid, data); err != nil {
				return err
			}
		}
	}
	return nil
}

// Objects returns the number of objects in the pack.
func (in *Incoming) Objects() int { return in.open.Len() }

// Bytes returns what the pack will add to the repository's size.
func (in *Incoming) Bytes() int64 {
	if in.open.Len() == 0 {
		return 0
	}
	return in.fin.Bytes
}

// Pointers returns the large files that pointers in the pack name, with the sizes that they say.
func (in *Incoming) Pointers() map[hub.Digest]int64 {
	found := map[hub.Digest]int64{}
	for _, p := range in.b.Pointers() {
		found[p.Digest] = p.Size
	}
	return found
}

// PointerFiles returns, by their ids, the pack's pointers to large files and what they point to.
func (in *Incoming) PointerFiles() map[hub.OID]hub.Digest { return in.b.PointerFiles() }

// Snapshot returns a view of the repository with the pack's objects, for checks before they are published. It is
// of no use after Publish or Abort; closing it is not needed.
func (in *Incoming) Snapshot() *Snapshot { return &Snapshot{store: in.read, v: in.all} }

// Publish stores the pack and publishes it together with the refs in p; see Writer.Publish. After an error the push
// can be published again, with other refs, until Abort.
func (in *Incoming) Publish(ctx context.Context, p hub.Publication) (gen int64, err error) {
	if in.b == nil {
		return 0, errEnded
	}
	if p.ID == "" {
		p.ID = hub.NewID()
	}
	p.RepoID, p.Pack, p.Inline = in.repo, nil, nil
	if in.open.Len() > 0 {
		for d := range in.Pointers() {
			p.LFS = append(p.LFS, d)
		}
		slices.Sort(p.LFS)
		if p.Pack, p.Inline, err = in.stored(ctx); err != nil {
			return 0, err
		}
	}
	if gen, err = in.store.meta.Publish(ctx, p); err != nil {
		if p.Pack != nil {
			in.store.unstage(ctx, *p.Pack, err)
		}
		return 0, err
	}
	in.remember(ctx, p)
	in.store.compactions.add(in.repo)
	in.Abort()
	return gen, nil
}

// Abort forgets the push. It may be called at any time, also twice.
func (in *Incoming) Abort() {
	if in.b == nil {
		return
	}
	in.giveUpEarly(context.Background())
	if in.open != nil {
		in.open.Close() // only a memory map
	}
	in.b.Close() // an unnamed temporary file: nothing that could be lost
	in.b = nil
	in.store.release(in.base)
}

// IsMissing tells whether an error is about objects that are nowhere.
func IsMissing(err error) bool { return errors.Is(err, errMissing) }

// missing makes an object that is nowhere the pusher's fault.
func missing(err error) error {
	if errors.Is(err, errMissing) {
		return hub.Wrap(err, hub.Unprocessable, "missing necessary objects")
	}
	return err
}

// absent names an object that a push should have brought.
func absent(oid hub.OID) error {
	return hub.Wrap(fmt.Errorf("%w: %s", errMissing, oid), hub.Unprocessable, "missing necessary objects: %s", oid)
}
