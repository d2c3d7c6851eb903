package hubapi

import (
	"bufio"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/modelcard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// described is a repository about which fields are asked. In lists view is nil unless a field needs it.
type described struct {
	repo  hub.Repo
	card  hub.Card
	view  *repos.View
	blobs bool // siblings with sizes and ids
	api   *API
}

// field is one property of a repository: for which types, where it stands without being asked for, and how
// it is had. A nil value is left out of the answer; a field without a function never has one here.
type field struct {
	name  string
	types string // letters of model, dataset, space
	in    uint8  // of inInfo, inList, inFull
	value func(ctx context.Context, d *described) (any, error)
}

const (
	inInfo = 1 << iota // in the answer for one repository
	inList             // in items of lists
	inFull             // in items of lists with full=true
)

// fields are all properties in the order in which they are written; _id and id always come first.
// Source: huggingface_hub hf_api.py, ExpandModelProperty_T and its siblings, ModelInfo, DatasetInfo, SpaceInfo.
var fields = []field{
	{"modelId", "m", inInfo | inList, fact(func(d *described) any { return d.repo.FullName() })},
	{"author", "mds", inInfo | inList, fact(func(d *described) any { return d.repo.Namespace })},
	{"sha", "mds", inInfo | inFull, fact(sha)},
	{"lastModified", "mds", inInfo | inList, fact(func(d *described) any { return date(d.repo.UpdatedAt) })},
	{"createdAt", "mds", inInfo | inList, fact(func(d *described) any { return date(d.repo.CreatedAt) })},
	{"private", "mds", inInfo | inList, fact(func(d *described) any { return d.repo.Visibility != hub.Public })},
	{"gated", "md", inInfo | inList, fact(func(d *described) any { return gated(d.repo.Gated) })},
	{"disabled", "mds", inInfo | inList, fact(func(d *described) any { return d.repo.Disabled })},
	{"downloads", "md", inInfo | inList, fact(func(d *described) any { return d.repo.Downloads })},
	{"downloadsAllTime", "md", 0, fact(func(d *described) any { return d.repo.Downloads })},
	{"likes", "mds", inInfo | inList, fact(func(d *described) any { return d.repo.Likes })},
	{"trendingScore", "mds", inList, fact(func(*described) any { return 0 })},
	{"sdk", "s", inInfo | inList, fact(sdk)},
	{"pipeline_tag", "m", inInfo | inList, fact(func(d *described) any { return orNil(d.card.PipelineTag) })},
	{"library_name", "m", inInfo | inList, fact(func(d *described) any { return orNil(d.card.LibraryName) })},
	{"tags", "mds", inInfo | inList, fact(tags)},
	{"cardData", "mds", inInfo | inFull, fact(cardData)},
	{"config", "m", inInfo, config},
	{"model-index", "m", inInfo, fact(fromCard("model-index"))},
	{"widgetData", "m", inInfo, fact(fromCard("widget"))},
	{"safetensors", "m", inInfo, safetensors},
	{"models", "s", inInfo, fact(fromCard("models"))},
	{"datasets", "s", inInfo, fact(fromCard("datasets"))},
	{"spaces", "m", inInfo, fact(func(*described) any { return []string{} })},
	{"runtime", "s", 0, fact(func(*described) any { return map[string]string{"stage": "NO_APP_FILE"} })},
	{"usedStorage", "mds", inInfo, fact(func(d *described) any { return d.repo.GitBytes + d.repo.LFSBytes })},
	{"xetEnabled", "mds", 0, fact(func(d *described) any { return d.api.Xet != nil })},
	{"siblings", "mds", inInfo | inFull, siblings},

	// Known to clients and without a value here.
	{"gitalyUid", "mds", 0, nil}, {"resourceGroup", "mds", 0, nil},
	{"baseModels", "m", 0, nil}, {"childrenModelCount", "m", 0, nil}, {"evalResults", "m", 0, nil}, {"gguf", "m", 0, nil},
	{"inference", "m", 0, nil}, {"inferenceProviderMapping", "m", 0, nil}, {"mask_token", "m", 0, nil},
	{"transformersInfo", "m", 0, nil}, {"securityRepoStatus", "m", 0, nil},
	{"citation", "d", 0, nil}, {"description", "d", 0, nil}, {"mainSize", "d", 0, nil}, {"paperswithcode_id", "d", 0, nil},
	{"region", "s", 0, nil}, {"subdomain", "s", 0, nil}, {"host", "s", 0, nil},
}

// has tells whether repositories of type t have the field.
func (f *field) has(t hub.RepoType) bool { return strings.Contains(f.types, string(t)[:1]) }

// selection is a set of fields.
type selection map[string]bool

// defaults are the fields of a place.
func defaults(t hub.RepoType, in uint8) selection {
	s := selection{}
	for i := range fields {
		if f := &fields[i]; f.has(t) && f.in&in != 0 {
			s[f.name] = true
		}
	}
	return s
}

// expanded are the fields asked for by name; InvalidInput names those that do not exist.
func expanded(t hub.RepoType, names []string) (selection, error) {
	s := selection{}
	var legal, unknown []string
	for i := range fields {
		if fields[i].has(t) {
			legal = append(legal, fields[i].name)
			s[fields[i].name] = false
		}
	}
	for _, n := range names {
		if _, ok := s[n]; !ok {
			if len(unknown) < 10 {
				unknown = append(unknown, n)
			}
			continue
		}
		s[n] = true
	}
	if len(unknown) > 0 {
		return nil, hub.Errorf(hub.InvalidInput, "Unknown value of expand: %q. For %s it may be any of %s.", unknown, t.Plural(), strings.Join(legal, ", "))
	}
	return s, nil
}

// members makes the object of one repository.
func (d *described) members(ctx context.Context, s selection) ([]member, error) {
	out := []member{{"_id", d.repo.ID}, {"id", d.repo.FullName()}}
	for i := range fields {
		f := &fields[i]
		if !s[f.name] || f.value == nil || !f.has(d.repo.Type) {
			continue
		}
		v, err := f.value(ctx, d)
		if err != nil {
			return nil, err
		}
		if v != nil {
			out = append(out, member{f.name, v})
		}
	}
	return out, nil
}

// fact is a field that needs nothing but the row and the card.
func fact(f func(*described) any) func(context.Context, *described) (any, error) {
	return func(_ context.Context, d *described) (any, error) { return f(d), nil }
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func sha(d *described) any {
	oid := d.repo.HeadOID
	if d.view != nil {
		oid = d.view.Commit
	}
	if oid.IsZero() {
		return nil
	}
	return oid
}

// sdk is what the README says now, or else what the Space was created with.
func sdk(d *described) any { return orNil(sdkOf(d)) }

func sdkOf(d *described) string {
	var card struct{ SDK string }
	if d.card.Data != nil && json.Unmarshal(d.card.Data, &card) == nil && modelcard.KnownSDK(card.SDK) {
		return card.SDK
	}
	return d.repo.SDK
}

// tags are those of the card; a Space has its sdk among them.
func tags(d *described) any {
	sdk, shown := sdkOf(d), modelcard.ShownTags(d.repo.Type, d.card.Tags)
	if sdk == "" || slices.Contains(shown, sdk) {
		return shown
	}
	return append([]string{sdk}, shown...)
}

func cardData(d *described) any {
	if d.card.Data == nil {
		return nil
	}
	return json.RawMessage(d.card.Data)
}

// fromCard takes one key of the front matter as it is, if it is a list.
func fromCard(key string) func(*described) any {
	return func(d *described) any {
		var card map[string]json.RawMessage
		if d.card.Data == nil || json.Unmarshal(d.card.Data, &card) != nil {
			return nil
		}
		v, ok := card[key]
		if !ok || len(v) == 0 || v[0] != '[' {
			return nil
		}
		return v
	}
}

func config(ctx context.Context, d *described) (any, error) {
	if d.view == nil {
		return nil, nil
	}
	c, err := d.view.Config(ctx)
	if err != nil || c == nil {
		return nil, err
	}
	return c, nil
}

func safetensors(ctx context.Context, d *described) (any, error) {
	if d.view == nil {
		return nil, nil
	}
	p, err := d.view.Safetensors(ctx)
	if err != nil || p == nil {
		return nil, err
	}
	return map[string]any{"parameters": p.ByType, "total": p.Total}, nil
}

type sibling struct {
	Name   string      `json:"rfilename"`
	Size   *int64      `json:"size,omitempty"`
	BlobID string      `json:"blobId,omitempty"`
	LFS    *siblingLFS `json:"lfs,omitempty"`
	Xet    string      `json:"xetHash,omitempty"`
}

// siblingLFS calls the digest sha256, unlike the tree, which calls it oid.
// Source: huggingface_hub hf_api.py, BlobLfsInfo and RepoFile.
type siblingLFS struct {
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"`
	PointerSize int64  `json:"pointerSize"`
}

func siblings(ctx context.Context, d *described) (any, error) {
	if d.view == nil {
		return nil, nil
	}
	return stream(func(out *bufio.Writer) error {
		return array(out, func(emit func(any) error) error {
			if !d.blobs {
				return d.view.Files(ctx, func(e gitrepo.Entry) error { return emit(sibling{Name: e.Path}) })
			}
			return d.detailed(ctx, emit)
		})
	}), nil
}

// detailedPage is how many siblings are looked up at a time.
const detailedPage = 1000

// detailed emits siblings with sizes and ids.
func (d *described) detailed(ctx context.Context, emit func(any) error) error {
	var page []gitrepo.Entry
	flush := func() error {
		hashes, err := d.api.xetHashes(ctx, d.view, page)
		if err != nil {
			return err
		}
		for _, e := range page {
			s := sibling{Name: e.Path, Size: &e.Size, BlobID: e.OID.String()}
			if e.LFS != nil {
				s.LFS = &siblingLFS{Size: e.LFS.Size, SHA256: mask(string(e.LFS.Digest), d.view.Content), PointerSize: e.LFS.PointerSize}
				s.Xet = hashes[e.LFS.Digest]
			}
			if err := emit(s); err != nil {
				return err
			}
		}
		page = page[:0]
		return nil
	}
	err := d.view.Files(ctx, func(e gitrepo.Entry) error {
		if page = append(page, e); len(page) < detailedPage {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// mask hides the digest of a large file from those who may not read it: of a gated repository everybody sees
// names and sizes.
func mask(digest string, content bool) string {
	if content {
		return digest
	}
	return strings.Repeat("*", 64)
}
