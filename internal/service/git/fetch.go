package git

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// fetch is what a client says of what it wants and has, in any version of the protocol.
type fetch struct {
	wants    []hub.OID
	wantRefs []string
	haves    []hub.OID
	done     bool
	wait     bool // wait-for-done: no pack before the client says so

	shallow  []hub.OID
	depth    int
	relative bool
	since    int64
	not      []string

	filter     gitrepo.Filter
	offsets    bool // ofs-delta
	thin       bool // thin-pack
	includeTag bool
	noProgress bool
	allBands   bool // sideband-all
}

// Bounds of one request: a partial clone may ask for many objects by their ids.
const (
	maxLines        = 1 << 20
	maxRequestBytes = 64 << 20
)

// budget is how much more a client may say.
type budget struct{ lines, bytes int }

func newBudget() budget { return budget{maxLines, maxRequestBytes} }

// take is called for each line; TooLarge.
func (b *budget) take(line string) error {
	b.lines--
	b.bytes -= len(line) + 4
	switch {
	case b.lines < 0:
		return hub.Errorf(hub.TooLarge, "the request has more than %d lines", maxLines)
	case b.bytes < 0:
		return hub.Errorf(hub.TooLarge, "the request is larger than %d bytes", maxRequestBytes)
	}
	return nil
}

// option takes in one line that both versions of the protocol have. ok is false for another line.
func (f *fetch) option(line string) (ok bool, err error) {
	key, value, _ := strings.Cut(line, " ")
	switch key {
	case "shallow":
		return true, appendOID(&f.shallow, value)
	case "deepen":
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil || n <= 0 {
			return true, protocolError("invalid deepen: %s", value)
		}
		f.depth = int(n)
	case "deepen-since":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n <= 0 {
			return true, protocolError("invalid deepen-since: %s", value)
		}
		f.since = n
	case "deepen-not":
		f.not = append(f.not, value)
	case "filter":
		f.filter, err = gitrepo.ParseFilter(value)
	default:
		return false, nil
	}
	return true, err
}

func appendOID(list *[]hub.OID, text string) error {
	oid, err := hub.ParseOID(text)
	if err != nil {
		return protocolError("protocol error: expected an object id, got '%s'", clip(text, 80))
	}
	*list = append(*list, oid)
	return nil
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}

// session is one fetch from one state of a repository.
type session struct {
	s      *Service
	repo   hub.Repo
	refs   []hub.Ref
	byName map[string]hub.Ref // refs; nil until it is needed
	snap   *gitrepo.Snapshot
	*fetch
}

// open opens a repository with its refs and checks what is wanted.
func (s *Service) open(ctx context.Context, repo hub.Repo, f *fetch) (*session, error) {
	snap, refs, err := s.git.OpenWithRefs(ctx, repo.ID)
	if err != nil {
		return nil, err
	}
	x := &session{s: s, repo: repo, refs: refs, snap: snap, fetch: f}
	done, err := s.fetchers.work(ctx)
	if err == nil {
		err = x.check(ctx)
		done()
	}
	if err != nil {
		snap.Close()
		return nil, err
	}
	return x, nil
}

func (x *session) close() { x.snap.Close() }

// check holds that the client wants only what refs lead to.
func (x *session) check(ctx context.Context) error {
	if x.depth > 0 && (x.since > 0 || len(x.not) > 0) {
		return protocolError("deepen and deepen-since (or deepen-not) cannot be used together")
	}
	tips := make(map[hub.OID]bool, len(x.refs))
	var all, others []hub.OID
	for _, r := range x.refs {
		if !tips[r.Target] {
			tips[r.Target] = true
			all = append(all, r.Target)
		}
	}
	for _, oid := range x.wants {
		if !tips[oid] {
			others = append(others, oid)
		}
	}
	x.not, x.wantRefs = unique(x.not), unique(x.wantRefs)
	for _, name := range x.wantRefs {
		r, ok := x.ref(name)
		if !ok {
			return protocolError("unknown ref %s", clip(name, 200))
		}
		x.wants = append(x.wants, r.Target)
	}
	x.wants = unique(x.wants)
	oid, bad, err := x.snap.Unreachable(ctx, all, others)
	if err != nil {
		return err
	}
	if bad {
		return protocolError("not our ref %s", oid)
	}
	return nil
}

// unique leaves out what was there before: clients may say the same very often.
func unique[T comparable](list []T) []T {
	seen := make(map[T]bool, len(list))
	return slices.DeleteFunc(list, func(v T) bool {
		was := seen[v]
		seen[v] = true
		return was
	})
}

// ref finds a ref by its full name or as HEAD.
func (x *session) ref(name string) (hub.Ref, bool) {
	if x.byName == nil {
		x.byName = refsByName(x.refs)
	}
	if name == headRef {
		r, ok := x.byName[defaultHead]
		r.Name = headRef
		return r, ok
	}
	r, ok := x.byName[name]
	return r, ok
}

// border works out the shallow border.
func (x *session) border(ctx context.Context) (gitrepo.Deepening, error) {
	q := gitrepo.DeepenRequest{Wants: x.wants, Shallow: x.shallow, Depth: x.depth, Relative: x.relative, Since: x.since}
	for _, r := range x.refs {
		q.Tips = append(q.Tips, r.Target)
	}
	for _, name := range x.not {
		r, ok := x.exclusion(name)
		if !ok {
			return gitrepo.Deepening{}, protocolError("deepen-not is not a ref: %s", clip(name, 200))
		}
		q.Not = append(q.Not, r.Target)
	}
	return x.snap.Deepen(ctx, q)
}

// exclusion finds a ref by a name that may be short.
func (x *session) exclusion(name string) (hub.Ref, bool) {
	for _, prefix := range []string{"", "refs/", gitrepo.TagPrefix, gitrepo.BranchPrefix} {
		if r, ok := x.ref(prefix + name); ok {
			return r, true
		}
	}
	return hub.Ref{}, false
}

// shallowInfo tells whether the answer has to speak of the border.
func (f *fetch) shallowInfo() bool {
	return f.depth > 0 || f.since > 0 || len(f.not) > 0 || len(f.shallow) > 0
}

// selectFor finds the objects to send.
func (x *session) selectFor(ctx context.Context, d gitrepo.Deepening, common []hub.OID) (*gitrepo.Selection, error) {
	q := gitrepo.SelectRequest{Wants: append(x.wants[:len(x.wants):len(x.wants)], d.Wants...), Haves: common, Cut: d.Cut, Filter: x.filter}
	if x.includeTag {
		for _, r := range x.refs {
			if strings.HasPrefix(r.Name, gitrepo.TagPrefix) {
				q.Tags = append(q.Tags, r)
			}
		}
	}
	done, err := x.s.fetchers.work(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	sel, err := x.snap.Select(ctx, q)
	// A client that has borders, or left something out by a filter, may lack what its commits lead to.
	if err == nil && x.thin && len(common) > 0 && !x.shallowInfo() && x.filter == (gitrepo.Filter{}) {
		if err = sel.MakeThin(ctx); err != nil {
			sel.Close()
		}
	}
	return sel, err
}
