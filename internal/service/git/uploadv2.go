package git

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/pktline"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// request is one command of protocol version 2.
type request struct {
	command string
	args    []string // of any command but fetch
	fetch   fetch
}

// readRequest reads one command; io.EOF where none begins, ok is false for a flush alone.
func readRequest(r *pktline.Reader) (q request, ok bool, err error) {
	inArgs, left := false, newBudget()
	for n := 0; ; n++ {
		k, line, err := r.Text()
		switch {
		case err == io.EOF && n > 0:
			return q, false, io.ErrUnexpectedEOF
		case err != nil:
			return q, false, err
		case k == pktline.Flush:
			if n == 0 {
				return q, false, nil
			}
			if q.command == "" {
				return q, false, protocolError("no command requested")
			}
			return q, true, nil
		case k == pktline.Delim && !inArgs:
			inArgs = true
			continue
		case k != pktline.Data:
			return q, false, protocolError("unexpected packet")
		}
		if err := left.take(line); err != nil {
			return q, false, err
		}
		if inArgs {
			if err := q.argument(line); err != nil {
				return q, false, err
			}
			continue
		}
		if err := q.capability(line); err != nil {
			return q, false, err
		}
	}
}

// argument takes in a line behind the delimiter. Those of a fetch may be very many, and are not kept as text.
func (q *request) argument(line string) error {
	if q.command == "fetch" {
		return q.fetch.argument(line)
	}
	q.args = append(q.args, line)
	return nil
}

func (q *request) capability(line string) error {
	key, value, _ := strings.Cut(line, "=")
	switch key {
	case "command":
		if q.command != "" {
			return protocolError("command '%s' requested after already requesting command '%s'", clip(value, 40), clip(q.command, 40))
		}
		q.command = value
	case "object-format":
		if value != "sha1" {
			return protocolError("mismatched object format: server sha1; client %s", clip(value, 40))
		}
	case "agent", "server-option", "session-id":
	default:
		return protocolError("unknown capability '%s'", clip(line, 80))
	}
	return nil
}

// uploadV2 answers one command.
func (s *Service) uploadV2(ctx context.Context, g access.Grant, repo hub.Repo, q request, out io.Writer) error {
	w := pktline.NewWriter(out)
	switch q.command {
	case "ls-refs":
		args, err := parseLsRefs(q.args)
		if err != nil {
			return err
		}
		return s.writeRefs(ctx, repo, args, w)
	case "object-info":
		return s.objectInfo(ctx, repo, q.args, w)
	case "fetch":
		leave, err := s.fetchers.admit(g.Subject())
		if err != nil {
			return err
		}
		defer leave()
		return s.fetchV2(ctx, repo, &q.fetch, out)
	}
	return protocolError("invalid command '%s'", clip(q.command, 40))
}

// argument takes in one line of a fetch.
func (f *fetch) argument(line string) error {
	key, value, _ := strings.Cut(line, " ")
	switch {
	case key == "want":
		return appendOID(&f.wants, value)
	case key == "want-ref":
		f.wantRefs = append(f.wantRefs, value)
	case key == "have":
		return appendOID(&f.haves, value)
	case line == "done":
		f.done = true
	case line == "wait-for-done":
		f.wait = true
	case line == "thin-pack":
		f.thin = true
	case line == "ofs-delta":
		f.offsets = true
	case line == "include-tag":
		f.includeTag = true
	case line == "no-progress":
		f.noProgress = true
	case line == "deepen-relative":
		f.relative = true
	case line == "sideband-all":
		f.allBands = true
	default:
		ok, err := f.option(line)
		if !ok {
			return protocolError("unexpected line: '%s'", clip(line, 80))
		}
		return err
	}
	return nil
}

// fetchV2 answers the fetch command.
func (s *Service) fetchV2(ctx context.Context, repo hub.Repo, f *fetch, out io.Writer) error {
	x, err := s.open(ctx, repo, f)
	if err != nil {
		return err
	}
	defer x.close()
	var band *pktline.Sideband
	to := out
	if f.allBands {
		band = pktline.NewSideband(out, pktline.BandData, pktline.Wide)
		to = lineBand{band}
	}
	w := pktline.NewWriter(to)
	if len(f.wants) == 0 && !f.wait {
		return w.Err()
	}
	common, more, err := x.acknowledge(ctx, w)
	if err != nil || !more {
		return firstError(err, w.Err())
	}
	d, err := x.border(ctx)
	if err != nil {
		return err
	}
	if f.shallowInfo() {
		w.Textf("shallow-info\n")
		writeBorder(w, d)
		w.Mark(pktline.Delim)
	}
	if len(f.wantRefs) > 0 {
		w.Textf("wanted-refs\n")
		for _, name := range f.wantRefs {
			r, _ := x.ref(name)
			w.Textf("%s %s\n", r.Target, r.Name)
		}
		w.Mark(pktline.Delim)
	}
	w.Textf("packfile\n")
	if w.Err() != nil {
		return w.Err()
	}
	return x.sendPack(ctx, d, common, out, pktline.Wide)
}

// lineBand sends each pkt-line, without its header, on the data band, as sideband-all asks for.
type lineBand struct{ band *pktline.Sideband }

func (l lineBand) Write(b []byte) (int, error) {
	// Marks go out as they are.
	if len(b) == 4 {
		return l.band.Raw(b)
	}
	if _, err := l.band.Write(b[4:]); err != nil {
		return 0, err
	}
	return len(b), l.band.Flush()
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// writeBorder writes these lines as git does, without line feeds: libgit2 takes them no other way.
func writeBorder(w *pktline.Writer, d gitrepo.Deepening) {
	for _, oid := range d.Shallow {
		w.Textf("shallow %s", oid)
	}
	for _, oid := range d.Unshallow {
		w.Textf("unshallow %s", oid)
	}
}

// acknowledge says what is in common. more is false when the client has to say more before it gets a pack.
func (x *session) acknowledge(ctx context.Context, w *pktline.Writer) (common []hub.OID, more bool, err error) {
	if len(x.haves) == 0 && !x.wait {
		return nil, true, nil
	}
	n, err := x.snap.Negotiate(ctx, x.wants)
	if err != nil {
		return nil, false, err
	}
	defer n.Close()
	var acks []hub.OID
	for _, oid := range x.haves {
		ok, err := n.Have(oid)
		if err != nil {
			return nil, false, err
		}
		if ok {
			acks = append(acks, oid)
		}
	}
	if x.done {
		return n.Common(), true, nil
	}
	w.Textf("acknowledgments\n")
	if len(acks) == 0 {
		w.Textf("NAK\n")
	}
	for _, oid := range acks {
		w.Textf("ACK %s\n", oid)
	}
	enough, err := n.Enough()
	if err != nil {
		return nil, false, err
	}
	if !x.wait && enough {
		w.Textf("ready\n")
		return n.Common(), true, w.Mark(pktline.Delim)
	}
	return nil, false, w.Mark(pktline.Flush)
}

// objectInfo tells the sizes of objects. Source: git's protocol-caps.c.
func (s *Service) objectInfo(ctx context.Context, repo hub.Repo, args []string, w *pktline.Writer) error {
	size := false
	f := &fetch{}
	for _, arg := range args {
		id, isOID := strings.CutPrefix(arg, "oid ")
		switch {
		case arg == "size":
			size = true
		case isOID:
			if err := appendOID(&f.wants, id); err != nil {
				return err
			}
		default:
			return protocolError("object-info: unexpected line: '%s'", clip(arg, 80))
		}
	}
	x, err := s.open(ctx, repo, f)
	if err != nil {
		return err
	}
	defer x.close()
	if size {
		w.Textf("size")
	}
	for _, oid := range f.wants {
		_, n, _ := x.snap.Has(oid)
		line := oid.String()
		if size {
			line += fmt.Sprintf(" %d", n)
		}
		w.Textf("%s", line)
	}
	return w.Mark(pktline.Flush)
}
