package git

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/modelcard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// checkNames refuses commands for what they name, before any byte of the pack is looked at.
func (p *push) checkNames() {
	times := map[string]int{}
	for _, c := range p.commands {
		times[c.Name]++
	}
	for _, c := range p.commands {
		if times[c.Name] > 1 {
			c.refuse("multiple updates for this ref are not allowed")
		}
		c.refuse(nameRefusal(c))
	}
}

func nameRefusal(c *command) string {
	branch, isBranch := strings.CutPrefix(c.Name, gitrepo.BranchPrefix)
	tag, isTag := strings.CutPrefix(c.Name, gitrepo.TagPrefix)
	switch {
	case strings.HasPrefix(c.Name, "refs/pr/"):
		return "pull requests cannot be pushed to on this hub yet"
	case strings.HasPrefix(c.Name, "refs/convert/"):
		return "refs/convert/ is written by the hub alone"
	case !isBranch && !isTag:
		return "only branches (refs/heads/) and tags (refs/tags/) can be pushed"
	case c.deletes() && c.Name == defaultHead:
		return fmt.Sprintf("Cannot delete %s: it is the default branch.", c.Name)
	case c.deletes():
		return "" // whatever it is called, it may go
	}
	err := repos.CheckTagName(tag)
	if isBranch {
		err = repos.CheckBranchName(branch)
	}
	if err != nil {
		return sentence(err)
	}
	return ""
}

// sentence is what an error says to people; "" for nil.
func sentence(err error) string {
	if e := asError(err); e != nil {
		return e.Message
	}
	return ""
}

// checker holds a push to the rules of the hub once its pack has arrived.
type checker struct {
	s     *Service
	ctx   context.Context
	repo  hub.Repo
	in    *gitrepo.Incoming
	push  *push
	finds *finds // nil: nobody looks for access tokens
	notes []string
	head  *headChange
}

// headChange is what a push does to the default branch.
type headChange struct {
	oid  hub.OID
	card *hub.Card // nil: README.md is as before
}

// run refuses commands that break a rule. The error is internal, or one of the store.
func (k *checker) run() error {
	if err := k.checkPointers(); err != nil {
		if e := asError(err); e != nil {
			k.push.refuseAll(e.Message)
			return nil
		}
		return err
	}
	if err := k.connect(k.push.open()); err != nil {
		return err
	}
	for _, c := range k.push.open() {
		if err := k.checkTip(c); err != nil {
			return err
		}
	}
	return nil
}

// connect checks what new tips lead to, one after the other, so that each is told what is wrong with itself.
func (k *checker) connect(commands []*command) error {
	conn := k.in.Connect(k.ctx)
	var good []*command
	bad := 0
	for _, c := range commands {
		if c.deletes() {
			continue
		}
		if bad == maxBadTips {
			c.refuse("not checked, because too many refs of this push are refused")
			continue
		}
		err := k.connectOne(conn, c)
		if err == nil {
			good = append(good, c)
			continue
		}
		e := asError(err)
		if e == nil {
			return err
		}
		if k.push.shallow && gitrepo.IsMissing(err) {
			e = shallowUpdate
		}
		c.refuse(e.Message)
		bad++
		// What the failed tip leads to has been marked as seen: begin again without it.
		conn = k.in.Connect(k.ctx)
		for _, g := range good {
			if err := k.connectOne(conn, g); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *checker) connectOne(conn *gitrepo.Connection, c *command) error {
	var large []string
	err := conn.Tip(c.New, func(f gitrepo.NewFile) error {
		if k.finds != nil {
			k.finds.see(f)
		}
		if f.Size > k.s.cfg.MaxRegular && len(large) < maxListed {
			large = append(large, fmt.Sprintf("- %s (ref: %s)", f.Path(), c.Name))
		}
		return nil
	})
	if err == nil {
		err = conn.Prove(k.ctx)
	}
	if err == nil && len(large) > 0 {
		limit := sizeText(k.s.cfg.MaxRegular)
		k.notes = append(k.notes,
			"Your push was refused because it has files larger than "+limit+".",
			"Use Git LFS or Xet for them: git lfs track, then git lfs migrate for what is committed already.",
			"Offending files:")
		k.notes = append(k.notes, large...)
		err = hub.Errorf(hub.InvalidInput, "files larger than %s must be large files (LFS): %s", limit, strings.TrimPrefix(large[0], "- "))
	}
	return err
}

// shallowUpdate is what git says, and what to do.
var shallowUpdate = hub.Errorf(hub.Unprocessable, "shallow update not allowed: your clone lacks history that this repository does not have either; run git fetch --unshallow first")

// maxBadTips is how many refs of one push are told what is wrong with what they lead to: each makes the good ones be
// looked at again.
const maxBadTips = 16

// maxListed is how many offending files one refusal names.
const maxListed = 100

func sizeText(n int64) string {
	if n >= 1<<20 && n%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// checkPointers holds that every large file that the pack's pointers name was uploaded to this repository. A file that
// nobody ever uploaded and one that only others have look the same.
func (k *checker) checkPointers() error {
	want := k.in.Pointers()
	if len(want) == 0 {
		return nil
	}
	var digests []hub.Digest
	for d := range want {
		digests = append(digests, d)
	}
	slices.Sort(digests)
	have, err := k.s.meta.LFSObjects(k.ctx, k.repo.ID, digests)
	if err != nil {
		return err
	}
	missing := 0
	var refusal error
	for _, d := range digests {
		size, ok := have[d]
		switch {
		case ok && size == want[d]:
			continue
		case ok:
			k.note(&missing, fmt.Sprintf("- sha256 %s has %d bytes, but its pointer says %d", d, size, want[d]))
		default:
			k.note(&missing, fmt.Sprintf("- sha256 %s (%d bytes) has not been uploaded", d, want[d]))
		}
		if refusal == nil {
			refusal = hub.Errorf(hub.InvalidInput, "The large file with sha256 %s has not been uploaded to this repository: run git lfs push --all.", d)
		}
	}
	return refusal
}

func (k *checker) note(n *int, line string) {
	if *n == 0 {
		k.notes = append(k.notes, "Large files (LFS) that pointers in your push name are not in this repository:")
	}
	if *n++; *n <= maxListed {
		k.notes = append(k.notes, line)
	}
}

// checkTip looks at what a ref will name.
func (k *checker) checkTip(c *command) error {
	isBranch := strings.HasPrefix(c.Name, gitrepo.BranchPrefix)
	if c.deletes() || !isBranch {
		return nil
	}
	snap := k.in.Snapshot()
	if kind, _, _ := snap.Has(c.New); kind != object.KindCommit {
		c.refuse("a branch must name a commit")
		return nil
	}
	text, changed, err := k.readme(c)
	if err != nil {
		return err
	}
	if changed && text != nil {
		if rep := modelcard.Validate(k.repo.Type, text); len(rep.Errors) > 0 {
			c.refuse("Invalid metadata in README.md: " + strings.Join(rep.Errors, "; "))
			return nil
		}
	}
	if c.Name == defaultHead {
		k.head = &headChange{oid: c.New}
		if changed {
			card := repos.CardOf(k.repo.Type, text)
			k.head.card = &card
		}
	}
	return nil
}

const readmeFile = "README.md"

// readme returns the README at a command's new tip, nil when there is none that can be read, and whether it differs from
// the one before.
func (k *checker) readme(c *command) (text []byte, changed bool, err error) {
	snap := k.in.Snapshot()
	entry := func(oid hub.OID) (gitrepo.Entry, error) {
		if oid.IsZero() {
			return gitrepo.Entry{}, nil
		}
		if kind, _, _ := snap.Has(oid); kind != object.KindCommit {
			return gitrepo.Entry{}, nil
		}
		e, err := snap.Entry(k.ctx, oid, readmeFile)
		if hub.Is(err, hub.EntryNotFound) {
			return gitrepo.Entry{}, nil
		}
		return e, err
	}
	before, err := entry(c.Old)
	if err != nil {
		return nil, false, err
	}
	now, err := entry(c.New)
	if err != nil || now.OID == before.OID && now.Type == before.Type && !c.Old.IsZero() {
		return nil, false, err
	}
	if now.Type != gitrepo.TypeFile || now.LFS != nil || now.Size > repos.MaxReadme {
		return nil, true, nil
	}
	b, err := snap.Blob(k.ctx, now.OID)
	if err != nil {
		return nil, false, err
	}
	defer b.Close()
	text, err = io.ReadAll(b)
	return text, true, err
}
