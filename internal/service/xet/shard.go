package xet

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"slices"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xetterms"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// Bounds of what one shard may describe. The Merkle trees of files cost per chunk named, whatever its length.
const (
	maxShardBytes  = 80 << 20 // clients cut shards at 64 MiB
	maxShardChunks = 64 << 20 // chunks named by all terms: 4 TiB of what clients cut
	// A file of n bytes has some n/65,536 chunks, and terms are runs of them. Other cutters may come, so both bounds are wide.
	termsPerTarget = 4
	leastTerms     = 64
	meanChunk      = 1 << 10
	leastChunks    = 1 << 10
)

// Upload is a shard that has been read and checked, but not registered.
type Upload struct {
	svc   *Service
	grant access.Grant
	scope scope
	reg   hub.XetRegistration
	files []xetterms.File // of reg.Files
}

// Progress is what an upload tells while it is registered.
type Progress struct {
	Verified, Total int // files
	Committing      bool
}

// ReadShard reads a shard and checks all that can be checked without reading file contents: that its xorbs are those that
// were uploaded into the caller's domain, and for every file the proof of each term, the sums and the file's hash. Nothing
// is visible before Register. InvalidInput says what is wrong, and is the same for a xorb that others have and one
// that nobody has.
func (s *Service) ReadShard(ctx context.Context, g access.Grant, body io.Reader) (*Upload, error) {
	sc, err := scopeOf(g)
	if err != nil {
		return nil, err
	}
	// The body is taken in before a place is taken: who sends slowly must not keep others waiting.
	r := &guardedReader{guard: s.guard(ctx, g), r: io.LimitReader(body, maxShardBytes+1)}
	text, done, err := spool(r, s.cfg.TempDir)
	if err != nil {
		return nil, r.explain(err)
	}
	defer done()
	leave, err := enter(ctx, s.shards)
	if err != nil {
		return nil, err
	}
	defer leave()
	u := &Upload{svc: s, grant: g, scope: sc, reg: hub.XetRegistration{RepoID: sc.repo.ID, Domain: sc.domain}}
	err = u.read(ctx, shard.NewReader(bufio.NewReaderSize(text, 64<<10), shard.Limits{Bytes: maxShardBytes}))
	if err != nil {
		return nil, err
	}
	return u, nil
}

// spoolMemory is how much of a body is kept in memory instead of a file, in bytes.
const spoolMemory = 1 << 20

// spool takes a whole body in. done gives back what it lies in.
func spool(body io.Reader, dir string) (text io.Reader, done func(), err error) {
	head, err := io.ReadAll(io.LimitReader(body, spoolMemory))
	if err != nil || len(head) < spoolMemory {
		return bytes.NewReader(head), func() {}, err
	}
	f, err := os.CreateTemp(dir, "shard-*")
	if err != nil {
		return nil, nil, blob.FullDisk(err)
	}
	done = func() {
		f.Close()
		os.Remove(f.Name())
	}
	if _, err = f.Write(head); err == nil {
		_, err = io.Copy(f, body)
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		done()
		return nil, nil, blob.FullDisk(err)
	}
	return f, done, nil
}

func (u *Upload) read(ctx context.Context, d *shard.Reader) error {
	k := &checker{svc: u.svc, scope: u.scope, held: map[xethash.Hash]bool{}, cover: u.svc.cover(u.scope.repo.ID)}
	seen := map[xethash.Hash]bool{}
	indexed := map[xethash.Hash]bool{}
	for {
		f, err := d.File()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if seen[f.Hash] || f.Hash.IsZero() { // the empty file needs no bytes, and repositories keep it as such
			continue
		}
		seen[f.Hash] = true
		first, err := k.file(ctx, f)
		if err != nil {
			return err
		}
		terms := xetterms.Of(f.Terms)
		row := hub.XetFile{Hash: f.Hash, Size: terms.Size(), Terms: terms.Encode()}
		for _, x := range terms.Xorbs {
			row.Xorbs = append(row.Xorbs, x)
		}
		u.reg.Files = append(u.reg.Files, hub.XetClaim{XetFile: row, Claim: f.SHA256})
		u.files = append(u.files, terms)
		// Clients ask for the first chunk of each file, whatever its hash.
		if !indexed[first] {
			indexed[first] = true
			u.reg.Chunks = append(u.reg.Chunks, hub.XetChunk{Chunk: first, Xorb: f.Terms[0].Xorb})
		}
	}
	for {
		x, err := d.Xorb()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := k.xorb(ctx, x); err != nil {
			return err
		}
	}
	for h, own := range k.held {
		if !own {
			u.reg.Borrowed = append(u.reg.Borrowed, h)
		}
	}
	_, _, err := d.Footer()
	return err
}

// Register makes the files of the upload known to the repository, whole or not at all. The SHA-256 of small files is checked
// before, that of the rest soon after; until then a claim counts in this repository only. tell hears of progress and may
// be nil. InvalidInput when a SHA-256 is wrong; and those of access, as the caller's right is decided again.
func (u *Upload) Register(ctx context.Context, ev hub.Event, tell func(Progress) error) error {
	s := u.svc
	if tell == nil {
		tell = func(Progress) error { return nil }
	}
	budget := s.cfg.VerifyNow
	guard := s.guard(ctx, u.grant)
	for i := range u.reg.Files {
		f := &u.reg.Files[i]
		// A claim counts in the whole repository, and not everybody who may propose is to be believed.
		if f.Claim == "" || (f.Size > xorb.MaxUnpacked || f.Size > budget) && !u.scope.proposal {
			continue
		}
		budget -= f.Size
		if err := guard.check(); err != nil {
			return err
		}
		d, err := s.digest(ctx, u.files[i], f.Claim)
		if err != nil && s.noteRot(ctx, err) {
			return unproven(f.Hash) // so the client sends it again, which heals it
		}
		if err != nil {
			return err
		}
		if d != f.Claim {
			return hub.Errorf(hub.InvalidInput, "The file %s has the SHA-256 %s, not %s as the upload says.", xethash.Hash(f.Hash), d, f.Claim)
		}
		f.Digest = d
		if err := tell(Progress{Verified: i + 1, Total: len(u.reg.Files)}); err != nil {
			return err
		}
	}
	if err := tell(Progress{Verified: len(u.reg.Files), Total: len(u.reg.Files), Committing: true}); err != nil {
		return err
	}
	if _, err := s.authz.Recheck(ctx, u.grant); err != nil {
		return err
	}
	if len(u.reg.Files) == 0 {
		return nil
	}
	u.reg.Event = ev
	u.reg.Event.NamespaceID = u.scope.repo.NamespaceID
	u.reg.Event.Message = "Registered " + itoa(int64(len(u.reg.Files))) + " large files by Xet."
	if err := s.meta.RegisterXet(ctx, u.reg); err != nil {
		return err
	}
	if slices.ContainsFunc(u.reg.Files, func(f hub.XetClaim) bool { return f.Digest == "" }) {
		s.nudge()
	}
	return nil
}

// nudge tells the worker that there are files to verify.
func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
