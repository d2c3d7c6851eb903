package object

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"sync"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Checker holds objects of strangers to the rules of `git fsck --strict`. It may be used concurrently.
// Source: git's fsck.c; the words in parentheses in its errors are git's names of the rules.
type Checker struct {
	mu         sync.Mutex // guards the sets
	modules    map[hub.OID]bool
	attributes map[hub.OID]bool
}

// Check looks at a commit, tree or tag. The error, code Unprocessable, is for the sender.
func (c *Checker) Check(kind Kind, oid hub.OID, data []byte) error {
	var why string
	switch kind {
	case KindCommit:
		why = checkCommit(data)
	case KindTree:
		why = c.checkTree(data)
	case KindTag:
		why = checkTag(data)
	}
	if why != "" {
		return hub.Errorf(hub.Unprocessable, "The %s %s is malformed: %s.", kind, oid, why)
	}
	return nil
}

// Special returns the blobs that trees call .gitmodules and .gitattributes, whose content has rules too.
func (c *Checker) Special() (modules, attributes []hub.OID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for oid := range c.modules {
		modules = append(modules, oid)
	}
	for oid := range c.attributes {
		attributes = append(attributes, oid)
	}
	return modules, attributes
}

func (c *Checker) note(modules bool, oid hub.OID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	set := &c.attributes
	if modules {
		set = &c.modules
	}
	if *set == nil {
		*set = map[hub.OID]bool{}
	}
	(*set)[oid] = true
}

func (c *Checker) checkTree(data []byte) string {
	cur := NewCursor(data)
	var last RawEntry
	var open [][]byte // names of files that a later directory may repeat
	for first := true; ; first = false {
		e, ok, err := cur.Next()
		if err != nil {
			return "it is not a list of entries (badTree)"
		}
		if !ok {
			return ""
		}
		if !first && last.Compare(e) >= 0 {
			if bytes.Equal(last.Name, e.Name) {
				return fmt.Sprintf("the name %q stands in it twice (duplicateEntries)", e.Name)
			}
			return "its entries are not in order (treeNotSorted)"
		}
		for len(open) > 0 && !bytes.HasPrefix(e.Name, open[len(open)-1]) {
			open = open[:len(open)-1]
		}
		if n := len(open); n > 0 && bytes.Equal(open[n-1], e.Name) {
			return fmt.Sprintf("the name %q stands in it twice (duplicateEntries)", e.Name)
		}
		if !e.IsDir() {
			open = append(open, e.Name)
		}
		if why := c.checkEntry(e); why != "" {
			return why
		}
		last = e
	}
}

func (c *Checker) checkEntry(e RawEntry) string {
	switch e.Mode {
	case ModeFile, ModeExecutable, ModeSymlink, ModeDirectory, ModeSubmodule, 0o100664:
	default:
		return fmt.Sprintf("the entry %q has the mode %o, which git does not know (badFilemode)", e.Name, e.Mode)
	}
	switch {
	case e.Bytes[0] == '0':
		return fmt.Sprintf("the mode of %q begins with a zero (zeroPaddedFilemode)", e.Name)
	case bytes.IndexByte(e.Name, '/') >= 0:
		return fmt.Sprintf("the name %q has a slash (fullPathname)", e.Name)
	case string(e.Name) == ".", string(e.Name) == "..":
		return fmt.Sprintf("it has an entry %q (hasDot, hasDotdot)", e.Name)
	case disguised(e.Name):
		return fmt.Sprintf("the name %q may be taken for .git (hasDotgit)", e.Name)
	case e.OID().IsZero():
		return fmt.Sprintf("the entry %q names no object (nullSha1)", e.Name)
	}
	return c.checkSpecial(e)
}

func (c *Checker) checkSpecial(e RawEntry) string {
	name := e.Name
	for {
		for _, s := range []special{gitmodules, gitattributes} {
			if !s.is(name) {
				continue
			}
			modules := s == gitmodules
			switch {
			case e.Mode != ModeSymlink && !e.IsDir() && e.Mode != ModeSubmodule:
				c.note(modules, e.OID())
			case modules && e.Mode == ModeSymlink:
				return "its .gitmodules is a symbolic link (gitmodulesSymlink)"
			}
		}
		i := bytes.IndexByte(name, '\\')
		if i < 0 {
			return ""
		}
		name = name[i+1:]
	}
}

// headers tells what is wrong with the lines before the message.
func headers(data []byte) string {
	for i, c := range data {
		switch {
		case c == 0:
			return "its header has a NUL (nulInHeader)"
		case c == '\n' && i+1 < len(data) && data[i+1] == '\n':
			return ""
		}
	}
	if n := len(data); n > 0 && data[n-1] == '\n' {
		return ""
	}
	return "its header does not end (unterminatedHeader)"
}

func checkCommit(data []byte) string {
	if why := headers(data); why != "" {
		return why
	}
	_, rest, ok := oidLine(data, "tree ")
	if !ok {
		return "it does not begin with a tree (missingTree, badTreeSha1)"
	}
	for bytes.HasPrefix(rest, []byte("parent ")) {
		if _, rest, ok = oidLine(rest, "parent "); !ok {
			return "a parent is no object id (badParentSha1)"
		}
	}
	authors := 0
	for ; bytes.HasPrefix(rest, []byte("author ")); authors++ {
		var why string
		if why, rest = checkIdent(rest[len("author "):]); why != "" {
			return "its author " + why
		}
	}
	if authors != 1 {
		return "it has not one author (missingAuthor, multipleAuthors)"
	}
	if !bytes.HasPrefix(rest, []byte("committer ")) {
		return "it has no committer (missingCommitter)"
	}
	if why, _ := checkIdent(rest[len("committer "):]); why != "" {
		return "its committer " + why
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return "its message has a NUL (nulInCommit)"
	}
	return ""
}

// checkIdent reads "name <email> seconds zone" and a line feed.
func checkIdent(b []byte) (why string, rest []byte) {
	line, rest, ok := bytes.Cut(b, []byte{'\n'})
	if !ok {
		return "does not end (badTimezone)", nil
	}
	if len(line) > 0 && line[0] == '<' {
		return "has no name (missingNameBeforeEmail)", nil
	}
	i := bytes.IndexAny(line, "<>")
	switch {
	case i < 0:
		return "has no address (missingEmail)", nil
	case line[i] == '>':
		return "has a '>' in the name (badName)", nil
	case line[i-1] != ' ':
		return "has no space before the address (missingSpaceBeforeEmail)", nil
	}
	line = line[i+1:]
	if i = bytes.IndexAny(line, "<>"); i < 0 || line[i] != '>' {
		return "has a malformed address (badEmail)", nil
	}
	line = line[i+1:]
	if len(line) == 0 || line[0] != ' ' {
		return "has no space before the date (missingSpaceBeforeDate)", nil
	}
	date, zone, ok := bytes.Cut(line[1:], []byte{' '})
	switch n, err := strconv.ParseUint(string(date), 10, 64); {
	case len(date) > 1 && date[0] == '0':
		return "has a date that begins with a zero (zeroPaddedDate)", nil
	case err != nil && isDigits(date), err == nil && n > math.MaxInt64:
		return "has a date that is too late (badDateOverflow)", nil
	case err != nil || !ok:
		return "has a malformed date (badDate)", nil
	}
	if len(zone) != 5 || zone[0] != '+' && zone[0] != '-' || !isDigits(zone[1:]) {
		return "has a malformed time zone (badTimezone)", nil
	}
	return "", rest
}

func isDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

func checkTag(data []byte) string {
	if why := headers(data); why != "" {
		return why
	}
	_, rest, ok := oidLine(data, "object ")
	if !ok {
		return "it does not begin with an object (missingObject, badObjectSha1)"
	}
	kind, rest, ok := headerLine(rest, "type ")
	if !ok {
		return "it does not say what it tags (missingTypeEntry)"
	}
	switch string(kind) {
	case "commit", "tree", "blob", "tag":
	default:
		return "it tags a thing of an unknown type (badType)"
	}
	name, rest, ok := headerLine(rest, "tag ")
	if !ok || len(name) == 0 {
		return "it has no name (missingTagEntry)"
	}
	if bytes.HasPrefix(rest, []byte("tagger ")) {
		if why, _ := checkIdent(rest[len("tagger "):]); why != "" {
			return "its tagger " + why
		}
	}
	return ""
}
