package gitrepo

import (
	"bytes"
	"context"
	"fmt"

	"github.com/ambit-hub/ambit/internal/format/lfspointer"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

type lfsPointer = lfspointer.Pointer

// Without makes the histories of tips anew so that no tree has a pointer to one of the large files drop, and returns what
// stands for each tip: itself where its history had none. Everything else stays as it was, authors and dates included;
// signatures of commits and tags that change are left out, because they would no longer be right. A directory that is left
// empty vanishes, a commit stays also when it changes nothing any more. Tips are commits or tags of commits, others stay.
// Every commit and tree is read once. TooLarge for a history of more than MaxHistory commits.
func (w *Writer) Without(ctx context.Context, tips []hub.OID, drop map[hub.Digest]bool) (map[hub.OID]hub.OID, error) {
	if w.b == nil {
		return nil, errEnded
	}
	r := rewriter{ctx: ctx, w: w, drop: drop, trees: map[hub.OID]hub.OID{}, commits: map[hub.OID]hub.OID{}}
	out := map[hub.OID]hub.OID{}
	for _, tip := range tips {
		oid, err := r.tip(tip, 0)
		if err != nil {
			return nil, err
		}
		out[tip] = oid
	}
	return out, nil
}

type rewriter struct {
	ctx     context.Context
	w       *Writer
	drop    map[hub.Digest]bool
	trees   map[hub.OID]hub.OID // zero: nothing is left
	commits map[hub.OID]hub.OID
}

// tip rewrites a commit, or a tag and what it names.
func (r *rewriter) tip(oid hub.OID, depth int) (hub.OID, error) {
	kind, ok := r.w.v.kind(oid)
	if !ok {
		return oid, fmt.Errorf("%w: %s of repository %s", errMissing, oid, r.w.repo)
	}
	switch kind {
	case object.KindCommit:
		return r.history(oid)
	case object.KindTag:
		return r.tag(oid, depth)
	}
	return oid, nil
}

func (r *rewriter) tag(oid hub.OID, depth int) (hub.OID, error) {
	if depth > maxTagDepth {
		return oid, hub.Errorf(hub.Unprocessable, "The tag %s is a tag of a tag too many times over.", oid)
	}
	data, err := r.w.v.read(oid, object.KindTag)
	if err != nil {
		return oid, err
	}
	tag, err := object.ParseTag(data)
	if err != nil {
		return oid, fmt.Errorf("tag %s: %w", oid, err)
	}
	target, err := r.tip(tag.Target, depth+1)
	if err != nil || target == tag.Target {
		return oid, err
	}
	_, rest, _ := bytes.Cut(data, []byte{'\n'})
	return r.w.add(object.KindTag, append(fmt.Appendf(nil, "object %s\n", target), unsignedTag(rest)...))
}

// unsignedTag is the rest of a tag without the signature at the end of its message.
func unsignedTag(rest []byte) []byte {
	for _, mark := range []string{"-----BEGIN PGP SIGNATURE-----", "-----BEGIN SSH SIGNATURE-----", "-----BEGIN SIGNED MESSAGE-----"} {
		if i := bytes.Index(rest, []byte("\n"+mark)); i >= 0 {
			rest = rest[:i+1]
		}
	}
	return rest
}

// history rewrites a commit after its parents. The way down is a list of our own: histories are deep.
func (r *rewriter) history(oid hub.OID) (hub.OID, error) {
	stack := []hub.OID{oid}
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		if _, ok := r.commits[at]; ok {
			stack = stack[:len(stack)-1]
			continue
		}
		if err := r.ctx.Err(); err != nil {
			return oid, err
		}
		c, err := r.w.store.commit(r.w.v, at)
		if err != nil {
			return oid, err
		}
		waiting := len(stack)
		for _, p := range c.Parents {
			if _, ok := r.commits[p]; !ok {
				stack = append(stack, p)
			}
		}
		if len(stack) > waiting {
			if len(stack) > MaxHistory {
				return oid, hub.Errorf(hub.TooLarge, "The history has more than %d commits.", MaxHistory)
			}
			continue
		}
		stack = stack[:len(stack)-1]
		if r.commits[at], err = r.commit(c); err != nil {
			return oid, err
		}
	}
	return r.commits[oid], nil
}

// commit rewrites a commit whose parents have been.
func (r *rewriter) commit(c *Commit) (hub.OID, error) {
	tree, err := r.tree(c.Tree)
	if err != nil {
		return c.OID, err
	}
	same := tree == c.Tree
	for _, p := range c.Parents {
		same = same && r.commits[p] == p
	}
	if same {
		return c.OID, nil
	}
	if tree.IsZero() {
		if tree, err = r.w.add(object.KindTree, nil); err != nil {
			return c.OID, err
		}
	}
	data, err := r.w.v.read(c.OID, object.KindCommit)
	if err != nil {
		return c.OID, err
	}
	out := fmt.Appendf(nil, "tree %s\n", tree)
	for _, p := range c.Parents {
		out = fmt.Appendf(out, "parent %s\n", r.commits[p])
	}
	for range 1 + len(c.Parents) {
		_, data, _ = bytes.Cut(data, []byte{'\n'})
	}
	return r.w.add(object.KindCommit, append(out, unsignedCommit(data)...))
}

// unsignedCommit is the rest of a commit without the headers of its signatures.
func unsignedCommit(rest []byte) []byte {
	var out []byte
	signature := false
	for len(rest) > 0 && rest[0] != '\n' {
		line, after, _ := bytes.Cut(rest, []byte{'\n'})
		if line[0] != ' ' { // a line that goes on belongs to the header before it
			signature = bytes.HasPrefix(line, []byte("gpgsig"))
		}
		if !signature {
			out = append(append(out, line...), '\n')
		}
		rest = after
	}
	return append(out, rest...)
}

// tree rewrites a tree; zero when nothing is left of one that had something.
func (r *rewriter) tree(oid hub.OID) (hub.OID, error) {
	if now, ok := r.trees[oid]; ok {
		return now, nil
	}
	if err := r.ctx.Err(); err != nil {
		return oid, err
	}
	old, err := r.w.store.tree(r.w.v, oid)
	if err != nil {
		return oid, err
	}
	now, changed := make([]byte, 0, len(old.Raw(0, old.Len()))), false
	for i := range old.Len() {
		e := old.Entry(i)
		was := e.OID
		switch e.Mode {
		case ModeDirectory:
			if e.OID, err = r.tree(e.OID); err != nil {
				return oid, err
			}
		case ModeFile, ModeExecutable:
			if p, _, ok := r.w.v.pointer(e.OID); ok && r.drop[p.Digest] {
				e.OID = hub.ZeroOID
			}
		}
		if e.OID == was {
			now = append(now, old.Raw(i, i+1)...)
			continue
		}
		if changed = true; !e.OID.IsZero() {
			now = object.AppendEntry(now, e.Mode, e.Name, e.OID)
		}
	}
	result := oid
	switch {
	case changed && len(now) == 0:
		result = hub.ZeroOID
	case changed:
		if result, err = r.w.add(object.KindTree, now); err != nil {
			return oid, err
		}
	}
	r.trees[oid] = result
	return result, nil
}
