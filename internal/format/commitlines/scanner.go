package commitlines

import (
	"io"
	"os"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Scanner reads the lines of one commit body. It is not safe for concurrent use.
type Scanner struct {
	lex     *lexer
	limits  Limits
	legacy  *legacy // nil for lines
	count   int     // operations so far
	started bool
	mem     []byte   // text of the current content, up to Limits.Memory
	dec     []byte   // the same, decoded
	file    *os.File // the rest of it, without a name
}

// New returns a scanner for a body of lines (application/x-ndjson). The first line is the header.
// Close must be called.
func New(r io.Reader, limits Limits) *Scanner {
	limits = limits.withDefaults()
	return &Scanner{lex: newLexer(r, limits.Bytes), limits: limits}
}

// NewLegacy returns a scanner for the older body, one JSON object with the keys summary, description,
// parentCommit, files, lfsFiles, deletedEntries, deletedFiles and deletedFolders (application/json). The
// header comes last. Close must be called.
func NewLegacy(r io.Reader, limits Limits) *Scanner {
	s := New(r, limits)
	s.legacy = &legacy{fields: fields{size: -1}}
	return s
}

// Close frees the temporary file.
func (s *Scanner) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// Next returns the next line, and io.EOF after the last one. Other errors are InvalidInput, which names the
// line, TooLarge, or a failure of the temporary file; the scanner is of no use after any of them.
func (s *Scanner) Next() (Line, error) {
	line, err := s.next()
	if err != nil {
		return Line{}, err
	}
	if line.Kind != Header {
		if s.count++; s.count > s.limits.Lines {
			return Line{}, hub.Errorf(hub.TooLarge, "The commit has more than %d operations: split it into several commits.", s.limits.Lines)
		}
	}
	return line, nil
}

func (s *Scanner) next() (Line, error) {
	if s.legacy != nil {
		return s.nextLegacy()
	}
	l := s.lex
	if err := s.between(); err != nil {
		return Line{}, err
	}
	number := l.line
	kind, f, seen := Kind(""), fields{size: -1}, false
	err := l.object(func(key string) error {
		switch key {
		case "key":
			k, err := l.text(key, maxKey)
			kind = Kind(k)
			return err
		case "value":
			if seen {
				return l.errorf("%q stands there twice.", key)
			}
			seen = true
			return l.object(func(key string) error { return s.member(&f, key) })
		}
		return l.skip(0)
	})
	if err != nil {
		return Line{}, err
	}
	if !knownKind(kind) {
		return Line{}, hub.Errorf(hub.InvalidInput, "%sunknown key %q: use header, file, lfsFile, deletedFile, deletedFolder or deletedEntry.", lineText(number), string(kind))
	}
	if first := !s.started; first != (kind == Header) {
		return Line{}, hub.Errorf(hub.InvalidInput, "%sthe first line, and only it, must be the header.", lineText(number))
	}
	s.started = true
	return s.finish(kind, f, number)
}

// between moves to the start of the next line that is not blank; io.EOF when there is none.
func (s *Scanner) between() error {
	l := s.lex
	fresh := !s.started
	for {
		c, err := l.peek()
		if err != nil {
			return err
		}
		switch c {
		case '\n':
			l.line++
			fresh = true
		case ' ', '\t', '\r':
		default:
			if !fresh {
				return l.errorf("more follows behind the JSON object; each object needs a line of its own.")
			}
			return nil
		}
		l.pos++
	}
}
