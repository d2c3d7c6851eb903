// Package storage tells the operator what the hub stores, and checks it: every byte is read and hashed again.
package storage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// Meta is what this package needs of the metadata store; store/meta satisfies it and documents it.
type Meta interface {
	StorageUsage(ctx context.Context) ([]hub.StorageUsage, hub.StorageTotals, error)
	StoredAfter(ctx context.Context, kind hub.StoredKind, after string, limit int) ([]hub.StoredObject, error)
	XetXorbsAfter(ctx context.Context, after hub.XetHash, limit int) ([]hub.XetXorb, error)
}

// Blobs opens stored objects.
type Blobs interface {
	Open(ctx context.Context, key string) (blob.Object, error)
}

// Xorbs checks a stored xorb and notes the outcome; service/xet does. rotten is what is wrong, nil if nothing; err that it
// could not be told.
type Xorbs interface {
	CheckXorb(ctx context.Context, x hub.XetXorb) (rotten, err error)
}

// Collector takes away stored bytes that nothing needs any more, one round at a time; more tells that another one has work too.
type Collector interface {
	Collect(ctx context.Context) (n hub.Collected, more bool, err error)
}

// Service sums up, checks and collects. It is safe for concurrent use.
type Service struct {
	meta       Meta
	blobs      Blobs
	xorbs      Xorbs
	collectors []Collector
}

// New makes a Service.
func New(meta Meta, blobs Blobs, xorbs Xorbs, collectors ...Collector) *Service {
	return &Service{meta, blobs, xorbs, collectors}
}

// Collect makes one round of everything that takes bytes away, by the rules and times of grace of every other round. g must hold
// InstanceAdmin.
func (s *Service) Collect(ctx context.Context, g access.Grant) (n hub.Collected, more bool, err error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return n, false, err
	}
	for _, c := range s.collectors {
		d, again, err := c.Collect(ctx)
		n.Add(d)
		if err != nil {
			return n, false, err
		}
		more = more || again
	}
	return n, more, nil
}

// Usage returns what owners hold and take, the largest first, and what the hub stores. g must hold InstanceAdmin.
func (s *Service) Usage(ctx context.Context, g access.Grant) ([]hub.StorageUsage, hub.StorageTotals, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return nil, hub.StorageTotals{}, err
	}
	usage, totals, err := s.meta.StorageUsage(ctx)
	slices.SortFunc(usage, func(a, b hub.StorageUsage) int {
		return cmp.Or(cmp.Compare(b.Logical+b.Git, a.Logical+a.Git), cmp.Compare(a.Owner, b.Owner))
	})
	return usage, totals, err
}

// Damage is an object that is not what its row says.
type Damage struct {
	Kind   hub.StoredKind
	ID     string
	Reason string
}

// Page is the outcome of one step of a check.
type Page struct {
	Objects int64
	Bytes   int64
	Damaged []Damage
	Next    string // where to go on; empty: everything has been checked
}

// pageBytes is how much one step reads before it answers, unless a single object is larger.
const pageBytes = 256 << 20

// pageRows is how many rows are listed at a time.
const pageRows = 100

var kinds = []hub.StoredKind{hub.StoredLFS, hub.StoredPack, hub.StoredXorb}

// Verify checks stored objects from where an earlier page ended, "" for the first. InvalidInput for another place. Objects
// that come or go meanwhile may be missed. g must hold InstanceAdmin.
func (s *Service) Verify(ctx context.Context, g access.Grant, from string) (p Page, err error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return p, err
	}
	kind, after, _ := strings.Cut(cmp.Or(from, string(kinds[0])+":"), ":")
	at := slices.Index(kinds, hub.StoredKind(kind))
	if at < 0 {
		return p, hub.Errorf(hub.InvalidInput, "This is not where a check ended.")
	}
	for p.Bytes < pageBytes {
		n := 0
		if kinds[at] == hub.StoredXorb {
			n, after, err = s.verifyXorbs(ctx, after, &p)
		} else {
			n, after, err = s.verifyObjects(ctx, kinds[at], after, &p)
		}
		if err != nil {
			return p, err
		}
		if n == 0 {
			if at++; at == len(kinds) {
				return p, nil
			}
			after = ""
		}
	}
	p.Next = string(kinds[at]) + ":" + after
	return p, nil
}

func (s *Service) verifyObjects(ctx context.Context, kind hub.StoredKind, after string, p *Page) (n int, last string, err error) {
	objects, err := s.meta.StoredAfter(ctx, kind, after, pageRows)
	for _, o := range objects {
		if p.Bytes >= pageBytes {
			break
		}
		if reason, err := s.verify(ctx, o); err != nil {
			return n, after, err
		} else if reason != "" {
			p.Damaged = append(p.Damaged, Damage{kind, o.ID, reason})
		}
		p.Objects, p.Bytes = p.Objects+1, p.Bytes+o.Size
		n, after = n+1, o.ID
	}
	return n, after, err
}

// verify reads an object. A reason says what is wrong with it; an error that it could not be told.
func (s *Service) verify(ctx context.Context, o hub.StoredObject) (reason string, err error) {
	f, err := s.blobs.Open(ctx, o.BlobKey)
	if hub.Is(err, hub.NotFound) {
		return "it is missing", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	if f.Size() != o.Size {
		return fmt.Sprintf("it has %d bytes instead of %d", f.Size(), o.Size), nil
	}
	h := sha256.New()
	if _, err := io.CopyBuffer(h, &untilDone{ctx, f}, make([]byte, 1<<20)); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "it cannot be read", nil
	}
	if hub.Digest(hex.EncodeToString(h.Sum(nil))) != o.Sum {
		return "its SHA-256 is another", nil
	}
	return "", nil
}

// untilDone ends reading with ctx.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u *untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

func (s *Service) verifyXorbs(ctx context.Context, after string, p *Page) (n int, last string, err error) {
	var from xethash.Hash
	if after != "" {
		if from, err = xethash.Parse(after); err != nil {
			return 0, after, err
		}
	}
	xorbs, err := s.meta.XetXorbsAfter(ctx, from, pageRows)
	for _, x := range xorbs {
		if p.Bytes >= pageBytes {
			break
		}
		name := xethash.Hash(x.Hash).String()
		rotten, err := s.xorbs.CheckXorb(ctx, x)
		if err != nil {
			return n, after, err
		}
		if rotten != nil {
			p.Damaged = append(p.Damaged, Damage{hub.StoredXorb, name, "its chunks are not those of its table"})
		}
		p.Objects, p.Bytes = p.Objects+1, p.Bytes+x.Packed
		n, after = n+1, name
	}
	return n, after, err
}
