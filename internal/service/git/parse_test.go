package git

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/pktline"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pack"
)

func lines(texts ...string) []byte {
	var b bytes.Buffer
	w := pktline.NewWriter(&b)
	for _, t := range texts {
		switch t {
		case "0000":
			w.Mark(pktline.Flush)
		case "0001":
			w.Mark(pktline.Delim)
		default:
			w.Data([]byte(t))
		}
	}
	return b.Bytes()
}

const (
	zero = "0000000000000000000000000000000000000000"
	oneA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

func TestReadPush(t *testing.T) {
	s := New(Config{MaxCommands: 3}, Deps{})
	read := func(texts ...string) (push, error) {
		return s.readPush(pktline.NewReader(bytes.NewReader(lines(texts...))))
	}
	p, err := read("shallow "+oneA, zero+" "+oneA+" refs/heads/a b\x00 report-status-v2 side-band-64k atomic push-options agent=x", oneA+" "+zero+" refs/tags/t\n", "0000", "option", "0000")
	if err != nil || len(p.commands) != 2 || !p.report || !p.bands || !p.atomic || p.quiet {
		t.Fatalf("%+v, %v", p, err)
	}
	if c := p.commands[0]; c.Name != "refs/heads/a b" || !c.Old.IsZero() || c.deletes() {
		t.Errorf("%+v", c)
	}
	if c := p.commands[1]; c.Name != "refs/tags/t" || !c.deletes() {
		t.Errorf("%+v", c)
	}
	if p, err := read("0000"); err != nil || len(p.commands) != 0 {
		t.Errorf("a probe: %+v, %v", p, err)
	}
	c := zero + " " + oneA + " refs/heads/x"
	for name, texts := range map[string][]string{
		"too many":       {c, c, c, c, "0000"},
		"no ref":         {zero + " " + oneA, "0000"},
		"no id":          {"x " + oneA + " refs/heads/x", "0000"},
		"signed":         {"push-cert\x00", "0000"},
		"a mark":         {c, "0001"},
		"cut":            {c},
		"cut in options": {c + "\x00push-options", "0000", "o"},
	} {
		if _, err := read(texts...); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestClashes(t *testing.T) {
	oid, _ := hub.ParseOID(oneA)
	for _, c := range []struct {
		refs, push string
		want       string // names that are refused
	}{
		{"a", "a/b", "a/b"},
		{"a/b", "a", "a"},
		{"a", "-a a/b", ""},
		{"a/b", "a/c", ""},
		{"", "x x/y", "x x/y"},
		{"a/b", "-a/b a", ""},
	} {
		var refs []hub.Ref
		for _, n := range strings.Fields(c.refs) {
			refs = append(refs, hub.Ref{Name: n, Target: oid})
		}
		var p push
		for _, n := range strings.Fields(c.push) {
			cmd := &command{RefUpdate: hub.RefUpdate{Name: strings.TrimPrefix(n, "-"), New: oid}}
			if strings.HasPrefix(n, "-") {
				cmd.Old, cmd.New = oid, hub.ZeroOID
			}
			p.commands = append(p.commands, cmd)
		}
		p.checkClashes(refs)
		var refused []string
		for _, cmd := range p.commands {
			if cmd.refusal != "" {
				refused = append(refused, cmd.Name)
			}
		}
		if got := strings.Join(refused, " "); got != c.want {
			t.Errorf("%q beside %q: %q is refused, want %q", c.push, c.refs, got, c.want)
		}
	}
}

// TestBudgets holds that clients cannot make the hub remember without end, whatever the transport lets through.
func TestBudgets(t *testing.T) {
	long := strings.Repeat("x", 60_000)
	endless := func(first, line []byte) *pktline.Reader {
		return pktline.NewReader(io.MultiReader(bytes.NewReader(first), &repeated{line: line}))
	}
	fetch := lines("command=fetch", "0001")
	for name, read := range map[string]func() error{
		"refs of a push": func() error {
			_, err := New(Config{}, Deps{}).readPush(endless(nil, lines(zero+" "+oneA+" refs/heads/"+long)))
			return err
		},
		"borders of a push": func() error {
			_, err := New(Config{}, Deps{}).readPush(endless(nil, lines("shallow "+oneA)))
			return err
		},
		"wants, version 0": func() error { _, _, _, err := readWants(endless(nil, lines("want "+oneA))); return err },
		"exclusions, version 0": func() error {
			_, _, _, err := readWants(endless(lines("want "+oneA), lines("deepen-not "+long)))
			return err
		},
		"haves":       func() error { _, _, err := readRequest(endless(fetch, lines("have "+oneA))); return err },
		"wanted refs": func() error { _, _, err := readRequest(endless(fetch, lines("want-ref "+long))); return err },
		"prefixes": func() error {
			_, _, err := readRequest(endless(lines("command=ls-refs", "0001"), lines("ref-prefix "+long)))
			return err
		},
		"capabilities": func() error { _, _, err := readRequest(endless(nil, lines("agent="+long))); return err },
	} {
		if err := read(); !hub.Is(err, hub.TooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// repeated is a line without end.
type repeated struct {
	line []byte
	at   int
}

func (r *repeated) Read(b []byte) (int, error) {
	n := copy(b, r.line[r.at:])
	r.at = (r.at + n) % len(r.line)
	return n, nil
}

// TestPrefixes compares with trying each prefix in turn.
func TestPrefixes(t *testing.T) {
	texts := []string{"", "r", "refs/", "refs/heads/", "refs/heads/a", "refs/heads/a/b", "refs/heads/b", "refs/tags/", "refs/tags/v1", "refs/tags/v10", "x"}
	for mask := range 1 << len(texts) {
		var args, prefixes []string
		for i, p := range texts {
			if mask>>i&1 == 1 {
				prefixes = append(prefixes, p)
				args = append(args, "ref-prefix "+p)
			}
		}
		q, err := parseLsRefs(args)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range append(texts, "HEAD", "refs/pr/1", "refs/tags/v100", "refs/heads/aa", "refs/heads/a0") {
			want := len(prefixes) == 0
			for _, p := range prefixes {
				want = want || strings.HasPrefix(name, p)
			}
			if q.wants(name) != want {
				t.Fatalf("%q of %q: %v", name, prefixes, !want)
			}
		}
	}
}

func TestReport(t *testing.T) {
	p := push{report: true, bands: true, commands: []*command{
		{RefUpdate: hub.RefUpdate{Name: "refs/heads/a"}},
		{RefUpdate: hub.RefUpdate{Name: "refs/heads/b"}, refusal: "two\nlines"},
	}}
	var b bytes.Buffer
	if err := p.write(&b, "ok", []string{"a note"}); err != nil {
		t.Fatal(err)
	}
	inner := lines("unpack ok\n", "ok refs/heads/a\n", "ng refs/heads/b two\n", "0000")
	if want := lines("\x02a note\n", "\x01"+string(inner), "0000"); !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%q\nwant %q", b.Bytes(), want)
	}
}

func TestLimiter(t *testing.T) {
	l := newLimiter(1, 1)
	done, err := l.work(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan error)
	go func() {
		done, err := l.work(t.Context())
		if err == nil {
			done()
		}
		waiting <- err
	}()
	select {
	case <-waiting:
		t.Error("two at once")
	default:
	}
	done()
	if err := <-waiting; err != nil {
		t.Error(err)
	}
	for range 3 { // nobody's
		if _, err := l.admit(access.Anonymous()); err != nil {
			t.Error(err)
		}
	}
	if !l.take("somebody") || l.take("somebody") {
		t.Error("one user has more than one place")
	}
	l.give("somebody")
	if len(l.of) != 0 {
		t.Error("users are remembered for ever")
	}
}

// TestRoom holds that large pushes together take a bounded number of objects, and that each gives back what it took.
func TestRoom(t *testing.T) {
	r := &room{left: 3 * pack.RoomStep}
	a, b := &seats{of: r}, &seats{of: r}
	for _, s := range []*seats{a, a, b} {
		if err := s.take(); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.take(); !hub.Is(err, hub.TooManyRequests) {
		t.Errorf("%v", err)
	}
	a.leave()
	if err := b.take(); err != nil {
		t.Error(err)
	}
	b.leave()
	b.leave()
	if r.left != 3*pack.RoomStep {
		t.Errorf("%d are left", r.left)
	}
}

// FuzzRequests feeds all parsers of what clients say. None may panic, and what is wrong must be the client's fault.
func FuzzRequests(f *testing.F) {
	f.Add(lines("command=fetch", "agent=x", "0001", "want "+oneA, "have "+oneA, "deepen 3", "filter tree:2", "done", "0000"))
	f.Add(lines("command=ls-refs", "0001", "peel", "ref-prefix refs/", "0000"))
	f.Add(lines("want "+oneA+" multi_ack_detailed side-band-64k", "deepen-since 5", "0000", "have "+oneA, "done"))
	f.Add(lines(zero+" "+oneA+" refs/heads/x\x00report-status push-options", "0000", "o", "0000"))
	f.Fuzz(func(t *testing.T, data []byte) {
		check := func(err error) {
			var e *hub.Error
			if err != nil && !errors.As(err, &e) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, pktline.ErrMalformed) {
				t.Errorf("not the client's: %v", err)
			}
		}
		reader := func() *pktline.Reader { return pktline.NewReader(bytes.NewReader(data)) }
		q, _, err := readRequest(reader())
		check(err)
		_, err = parseLsRefs(q.args)
		check(err)
		_, _, _, err = readWants(reader())
		check(err)
		p, err := New(Config{}, Deps{}).readPush(reader())
		check(err)
		p.checkNames()
		p.checkClashes(nil)
		p.settleAtomic()
	})
}
