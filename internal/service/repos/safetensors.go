package repos

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"path"
	"strings"
	"sync"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// Parameters counts the parameters of a model by data type, as its safetensors files declare them.
type Parameters struct {
	ByType map[string]int64
	Total  int64
}

// Limits of what is read to count parameters.
const (
	maxHeader     = 16 << 20 // bytes of one header
	maxShards     = 64
	maxTensors    = 200_000 // of one file
	maxTypes      = 64      // of the tensors of one file: the format has some fifteen
	headerEntries = 4096    // files whose counts are remembered
)

// Safetensors counts the parameters in the safetensors files at the root of the viewed revision. It is nil
// for other types than models, without the right to read files, where there are none or more than 64, and
// where one of them is not what its name says.
func (v *View) Safetensors(ctx context.Context) (*Parameters, error) {
	if v.Repo.Type != hub.Model || !v.Content || v.Commit.IsZero() {
		return nil, nil
	}
	shards, err := v.shards(ctx)
	if err != nil || len(shards) == 0 {
		return nil, err
	}
	sum := &Parameters{ByType: map[string]int64{}}
	for _, e := range shards {
		p, err := v.svc.count(ctx, v, e)
		if err != nil || p == nil {
			return nil, err
		}
		for t, n := range p.ByType {
			sum.ByType[t] += n
		}
		sum.Total += p.Total
	}
	return sum, nil
}

// shards finds model.safetensors or the model-00001-of-0000N.safetensors files.
func (v *View) shards(ctx context.Context) ([]gitrepo.Entry, error) {
	var one, many []gitrepo.Entry
	for after := ""; ; {
		entries, next, err := v.snap.List(ctx, v.Commit, "", gitrepo.ListOptions{After: after, Limit: walkPage})
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.LFS == nil || path.Ext(e.Path) != ".safetensors" {
				continue
			}
			if e.Path == "model.safetensors" {
				one = append(one, e)
			} else if strings.HasPrefix(e.Path, "model-0") && strings.Contains(e.Path, "-of-") {
				many = append(many, e)
			}
		}
		if next == "" || len(many) > maxShards {
			break
		}
		after = next
	}
	if len(one) > 0 {
		return one, nil
	}
	if len(many) > maxShards {
		return nil, nil
	}
	return many, nil
}

// count reads the header of one large file of the repository, or remembers it: a digest never means
// anything else.
func (s *Service) count(ctx context.Context, v *View, e gitrepo.Entry) (*Parameters, error) {
	o, err := s.openLarge(ctx, v.Repo.ID, e.LFS.Digest)
	if hub.Is(err, hub.NotFound) {
		return nil, nil // knowing a digest is not having the file
	}
	if err != nil {
		return nil, err
	}
	defer o.Close()
	if p, ok := s.safetensors.get(e.LFS.Digest); ok {
		return p, nil
	}
	r := &failing{r: o}
	p, err := countParameters(r)
	if r.failed != nil {
		return nil, r.failed // of the file nothing is known yet
	}
	if err != nil {
		p = nil // not a safetensors file, whatever its name says
	}
	s.safetensors.put(e.LFS.Digest, p)
	return p, nil
}

// failing remembers that reading failed, which says nothing of what is read.
type failing struct {
	r      io.Reader
	failed error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && err != io.EOF {
		f.failed = err
	}
	return n, err
}

// openLarge opens a large file of the repository; NotFound.
func (s *Service) openLarge(ctx context.Context, repoID hub.ID, d hub.Digest) (blob.Object, error) {
	key, _, err := s.meta.LFSKeyIn(ctx, repoID, d)
	if err == nil {
		return s.blobs.Open(ctx, key)
	}
	if hub.Is(err, hub.NotFound) && s.chunked != nil {
		return s.chunked(ctx, repoID, d)
	}
	return nil, err
}

var errHeader = errors.New("not a safetensors header")

// countParameters reads a safetensors header: eight bytes of length, then a JSON object of tensors.
// Source: the format description of the safetensors library.
func countParameters(r io.Reader) (*Parameters, error) {
	var size [8]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, errHeader
	}
	n := binary.LittleEndian.Uint64(size[:])
	if n > maxHeader {
		return nil, errHeader
	}
	d := json.NewDecoder(io.LimitReader(r, int64(n)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errHeader
	}
	p := &Parameters{ByType: map[string]int64{}}
	for tensors := 0; d.More(); tensors++ {
		name, err := d.Token()
		if err != nil || tensors > maxTensors {
			return nil, errHeader
		}
		if name == "__metadata__" {
			var skip json.RawMessage
			if d.Decode(&skip) != nil {
				return nil, errHeader
			}
			continue
		}
		if err := p.add(d); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Parameters) add(d *json.Decoder) error {
	var t struct {
		DType string  `json:"dtype"`
		Shape []int64 `json:"shape"`
	}
	if d.Decode(&t) != nil || t.DType == "" || len(t.DType) > 16 || len(t.Shape) > 32 {
		return errHeader
	}
	n := int64(1)
	for _, dim := range t.Shape {
		if dim < 0 || dim > 1<<40 || (dim > 0 && n > (1<<56)/dim) {
			return errHeader
		}
		n *= dim
	}
	if p.Total > 1<<60 {
		return errHeader
	}
	p.ByType[t.DType] += n
	p.Total += n
	if len(p.ByType) > maxTypes {
		return errHeader
	}
	return nil
}

// headerCache remembers the counts of files by digest. Its zero entries are files that are no safetensors.
type headerCache struct {
	mu sync.Mutex // guards m
	m  map[hub.Digest]*Parameters
}

func newHeaderCache() *headerCache { return &headerCache{m: map[hub.Digest]*Parameters{}} }

func (c *headerCache) get(d hub.Digest) (*Parameters, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.m[d]
	return p, ok
}

func (c *headerCache) put(d hub.Digest, p *Parameters) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.m) >= headerEntries {
		for k := range c.m { // any one will do
			delete(c.m, k)
			break
		}
	}
	c.m[d] = p
}
