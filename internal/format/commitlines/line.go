package commitlines

import "github.com/ambit-hub/ambit/internal/hub"

// Kind says what a line is: the value of its "key".
type Kind string

// The kinds of lines.
const (
	Header        Kind = "header"
	File          Kind = "file"
	LFSFile       Kind = "lfsFile"
	DeletedFile   Kind = "deletedFile"
	DeletedFolder Kind = "deletedFolder"
	DeletedEntry  Kind = "deletedEntry"
)

func knownKind(k Kind) bool {
	switch k {
	case Header, File, LFSFile, DeletedFile, DeletedFolder, DeletedEntry:
		return true
	}
	return false
}

// Line is one line of a commit: its header or one operation. Which fields are set depends on Kind.
type Line struct {
	Number int // of the line in the body, from 1; for messages
	Kind   Kind

	Summary     string // Header: never empty
	Description string // Header
	Parent      string // Header: empty, or 5 to 40 lower-case hex digits

	Path    string     // operations: never empty, not checked any further
	OldPath string     // File, LFSFile: path that the file had before, empty unless it is renamed
	Content *Content   // File: valid until the next call of Next
	Digest  hub.Digest // LFSFile
	Size    int64      // LFSFile: in bytes, -1 when the line does not say
}

// Limits bounds what a scanner accepts and keeps. Zero fields take the defaults named beside them.
type Limits struct {
	Lines  int    // operations; 100,000
	Bytes  int64  // of the whole body; 8 GiB
	File   int64  // decoded content of one file line; longer content is counted and not kept; 10 MiB
	Text   int    // bytes of any other string; 64 KiB
	Memory int    // bytes of content kept in memory, the rest goes to a temporary file; 1 MiB
	Dir    string // folder of the temporary file; the system's
}

func (l Limits) withDefaults() Limits {
	if l.Lines == 0 {
		l.Lines = 100_000
	}
	if l.Bytes == 0 {
		l.Bytes = 8 << 30
	}
	if l.File == 0 {
		l.File = 10 << 20
	}
	if l.Text == 0 {
		l.Text = 64 << 10
	}
	if l.Memory == 0 {
		l.Memory = 1 << 20
	}
	return l
}
