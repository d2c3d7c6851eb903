package object

import (
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
