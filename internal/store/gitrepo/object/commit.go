package object

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Modes of tree entries, as git writes them in octal.
const (
	ModeFile       uint32 = 0o100644
	ModeExecutable uint32 = 0o100755
	ModeSymlink    uint32 = 0o120000
	ModeDirectory  uint32 = 0o040000
	ModeSubmodule  uint32 = 0o160000
)

// Signature names a person and an instant, with the zone in which it happened.
type Signature struct {
	Name  string
	Email string
	When  time.Time
}

// Commit is a git commit.
type Commit struct {
	OID       hub.OID
	Tree      hub.OID
	Parents   []hub.OID
	Author    Signature
	Committer Signature
	Message   string // as stored, with its final line feed
}

// Title returns the first line of the message.
func (c Commit) Title() string {
	title, _, _ := strings.Cut(strings.TrimLeft(c.Message, "\n"), "\n")
	return strings.TrimRight(title, " \t\r")
}

// Body returns the message after its first line, without surrounding blank lines.
func (c Commit) Body() string {
	_, body, _ := strings.Cut(strings.TrimLeft(c.Message, "\n"), "\n")
	return strings.Trim(body, "\r\n")
}

// Clean returns c as it may be stored: signatures cleaned, the message valid UTF-8 without NUL, with line feeds
// only and one of them at its end.
func (c Commit) Clean() Commit {
	c.Author, c.Committer = c.Author.Clean(), c.Committer.Clean()
	c.Message = CleanMessage(c.Message)
	return c
}

// CleanMessage removes from a message what git refuses in one, and ends it with one line feed.
func CleanMessage(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n")
	s = strings.ReplaceAll(s, "\x00", "")
	return strings.Trim(s, "\n") + "\n"
}

// Format returns the bytes of the commit. Fields are written as they are: see Clean.
func (c Commit) Format() []byte {
	b := fmt.Appendf(nil, "tree %s\n", c.Tree)
	for _, p := range c.Parents {
		b = fmt.Appendf(b, "parent %s\n", p)
	}
	b = c.Author.appendTo(append(b, "author "...))
	b = c.Committer.appendTo(append(b, "\ncommitter "...))
	b = append(b, "\n\n"...)
	return append(b, c.Message...)
}

// ErrCommit says that bytes are not a commit.
var ErrCommit = errors.New("object: malformed commit")

// MaxParents bounds the parents of a commit that are read, so that a hostile one does not fan out.
const MaxParents = 1 << 16

// ParseCommit parses the bytes of a commit; OID stays zero. Signatures that old tools wrote wrongly are read as
// far as possible, unknown headers are skipped. The error is ErrCommit.
func ParseCommit(data []byte) (Commit, error) {
	var c Commit
	rest, ok := data, false
	if c.Tree, rest, ok = oidLine(rest, "tree "); !ok {
		return Commit{}, ErrCommit
	}
	for {
		parent, after, ok := oidLine(rest, "parent ")
		if !ok {
			break
		}
		if c.Parents, rest = append(c.Parents, parent), after; len(c.Parents) > MaxParents {
			return Commit{}, ErrCommit
		}
	}
	author, rest, ok := headerLine(rest, "author ")
	if !ok {
		return Commit{}, ErrCommit
	}
	committer, rest, ok := headerLine(rest, "committer ")
	if !ok {
		return Commit{}, ErrCommit
	}
	c.Author, c.Committer = parseSignature(author), parseSignature(committer)
	for len(rest) > 0 && rest[0] != '\n' {
		_, rest, _ = bytes.Cut(rest, []byte{'\n'})
	}
	if len(rest) > 0 {
		c.Message = string(rest[1:])
	}
	return c, nil
}

// headerLine cuts a line that starts with key off data and returns what follows the key.
func headerLine(data []byte, key string) (value, rest []byte, ok bool) {
	data, ok = bytes.CutPrefix(data, []byte(key))
	if !ok {
		return nil, data, false
	}
	return bytes.Cut(data, []byte{'\n'})
}

func oidLine(data []byte, key string) (hub.OID, []byte, bool) {
	value, rest, ok := headerLine(data, key)
	if !ok {
		return hub.ZeroOID, data, false
	}
	oid, err := hub.ParseOID(string(value))
	if err != nil {
		return hub.ZeroOID, data, false
	}
	return oid, rest, true
}

// Weight returns the memory that the commit occupies, about, in bytes.
func (c Commit) Weight() int64 {
	return int64(len(c.Message)+len(c.Author.Name)+len(c.Author.Email)+len(c.Committer.Name)+len(c.Committer.Email)+
		20*len(c.Parents)) + 240
}
