package object

import (
	"bytes"
	"unicode/utf8"
)

// disguised tells whether some file system takes name for ".git": without regard to case, with characters that HFS+
// ignores, with endings that NTFS ignores, or by NTFS's short name. A backslash separates directories on NTFS.
// Source: git's utf8.c, is_hfs_dotgit, and path.c, is_ntfs_dotgit.
func disguised(name []byte) bool {
	if hfsDot(name, "git") || ntfsDotGit(name) {
		return true
	}
	for i := bytes.IndexByte(name, '\\'); i >= 0; i = bytes.IndexByte(name, '\\') {
		name = name[i+1:]
		if ntfsDotGit(name) {
			return true
		}
	}
	return false
}

// special is a file that git itself reads, under all names that file systems take for it.
type special struct {
	name  string // without the dot
	short string // how NTFS's second kind of short names begins
}

// Source: git's path.c, is_ntfs_dotgitmodules and its kin.
var (
	gitmodules    = special{"gitmodules", "gi7eba"}
	gitattributes = special{"gitattributes", "gi7d29"}
)

func (s special) is(name []byte) bool { return hfsDot(name, s.name) || s.ntfs(name) }

// hfsDot compares as HFS+ does: code points that it ignores left out, letters without case.
func hfsDot(name []byte, want string) bool {
	i := -1 // -1: the dot is due
	for len(name) > 0 {
		r, n := utf8.DecodeRune(name)
		if r == utf8.RuneError && n == 1 {
			break // git takes malformed bytes for the end of the name
		}
		name = name[n:]
		if ignoredByHFS(r) {
			continue
		}
		switch {
		case i < 0:
			if r != '.' {
				return false
			}
		case i >= len(want) || r >= utf8.RuneSelf || lower(byte(r)) != want[i]:
			return false
		}
		i++
	}
	return i == len(want)
}

func ignoredByHFS(r rune) bool {
	return r >= 0x200c && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x206a && r <= 0x206f || r == 0xfeff
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// foldPrefix cuts prefix, which is in lower case, off name without regard to case.
func foldPrefix(name []byte, prefix string) ([]byte, bool) {
	if len(name) < len(prefix) {
		return nil, false
	}
	for i := range len(prefix) {
		if lower(name[i]) != prefix[i] {
			return nil, false
		}
	}
	return name[len(prefix):], true
}

func ntfsDotGit(name []byte) bool {
	for _, p := range []string{".git", "git~1"} {
		if rest, ok := foldPrefix(name, p); ok {
			for _, c := range rest {
				switch c {
				case '\\', '/', ':':
					return true
				case '.', ' ':
				default:
					return false
				}
			}
			return true
		}
	}
	return false
}

// ntfs compares with the name and both kinds of short names: six letters, '~' and a digit of at most 4, and a prefix of a
// hash with '~' and a number.
func (s special) ntfs(name []byte) bool {
	if rest, ok := foldPrefix(name, "."+s.name); ok {
		return onlySpaces(rest)
	}
	if rest, ok := foldPrefix(name, s.name[:6]+"~"); ok && len(rest) > 0 && rest[0] >= '1' && rest[0] <= '4' {
		return onlySpaces(rest[1:])
	}
	tilde := false
	for i := 0; i < 8; i++ {
		switch {
		case i >= len(name):
			return false
		case tilde:
			if name[i] < '0' || name[i] > '9' {
				return false
			}
		case name[i] == '~':
			if i++; i >= len(name) || name[i] < '1' || name[i] > '9' {
				return false
			}
			tilde = true
		case i >= 6 || lower(name[i]) != s.short[i]:
			return false
		}
	}
	return onlySpaces(name[8:])
}

// onlySpaces tells whether NTFS drops all that is left of a name.
func onlySpaces(rest []byte) bool {
	for _, c := range rest {
		if c == ':' {
			return true
		}
		if c != ' ' && c != '.' {
			return false
		}
	}
	return true
}
