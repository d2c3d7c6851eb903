package git

import (
	"bufio"
	"context"
	"io"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/pktline"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// Ways in which versions 0 and 1 say what is in common.
const (
	ackOnce = iota
	ackMulti
	ackDetailed
)

// legacy is what versions 0 and 1 need to know besides.
type legacy struct {
	acks   int
	noDone bool
	band   int // longest line of a band, 0 without bands

	stateless bool
	flush     func() error // sends what the client waits for
}

func (l *legacy) capabilities(f *fetch, caps string) {
	for _, c := range strings.Fields(caps) {
		switch c {
		case "multi_ack_detailed":
			l.acks = ackDetailed
		case "multi_ack":
			l.acks = max(l.acks, ackMulti)
		case "no-done":
			l.noDone = true
		case "side-band-64k":
			l.band = pktline.Wide
		case "side-band":
			l.band = max(l.band, pktline.Narrow)
		case "ofs-delta":
			f.offsets = true
		case "thin-pack":
			f.thin = true
		case "include-tag":
			f.includeTag = true
		case "no-progress":
			f.noProgress = true
		case "deepen-relative":
			f.relative = true
		}
	}
}

// readWants reads the part of a request before the negotiation. ok is false when nothing is wanted.
func readWants(r *pktline.Reader) (f *fetch, l legacy, ok bool, err error) {
	f = &fetch{}
	left := newBudget()
	for n := 0; ; n++ {
		k, line, err := r.Text()
		switch {
		case err == io.EOF && n == 0:
			return f, l, false, nil
		case err == io.EOF:
			return f, l, false, io.ErrUnexpectedEOF
		case err != nil:
			return f, l, false, err
		case k == pktline.Flush:
			return f, l, len(f.wants) > 0, nil
		case k != pktline.Data:
			return f, l, false, protocolError("unexpected packet")
		}
		if err := left.take(line); err != nil {
			return f, l, false, err
		}
		want, isWant := strings.CutPrefix(line, "want ")
		if !isWant {
			known, err := f.option(line)
			if err == nil && !known {
				err = protocolError("protocol error, expected to get object ID, not '%s'", clip(line, 80))
			}
			if err != nil {
				return f, l, false, err
			}
			continue
		}
		id, caps, _ := strings.Cut(want, " ")
		if len(f.wants) == 0 {
			l.capabilities(f, caps)
		}
		if err := appendOID(&f.wants, id); err != nil {
			return f, l, false, err
		}
	}
}

// uploadV0 answers a request of versions 0 and 1.
func (s *Service) uploadV0(ctx context.Context, g access.Grant, repo hub.Repo, r *pktline.Reader, out *bufio.Writer, stateless bool) error {
	f, l, ok, err := readWants(r)
	if err != nil || !ok {
		return err
	}
	leave, err := s.fetchers.admit(g.Subject())
	if err != nil {
		return err
	}
	defer leave()
	x, err := s.open(ctx, repo, f)
	if err != nil {
		return err
	}
	defer x.close()
	w := pktline.NewWriter(out)
	var d gitrepo.Deepening
	if f.shallowInfo() {
		if d, err = x.border(ctx); err != nil {
			return err
		}
		if f.depth > 0 || f.since > 0 || len(f.not) > 0 {
			writeBorder(w, d)
			w.Mark(pktline.Flush)
		}
	}
	l.stateless, l.flush = stateless, out.Flush
	common, send, err := x.converse(ctx, l, r, w)
	if err != nil || !send {
		return firstError(err, w.Err())
	}
	return x.sendPack(ctx, d, common, out, l.band)
}

// converse is the negotiation. send is false when the client will come again and say more.
// Source: git's upload-pack.c, get_common_commits, whose order of answers clients rely on.
func (x *session) converse(ctx context.Context, l legacy, r *pktline.Reader, w *pktline.Writer) (common []hub.OID, send bool, err error) {
	n, err := x.snap.Negotiate(ctx, x.wants)
	if err != nil {
		return nil, false, err
	}
	defer n.Close()
	if !l.stateless {
		if err := l.flush(); err != nil {
			return nil, false, err
		}
	}
	c := conversation{n: n, l: l, w: w}
	for lines := 0; ; lines++ {
		k, line, err := r.Text()
		switch {
		case err == io.EOF:
			return nil, false, w.Err() // it only wanted to know the border
		case err == nil && k == pktline.Flush:
			done, err := c.pause()
			if err != nil || done || l.stateless {
				return n.Common(), done, firstError(err, w.Err())
			}
			if err := l.flush(); err != nil {
				return nil, false, err
			}
			continue
		case err != nil:
			return nil, false, err
		case k != pktline.Data || lines > maxLines:
			return nil, false, protocolError("unexpected packet")
		}
		if line == "done" {
			c.done()
			return n.Common(), true, w.Err()
		}
		id, ok := strings.CutPrefix(line, "have ")
		var oids []hub.OID
		if !ok {
			return nil, false, protocolError("expected SHA1 list, got '%s'", clip(line, 80))
		}
		if err := appendOID(&oids, id); err != nil {
			return nil, false, err
		}
		if err := c.have(oids[0]); err != nil {
			return nil, false, err
		}
	}
}

type conversation struct {
	n     *gitrepo.Negotiation
	l     legacy
	w     *pktline.Writer
	last  hub.OID // the last one in common
	any   bool    // something is in common
	got   bool    // since the last pause
	other bool    // since the last pause something was not
	ready bool
}

func (c *conversation) have(oid hub.OID) error {
	ok, err := c.n.Have(oid)
	if err != nil {
		return err
	}
	if !ok {
		c.other = true
		enough := false
		if c.l.acks != ackOnce {
			enough, err = c.n.Enough()
		}
		switch {
		case enough && c.l.acks == ackDetailed:
			c.ready = true
			c.w.Textf("ACK %s ready\n", oid)
		case enough:
			c.w.Textf("ACK %s continue\n", oid)
		}
		return err
	}
	first := !c.any
	c.got, c.any, c.last = true, true, oid
	switch {
	case c.l.acks == ackDetailed:
		c.w.Textf("ACK %s common\n", oid)
	case c.l.acks == ackMulti:
		c.w.Textf("ACK %s continue\n", oid)
	case first:
		c.w.Textf("ACK %s\n", oid)
	}
	return nil
}

// pause answers a flush; done when the pack may follow at once.
func (c *conversation) pause() (done bool, err error) {
	if c.l.acks == ackDetailed && c.got && !c.other {
		enough, err := c.n.Enough()
		if err != nil {
			return false, err
		}
		if enough {
			c.ready = true
			c.w.Textf("ACK %s ready\n", c.last)
		}
	}
	if !c.any || c.l.acks != ackOnce {
		c.w.Textf("NAK\n")
	}
	if c.l.noDone && c.ready {
		c.w.Textf("ACK %s\n", c.last)
		return true, nil
	}
	c.got, c.other = false, false
	return false, nil
}

func (c *conversation) done() {
	switch {
	case !c.any:
		c.w.Textf("NAK\n")
	case c.l.acks != ackOnce:
		c.w.Textf("ACK %s\n", c.last)
	}
}
