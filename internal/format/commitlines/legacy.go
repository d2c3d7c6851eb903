package commitlines

import (
	"errors"
	"io"

	"github.com/ambit-hub/ambit/internal/hub"
)

// legacy is how far the reading of the one object has come.
type legacy struct {
	state  legacyState
	kind   Kind   // of the array that is being read
	fields fields // header fields seen so far
}

type legacyState uint8

const (
	legacyStart  legacyState = iota // before the object
	legacyMember                    // before a key
	legacyArray                     // before an element of an array
	legacyEnd                       // behind the object
	legacyDone                      // the header was returned
)

// legacyArrays maps the names of the arrays to the kind of line that each element is.
var legacyArrays = map[string]Kind{
	"files": File, "lfsFiles": LFSFile, "deletedEntries": DeletedEntry, "deletedFiles": DeletedFile, "deletedFolders": DeletedFolder,
}

func (s *Scanner) nextLegacy() (Line, error) {
	l, g := s.lex, s.legacy
	for {
		switch g.state {
		case legacyStart:
			if err := l.expect('{'); err != nil {
				return Line{}, err
			}
			done, err := l.empty('}')
			if err != nil {
				return Line{}, err
			}
			if done {
				return s.endLegacy()
			}
			g.state = legacyMember
		case legacyMember:
			again, err := s.legacyMember()
			if err != nil {
				return Line{}, err
			}
			if !again {
				return s.endLegacy()
			}
		case legacyArray:
			f := fields{size: -1}
			if err := l.object(func(key string) error { return s.member(&f, key) }); err != nil {
				return Line{}, err
			}
			line, err := s.finish(g.kind, f, l.line)
			if err != nil {
				return Line{}, err
			}
			return line, s.afterElement()
		case legacyEnd:
			return s.endLegacy()
		case legacyDone:
			return Line{}, io.EOF
		}
	}
}

// legacyMember reads one key and, unless it names an array with elements, its value. It tells whether the
// object goes on.
func (s *Scanner) legacyMember() (bool, error) {
	l, g := s.lex, s.legacy
	if c, err := l.token(); err != nil || c != '"' {
		if err == nil {
			err = l.errorf("found %q where a key must stand.", c)
		}
		return false, err
	}
	key, err := l.text("key", maxKey)
	if err != nil {
		return false, err
	}
	if err := l.expect(':'); err != nil {
		return false, err
	}
	kind, isArray := legacyArrays[key]
	c, err := l.token()
	if err != nil {
		return false, err
	}
	if !isArray || c == 'n' {
		if isArray {
			err = l.literal("null")
		} else if key == "content" {
			err = l.skip(0)
		} else {
			err = s.member(&g.fields, key)
		}
		if err != nil {
			return false, err
		}
		return l.more('}')
	}
	if err := l.expect('['); err != nil {
		return false, err
	}
	done, err := l.empty(']')
	if err != nil {
		return false, err
	}
	if done {
		return l.more('}')
	}
	g.state, g.kind = legacyArray, kind
	return true, nil
}

// afterElement moves behind the comma or the end of the array, and of the object if that ends too.
func (s *Scanner) afterElement() error {
	l, g := s.lex, s.legacy
	again, err := l.more(']')
	if err != nil || again {
		return err
	}
	g.state = legacyMember
	if again, err = l.more('}'); err != nil || again {
		return err
	}
	g.state = legacyEnd
	return nil
}

// endLegacy checks that nothing follows the object and returns the header.
func (s *Scanner) endLegacy() (Line, error) {
	l := s.lex
	s.legacy.state = legacyDone
	for {
		c, err := l.peek()
		if errors.Is(err, io.EOF) {
			return s.finish(Header, s.legacy.fields, 1)
		}
		if err != nil {
			return Line{}, err
		}
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return Line{}, hub.Errorf(hub.InvalidInput, "The body holds more than one JSON value.")
		}
		l.pos++
	}
}
