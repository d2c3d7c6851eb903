package git

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/pktline"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// publishTries is how often a push is published anew after it lost a race about one of its refs or met a cleaning up.
const publishTries = 20

// ReceivePack takes a push: the commands, the pack, the checks, the publication and the report. g must hold RepoWrite; it
// is decided again right before the publication, so that a right that was taken away meanwhile does not count. What
// is wrong with the push is told to the client, in the protocol, and is no error here: the error is one of access,
// of the store or of the connection. Nothing has been written to w when it is one of access, unless it is a *Told: then the
// right was lost meanwhile, and the whole answer has been written.
func (s *Service) ReceivePack(ctx context.Context, g access.Grant, r io.Reader, w io.Writer, ev hub.Event) error {
	return s.ReceivePackIn(ctx, "", g, r, w, ev)
}

// ReceivePackIn is ReceivePack in a request with an id, which the pusher reads beside a refusal that is kept under it.
func (s *Service) ReceivePackIn(ctx context.Context, requestID string, g access.Grant, r io.Reader, w io.Writer, ev hub.Event) error {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return err
	}
	in := pktline.NewReader(r)
	p, err := s.readPush(in)
	if err != nil {
		return tellClient(err, pktline.NewWriter(w))
	}
	if len(p.commands) == 0 {
		return nil
	}
	leave, err := s.receivers.admit(g.Subject())
	if err != nil {
		return tellClient(err, pktline.NewWriter(w))
	}
	defer leave()
	x := &receiver{s: s, grant: g, repo: repo, push: &p, event: ev}
	unpack, err := x.receive(ctx, in.Rest())
	if err != nil {
		return err
	}
	if x.told != nil && requestID != "" {
		x.notes = append(x.notes, "request id "+requestID)
	}
	if err := p.write(w, unpack, x.notes); err != nil || x.told == nil {
		return err
	}
	return &Told{x.told}
}

// Told is a refusal of access that the client has read already, in the report of its push.
type Told struct{ Refusal *hub.Error }

func (t *Told) Error() string { return t.Refusal.Error() }

// Unwrap returns the refusal.
func (t *Told) Unwrap() error { return t.Refusal }

// receiver is one push on its way.
type receiver struct {
	s     *Service
	grant access.Grant
	repo  hub.Repo
	push  *push
	event hub.Event
	notes []string
	told  *hub.Error // the refusal of the right to push that the report tells
	finds *finds     // access tokens in the objects, until they are reported; nil when nobody looks for them
}

// asError returns an error whose sentence is for the pusher, nil for any other.
func asError(err error) *hub.Error {
	var e *hub.Error
	if errors.As(err, &e) && e.Code != hub.Internal && e.Code != hub.Unavailable {
		return e
	}
	return nil
}

// receive returns what the report says of the pack. Refusals stand in the commands.
func (x *receiver) receive(ctx context.Context, pack io.Reader) (unpack string, err error) {
	x.push.checkNames()
	x.push.settleAtomic()
	if !x.push.needsPack() {
		pack = nil
	}
	refs, err := x.s.meta.Refs(ctx, x.repo.ID, "refs/")
	if err != nil {
		return "", err
	}
	x.checkOld(refs)
	var scan func() gitrepo.Scanner
	if x.s.leaks != nil {
		x.finds = newFinds(x.s.leaks)
		scan = x.finds.scanner
	}
	seats := &seats{of: x.s.room}
	defer seats.leave()
	in, err := x.s.git.ReceiveScanned(ctx, x.repo.ID, pack, gitrepo.Limits{
		Bytes: x.s.cfg.MaxPack, Objects: x.s.cfg.MaxObjects, Inflated: x.s.cfg.MaxInflated, Room: seats.take,
	}, scan)
	if e := asError(err); e != nil {
		x.push.refuseAll("unpacker error")
		return e.Message, nil
	}
	if err != nil {
		return "", err
	}
	defer in.Abort()
	if x.finds != nil {
		x.finds.pointers = in.PointerFiles()
	}
	done, err := x.s.receivers.work(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	if err := x.check(ctx, in); err != nil {
		return "", err
	}
	return "ok", nil
}

// checkOld refuses commands that were made for another state. It is decided for good at publication.
func (x *receiver) checkOld(refs []hub.Ref) {
	byName := refsByName(refs)
	for _, c := range x.push.open() {
		r := byName[c.Name]
		switch {
		case r.Target == c.Old:
		case r.Target.IsZero() && c.deletes():
			c.refuse("the ref does not exist")
		default:
			c.refuse(movedAway)
		}
	}
	x.push.checkClashes(refs)
	x.push.settleAtomic()
}

const movedAway = "the ref has changed meanwhile: fetch first"

// check holds the push to the rules and publishes what may be.
func (x *receiver) check(ctx context.Context, in *gitrepo.Incoming) error {
	for range publishTries {
		k := &checker{s: x.s, ctx: ctx, repo: x.repo, in: in, push: x.push, finds: x.finds}
		if err := k.run(); err != nil {
			return err
		}
		x.notes = append(x.notes, k.notes...)
		x.push.settleAtomic()
		if len(x.push.open()) == 0 {
			return nil
		}
		if err := x.judge(ctx); err != nil {
			return err
		}
		if len(x.push.open()) == 0 {
			return nil
		}
		again, err := x.publish(ctx, in, k.head)
		if err != nil || !again {
			return err
		}
		if err := in.Refresh(ctx); err != nil {
			return err
		}
	}
	x.push.refuseAll("the repository is being changed too fast to push to it; try again")
	return nil
}

// judge reports, once, the access tokens that stand in what is pushed.
func (x *receiver) judge(ctx context.Context) error {
	if x.finds == nil {
		return nil
	}
	warnings, err := x.finds.report(ctx, x.repo, x.event, x.s.large)
	x.finds = nil
	if e := asError(err); e != nil {
		x.push.refuseAll(e.Message)
		return nil
	}
	x.notes = append(x.notes, warnings...)
	return err
}

// publish makes all commands visible that are not refused. again is true when the push has to be checked once more before
// it can be.
func (x *receiver) publish(ctx context.Context, in *gitrepo.Incoming, head *headChange) (again bool, err error) {
	for {
		open := x.push.open()
		if len(open) == 0 {
			return false, nil
		}
		if err := x.s.quota(ctx, x.repo, in.Bytes()); err != nil {
			if e := asError(err); e != nil {
				x.push.refuseAll(e.Message)
				return false, nil
			}
			return false, err
		}
		epoch := x.repo.GCEpoch
		g, err := x.s.authz.Recheck(ctx, x.grant)
		if err == nil {
			x.repo, err = g.Repo(access.RepoWrite)
		}
		if e := asError(err); e != nil {
			x.push.refuseAll(e.Message)
			x.told = e
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if epoch != x.repo.GCEpoch {
			return true, nil
		}
		_, err = in.Publish(ctx, x.publication(open, head))
		if err == nil {
			return false, nil
		}
		lost, ok := x.lost(open, err)
		if !ok && hub.Is(err, hub.Conflict) && x.cleaned(ctx) {
			return true, nil
		}
		if !ok {
			return false, x.giveUp(err)
		}
		lost.refuse(movedAway)
		x.push.settleAtomic()
		if lost.Name == defaultHead {
			head = nil
		}
	}
}

// lost returns the command that another change was faster than.
func (x *receiver) lost(open []*command, err error) (*command, bool) {
	var m *hub.RefMismatch
	if !errors.As(err, &m) {
		return nil, false
	}
	for _, c := range open {
		if c.Name == m.Name {
			return c, true
		}
	}
	return nil, false
}

// cleaned tells whether garbage was collected since the push was checked.
func (x *receiver) cleaned(ctx context.Context) bool {
	g, err := x.s.authz.Recheck(ctx, x.grant)
	if err != nil {
		return false
	}
	repo, err := g.Repo(access.RepoWrite)
	if err != nil || repo.GCEpoch == x.repo.GCEpoch {
		return false
	}
	x.repo = repo
	return true
}

// giveUp turns an error of the publication into refusals, if it is the pusher's.
func (x *receiver) giveUp(err error) error {
	e := asError(err)
	if e == nil {
		return err
	}
	x.push.refuseAll(e.Message)
	return nil
}

func (x *receiver) publication(open []*command, head *headChange) hub.Publication {
	ev := x.event
	ev.RepoID, ev.NamespaceID = x.repo.ID, x.repo.NamespaceID
	ev.Message = fmt.Sprintf("Pushed to %s.", open[0].Name)
	if len(open) > 1 {
		ev.Message = fmt.Sprintf("Pushed to %s and %d other refs.", open[0].Name, len(open)-1)
	}
	pub := hub.Publication{ID: hub.NewID(), RepoID: x.repo.ID, GCEpoch: x.repo.GCEpoch, Event: ev}
	for _, c := range open {
		pub.Refs = append(pub.Refs, c.RefUpdate)
	}
	if head != nil {
		pub.Head, pub.Card = &head.oid, head.card
	}
	return pub
}
