package git

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/pktline"
	"github.com/ambit-hub/ambit/internal/hub"
)

// command is one ref that a push changes.
type command struct {
	hub.RefUpdate
	refusal string // why not; empty while nothing is against it
}

func (c *command) deletes() bool { return c.New.IsZero() }

func (c *command) refuse(why string) {
	if c.refusal == "" {
		c.refusal = why
	}
}

// push is what a client says before the pack.
type push struct {
	commands []*command
	report   bool
	bands    bool
	atomic   bool
	quiet    bool
	options  bool
	shallow  bool // out of a clone whose history is cut
}

// readPush reads the commands. A push without any is a probe, or of nothing. The reader stands before the pack then.
func (s *Service) readPush(r *pktline.Reader) (push, error) {
	var p push
	left := maxCommandBytes
	for n := 0; ; n++ {
		k, line, err := r.Text()
		left -= len(line)
		switch {
		case err == io.EOF && n == 0:
			return p, nil
		case err == io.EOF:
			return p, io.ErrUnexpectedEOF
		case err != nil:
			return p, err
		case k == pktline.Flush:
			if p.options && len(p.commands) > 0 {
				return p, skipOptions(r)
			}
			return p, nil
		case k != pktline.Data:
			return p, protocolError("unexpected packet")
		case n >= s.cfg.MaxCommands:
			return p, hub.Errorf(hub.TooLarge, "A push may change at most %d refs: push in several steps.", s.cfg.MaxCommands)
		case left < 0:
			return p, hub.Errorf(hub.TooLarge, "The commands of a push may have at most %d bytes: push in several steps.", maxCommandBytes)
		}
		line, caps, has := strings.Cut(line, "\x00")
		if has && len(p.commands) == 0 {
			p.capabilities(caps)
		}
		if strings.HasPrefix(line, "shallow ") {
			p.shallow = true
			continue // what is missing behind it is found when connections are checked
		}
		c, err := parseCommand(line)
		if err != nil {
			return p, err
		}
		p.commands = append(p.commands, c)
	}
}

func (p *push) capabilities(caps string) {
	has := func(c string) bool { return slices.Contains(strings.Fields(caps), c) }
	p.report = has("report-status") || has("report-status-v2")
	p.bands = has("side-band-64k")
	p.atomic, p.quiet, p.options = has("atomic"), has("quiet"), has("push-options")
}

// parseCommand reads "old new ref".
func parseCommand(line string) (*command, error) {
	from, rest, ok := strings.Cut(line, " ")
	to, name, ok2 := strings.Cut(rest, " ")
	var oids []hub.OID
	if !ok || !ok2 || name == "" || appendOID(&oids, from) != nil || appendOID(&oids, to) != nil {
		return nil, protocolError("protocol error: expected old/new/ref, got '%s'", clip(line, 100))
	}
	return &command{RefUpdate: hub.RefUpdate{Name: name, Old: oids[0], New: oids[1]}}, nil
}

// skipOptions reads push options, which mean nothing here.
func skipOptions(r *pktline.Reader) error {
	for n := 0; ; n++ {
		k, _, err := r.Next()
		switch {
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		case k == pktline.Flush:
			return nil
		case k != pktline.Data || n > maxOptions:
			return protocolError("unexpected packet in push options")
		}
	}
}

const (
	maxOptions = 1000
	// maxCommandBytes bounds what is remembered of the lines before a pack. It is enough for 20,000 refs with long names.
	maxCommandBytes = 16 << 20
)

// needsPack tells whether a pack follows the commands.
func (p *push) needsPack() bool {
	return slices.ContainsFunc(p.commands, func(c *command) bool { return !c.deletes() })
}

// open returns the commands against which there is nothing so far.
func (p *push) open() []*command {
	var out []*command
	for _, c := range p.commands {
		if c.refusal == "" {
			out = append(out, c)
		}
	}
	return out
}

// settleAtomic refuses all commands of an atomic push of which one is refused.
func (p *push) settleAtomic() {
	if !p.atomic || len(p.open()) == len(p.commands) {
		return
	}
	for _, c := range p.commands {
		c.refuse("atomic push failed")
	}
}

func (p *push) refuseAll(why string) {
	for _, c := range p.commands {
		c.refuse(why)
	}
}

// checkClashes refuses refs/heads/a beside refs/heads/a/b, which git keeps as files and folders.
func (p *push) checkClashes(refs []hub.Ref) {
	names := map[string]bool{} // of refs as they will be
	for _, r := range refs {
		names[r.Name] = true
	}
	for _, c := range p.open() {
		names[c.Name] = !c.deletes()
	}
	folders := map[string]string{} // folder to a ref below it
	for name, there := range names {
		for i := strings.LastIndexByte(name, '/'); there && i > 0; i = strings.LastIndexByte(name[:i], '/') {
			folders[name[:i]] = name
		}
	}
	for _, c := range p.open() {
		if c.deletes() || !c.Old.IsZero() {
			continue
		}
		if below, ok := folders[c.Name]; ok {
			c.refuse(fmt.Sprintf("%s cannot be created because %s exists.", c.Name, below))
		}
		for i := strings.LastIndexByte(c.Name, '/'); i > 0; i = strings.LastIndexByte(c.Name[:i], '/') {
			if names[c.Name[:i]] {
				c.refuse(fmt.Sprintf("%s cannot be created because %s exists.", c.Name, c.Name[:i]))
			}
		}
	}
}
