package object

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// crud is what git removes from both ends of names and addresses. Source: git's ident.c, crud().
const crud = " .,:;<>\"\\'\t\r\n\v\f\x00"

// Clean returns s as git would store it: name and address without line feeds, angle brackets and surrounding
// punctuation, not empty, valid UTF-8; the instant in whole seconds, not before 1970; the zone in whole minutes.
func (s Signature) Clean() Signature {
	s.Name, s.Email = cleanIdent(s.Name), cleanIdent(s.Email)
	if s.Name == "" {
		local, _, _ := strings.Cut(s.Email, "@")
		s.Name = cleanIdent(local)
	}
	if s.Name == "" {
		s.Name = "unknown"
	}
	sec := max(s.When.Unix(), 0)
	_, offset := s.When.Zone()
	offset = offset / 60 * 60
	if offset <= -24*3600 || offset >= 24*3600 {
		offset = 0
	}
	s.When = time.Unix(sec, 0).In(zone(offset))
	return s
}

func cleanIdent(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '<' || r == '>' || r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(crud, r) })
}

func zone(offset int) *time.Location {
	if offset == 0 {
		return time.UTC
	}
	return time.FixedZone("", offset)
}

func (s Signature) appendTo(b []byte) []byte {
	_, offset := s.When.Zone()
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return fmt.Appendf(b, "%s <%s> %d %c%02d%02d", s.Name, s.Email, s.When.Unix(), sign, offset/3600, offset/60%60)
}

// parseSignature reads "name <email> seconds zone" and forgives what old tools got wrong, as git does when it
// shows history: what cannot be read stays zero.
func parseSignature(b []byte) Signature {
	var s Signature
	open, end := bytes.IndexByte(b, '<'), bytes.LastIndexByte(b, '>')
	if open < 0 || end < open {
		s.Name = string(bytes.Trim(b, " \t"))
		return s
	}
	s.Name = string(bytes.Trim(b[:open], " \t"))
	s.Email = string(b[open+1 : end])
	when := strings.Fields(string(b[end+1:]))
	if len(when) == 0 {
		return s
	}
	// Git's own limit for dates is smaller than what an int64 holds; beyond the year 9999 JSON has no form.
	sec, err := strconv.ParseInt(when[0], 10, 64)
	if err != nil || sec < 0 || sec > 253402300799 {
		sec = 0
	}
	offset := 0
	if len(when) > 1 {
		offset = parseZone(when[1])
	}
	s.When = time.Unix(sec, 0).In(zone(offset))
	return s
}

// parseZone returns the seconds east of UTC of "+hhmm" or "-hhmm", 0 for anything else.
func parseZone(s string) int {
	if len(s) != 5 || (s[0] != '+' && s[0] != '-') {
		return 0
	}
	n, err := strconv.ParseUint(s[1:], 10, 16)
	if err != nil {
		return 0
	}
	offset := int(n/100*3600 + n%100*60)
	if offset >= 24*3600 {
		return 0
	}
	if s[0] == '-' {
		return -offset
	}
	return offset
}
