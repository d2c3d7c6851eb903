package gitrepo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

// Verified is what a verification looked at and found.
type Verified struct {
	Packs      int       `json:"packs"`
	Objects    int       `json:"objects"` // in all packs
	Refs       int       `json:"refs"`
	Reachable  int       `json:"reachable"` // objects that refs lead to
	LargeFiles int       `json:"largeFiles"`
	Bytes      int64     `json:"bytes"` // that were read
	Problems   []Problem `json:"problems"`
}

// Problem is something that is not as it was stored.
type Problem struct {
	What string `json:"what"` // pack, ref or large file, with its name
	Text string `json:"text"` // one sentence
}

// maxProblems bounds the list; more of them say nothing new.
const maxProblems = 1000

func (r *Verified) found(what, format string, args ...any) {
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, Problem{what, fmt.Sprintf(format, args...)})
	}
}

// Verify reads a repository whole: every pack has its bytes with the right size and sum, its index is that of its
// pack, every object hashes to its id, every ref leads to nothing that is missing, and every large file that a pointer
// names is there with its size. contents says whether the bytes of large files are hashed too. What is wrong stands in
// the result; the error is that of not being able to look.
func (k *Keeper) Verify(ctx context.Context, repo hub.ID, contents bool, p Progress) (Verified, error) {
	r := Verified{Problems: []Problem{}}
	_, rows, refs, err := k.meta.LiveState(ctx, repo)
	if err != nil {
		return r, err
	}
	// A view made of the packs that can be opened, apart from the store's: those may have been opened before the rot.
	v := &view{repo: repo}
	defer func() {
		for _, pk := range v.packs {
			pk.Close()
		}
	}()
	for i, row := range rows {
		p.Tell("reading packs", int64(i), int64(len(rows)))
		pk, err := k.verifyPack(ctx, row, &r)
		if hub.Is(err, hub.NotFound) && !k.stillLive(ctx, repo, row.ID) {
			return k.Verify(ctx, repo, contents, p) // merged into another one meanwhile
		}
		if err != nil {
			if ctx.Err() != nil {
				return r, ctx.Err()
			}
			r.found("pack "+string(row.ID), "%s", rot(err))
			continue
		}
		v.packs = append(v.packs, pk)
		r.Packs, r.Objects = r.Packs+1, r.Objects+pk.Len()
	}
	live, err := k.verifyRefs(ctx, v, refs, &r, p)
	if err != nil {
		return r, err
	}
	return r, k.verifyLarge(ctx, v, live, contents, &r, p)
}

func (k *Keeper) stillLive(ctx context.Context, repo, id hub.ID) bool {
	_, rows, err := k.meta.LivePacks(ctx, repo)
	if err != nil {
		return true
	}
	for _, row := range rows {
		if row.ID == id {
			return true
		}
	}
	return false
}

// rot is the sentence for an error of reading.
func rot(err error) string {
	switch {
	case errors.Is(err, pack.ErrCorrupt):
		return "Its bytes are not what was stored."
	case hub.Is(err, hub.NotFound):
		return "Its bytes are missing."
	}
	return "It cannot be read: " + err.Error() + "."
}

func (k *Keeper) verifyPack(ctx context.Context, row hub.Pack, r *Verified) (*openPack, error) {
	if row.BlobKey != "" {
		if err := k.hashBlob(ctx, row.BlobKey, row.Bytes, row.Sum, r); err != nil {
			return nil, err
		}
	}
	pk, err := k.s.openPack(ctx, row) // checks the sum of bytes in rows
	if err != nil {
		return nil, err
	}
	if row.BlobKey == "" {
		r.Bytes += row.Bytes
	}
	if err := pk.Verify(); err != nil {
		return nil, errors.Join(err, pk.Close())
	}
	return &openPack{Pack: pk, row: row}, nil
}

// hashBlob compares stored bytes with their size and sum.
func (k *Keeper) hashBlob(ctx context.Context, key string, size int64, want hub.Digest, r *Verified) error {
	obj, err := k.s.blobs.Open(ctx, key)
	if err != nil {
		return err
	}
	defer obj.Close()
	sum := sha256.New()
	n, err := io.Copy(struct{ io.Writer }{&watchful{ctx, sum}}, obj)
	r.Bytes += n
	if err != nil {
		return err
	}
	if n != size || hub.Digest(hex.EncodeToString(sum.Sum(nil))) != want {
		return pack.ErrCorrupt
	}
	return nil
}

// watchful is a hash that stops when ctx ends.
type watchful struct {
	ctx context.Context
	hash.Hash
}

func (w *watchful) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.Hash.Write(b)
}

// verifyRefs follows every ref. It returns what they lead to.
func (k *Keeper) verifyRefs(ctx context.Context, v *view, refs []hub.Ref, r *Verified, p Progress) (bitset, error) {
	g := newGraph(ctx, v, nil)
	all, whole := newBitset(g.total()), true
	r.Refs = len(refs)
	var tips []hub.OID
	for _, ref := range refs {
		tips = append(tips, ref.Target)
	}
	p.Tell("following refs", 0, int64(len(refs)))
	if live, _, err := reach(g, tips, false); err == nil {
		all = live
	} else if ctx.Err() != nil {
		return nil, ctx.Err()
	} else {
		whole = false
	}
	// Something is missing: for whom?
	for i, ref := range refs {
		if whole {
			break
		}
		p.Tell("following refs", int64(i), int64(len(refs)))
		live, _, err := reach(newGraph(ctx, v, nil), []hub.OID{ref.Target}, false)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			r.found("ref "+ref.Name, "It leads to something that is missing or broken: %s.", err)
			continue
		}
		for j := range all {
			all[j] |= live[j]
		}
	}
	r.Reachable = all.count()
	return all, nil
}

// verifyLarge looks for the large files that reachable pointers name.
func (k *Keeper) verifyLarge(ctx context.Context, v *view, live bitset, contents bool, r *Verified, p Progress) error {
	s := numbered(v)
	named := map[hub.Digest]int64{}
	for number, pk := range v.packs {
		for pos := range pk.Len() {
			if ptr, ok := pk.Pointer(pos); ok && live.has(s.base[number]+pos) {
				named[ptr.Digest] = ptr.Size
			}
		}
	}
	r.LargeFiles = len(named)
	var batch []lfspointer.Pointer
	done := int64(0)
	flush := func() error {
		err := k.verifyPointers(ctx, v.repo, batch, contents, r)
		done += int64(len(batch))
		p.Tell("reading large files", done, int64(len(named)))
		batch = batch[:0]
		return err
	}
	for d, size := range named {
		if batch = append(batch, lfspointer.Pointer{Digest: d, Size: size}); len(batch) == 500 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func (k *Keeper) verifyPointers(ctx context.Context, repo hub.ID, batch []lfspointer.Pointer, contents bool, r *Verified) error {
	if len(batch) == 0 {
		return nil
	}
	var ds []hub.Digest
	for _, ptr := range batch {
		ds = append(ds, ptr.Digest)
	}
	have, err := k.meta.LFSObjects(ctx, repo, ds)
	if err != nil {
		return err
	}
	for _, ptr := range batch {
		what := "large file " + string(ptr.Digest)
		size, ok := have[ptr.Digest]
		switch {
		case !ok:
			r.found(what, "A pointer names it, but the repository does not have it.")
			continue
		case size != ptr.Size:
			r.found(what, "It has %d bytes, but a pointer says %d.", size, ptr.Size)
			continue
		}
		key, size, err := k.meta.LFSBlobKey(ctx, ptr.Digest)
		if hub.Is(err, hub.NotFound) {
			continue // in chunks, which have a verification of their own
		}
		if err != nil {
			return err
		}
		if contents {
			err = k.hashBlob(ctx, key, size, ptr.Digest, r)
		} else if have, serr := k.s.blobs.Stat(ctx, key); serr != nil {
			err = serr
		} else if have != size {
			err = pack.ErrCorrupt
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.found(what, "%s", rot(err))
		}
	}
	return nil
}
