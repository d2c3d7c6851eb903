package xet

import (
	"cmp"
	"context"
	"slices"
	"sort"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xetterms"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// Span is a range of bytes of a file; End is exclusive and may lie behind the file's end.
type Span struct{ Start, End int64 }

// Plan says how to put a range of a file together.
type Plan struct {
	Offset  int64 // of the range in the first term's bytes
	Terms   []PlanTerm
	Fetches []Fetch // by xorb, then by chunk
}

// PlanTerm is a run of chunks, cut to those that the range needs.
type PlanTerm struct {
	Xorb       xethash.Hash
	Start, End uint32 // chunks, the end exclusive
	Unpacked   int64  // bytes
}

// Fetch is a run of chunks to be fetched in one piece. Each term lies within one.
type Fetch struct {
	Xorb       xethash.Hash
	Start, End uint32 // chunks, the end exclusive
	From, To   int64  // bytes of the stored xorb, To exclusive
}

// Plan makes the plan for a range of a file of the repository; nil: the whole. NotFound for a file that the repository does
// not have, RangeNotSatisfiable when the range starts at or behind the end. The empty file has an empty plan for start 0.
func (s *Service) Plan(ctx context.Context, g access.Grant, file xethash.Hash, span *Span) (*Plan, error) {
	repo, err := g.Repo(access.RepoContentRead)
	if err != nil {
		return nil, err
	}
	if file.IsZero() {
		if span != nil && span.Start > 0 {
			return nil, pastEnd(0)
		}
		return &Plan{}, nil
	}
	row, err := s.meta.XetFileOf(ctx, repo.ID, file)
	if err != nil {
		return nil, err
	}
	if span == nil {
		span = &Span{0, row.Size}
	}
	if span.Start >= row.Size {
		return nil, pastEnd(row.Size)
	}
	f, err := xetterms.Decode(row.Terms)
	if err != nil {
		return nil, err
	}
	p, err := s.plan(ctx, f, *span)
	if err != nil {
		s.noteRot(ctx, err)
	}
	return p, err
}

func pastEnd(size int64) error {
	return hub.Errorf(hub.RangeNotSatisfiable, "The file has %d bytes: the range starts behind its end.", size)
}

func (s *Service) plan(ctx context.Context, f xetterms.File, span Span) (*Plan, error) {
	p := &Plan{}
	at := int64(0) // where the term starts in the file
	for _, t := range f.Terms {
		begin := at
		at += int64(t.Unpacked)
		if at <= span.Start {
			continue
		}
		if begin >= span.End {
			break
		}
		name := f.Xorbs[t.Xorb]
		table, err := s.table(ctx, name)
		if err != nil {
			return nil, err
		}
		start, end := int(t.Start), int(t.End)
		base := table.Offset(start)
		if begin < span.Start {
			start = table.Find(base + span.Start - begin)
			p.Offset = span.Start - begin - (table.Offset(start) - base)
		}
		if at > span.End {
			end = table.Find(base+span.End-1-begin) + 1
		}
		p.Terms = append(p.Terms, PlanTerm{name, uint32(start), uint32(end), table.Unpacked(start, end)})
	}
	return p, s.planFetches(ctx, p)
}

// planFetches joins the runs of each xorb that touch or overlap.
func (s *Service) planFetches(ctx context.Context, p *Plan) error {
	runs := make([]Fetch, len(p.Terms))
	for i, t := range p.Terms {
		runs[i] = Fetch{Xorb: t.Xorb, Start: t.Start, End: t.End}
	}
	slices.SortFunc(runs, func(a, b Fetch) int {
		return cmp.Or(slices.Compare(a.Xorb[:], b.Xorb[:]), cmp.Compare(a.Start, b.Start))
	})
	for _, r := range runs {
		if n := len(p.Fetches); n > 0 && p.Fetches[n-1].Xorb == r.Xorb && r.Start <= p.Fetches[n-1].End {
			p.Fetches[n-1].End = max(p.Fetches[n-1].End, r.End)
			continue
		}
		p.Fetches = append(p.Fetches, r)
	}
	for i := range p.Fetches {
		f := &p.Fetches[i]
		table, err := s.table(ctx, f.Xorb)
		if err != nil {
			return err
		}
		f.From, f.To = table.Packed(int(f.Start), int(f.End))
	}
	return nil
}

// FetchOf returns the fetch that a term lies in.
func (p *Plan) FetchOf(t PlanTerm) Fetch {
	i := sort.Search(len(p.Fetches), func(i int) bool {
		f := p.Fetches[i]
		return cmp.Or(slices.Compare(f.Xorb[:], t.Xorb[:]), cmp.Compare(f.End, t.End)) >= 0
	})
	return p.Fetches[i]
}

// FileSize returns the length in bytes of a file of the repository. NotFound.
func (s *Service) FileSize(ctx context.Context, g access.Grant, file xethash.Hash) (int64, error) {
	repo, err := g.Repo(access.RepoContentRead)
	if err != nil || file.IsZero() {
		return 0, err
	}
	row, err := s.meta.XetFileOf(ctx, repo.ID, file)
	return row.Size, err
}

// OpenData opens a stored xorb to serve ranges of its first packed bytes, which a plan promised; the caller closes it.
// What lies behind them is secret. check tells, as long as it is asked, whether the transfer may go on.
func (s *Service) OpenData(ctx context.Context, g access.Grant, h xethash.Hash) (o blob.Object, packed int64, check func() error, err error) {
	if _, err := g.Repo(access.RepoContentRead); err != nil {
		return nil, 0, nil, err
	}
	if o, packed, err = s.openXorb(ctx, h); err != nil {
		s.noteRot(ctx, err)
	}
	return o, packed, s.guard(ctx, g).check, err
}
