package gitrepo

import (
	"strings"
	"unicode/utf8"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Limits of paths; the first two are bytes. Source: git's core.longpaths advice and the limits of common file systems, which
// checkouts have to satisfy.
const (
	MaxPath     = 4096
	MaxSegment  = 255
	MaxSegments = 256 // directories nested deeper are a burden to every walk
)

// CheckPath tells whether a path may be written into a repository; the error is Unprocessable and says what is
// wrong with it. Refused is what git fsck refuses and what a checkout could not hold or would misplace: absolute
// paths, empty segments, ".", "..", control characters, bytes that are no UTF-8, and every spelling of ".git" that
// some file system takes for it. A backslash is a letter of a name, as git has it and as pushes may bring it, but not at
// the beginning nor after a ".." there: where it separates folders, git and the Hub clients refuse other such files themselves.
// Source: huggingface_hub tests/test_file_download.py, TestHfHubDownloadRelativePaths, and tests/test_hf_api.py,
// test_create_file_with_relative_path.
func CheckPath(path string) error {
	switch {
	case path == "":
		return badPath(path, "is empty")
	case len(path) > MaxPath:
		return hub.Errorf(hub.Unprocessable, "A path is longer than %d bytes.", MaxPath)
	case strings.Count(path, "/") >= MaxSegments:
		return hub.Errorf(hub.Unprocessable, "A path has more than %d segments.", MaxSegments)
	case path[0] == '/', path[0] == '\\':
		return badPath(path, "is absolute")
	case strings.HasPrefix(path, `..\`):
		return badPath(path, "leads out of the repository")
	case !utf8.ValidString(path):
		return badPath(path, "is not valid UTF-8")
	}
	for i := 0; i < len(path); i++ {
		if c := path[i]; c < ' ' || c == 0x7f {
			return badPath(path, "contains a control character")
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		switch {
		case segment == "":
			return badPath(path, "has an empty segment")
		case segment == "." || segment == "..":
			return badPath(path, "contains '.' or '..' as a segment")
		case len(segment) > MaxSegment:
			return hub.Errorf(hub.Unprocessable, "A path has a segment longer than %d bytes.", MaxSegment)
		}
		for part := range strings.SplitSeq(segment, `\`) {
			if looksLike(part, "git") {
				return badPath(path, "contains a segment that file systems may take for '.git'")
			}
		}
	}
	return nil
}

func badPath(path, why string) error {
	return hub.Errorf(hub.Unprocessable, "The path %q %s.", path, why)
}

// looksLike tells whether a file system may take a segment for "."+name: without regard to case, with characters
// that HFS+ ignores, with endings that NTFS ignores, or by NTFS's short name.
// Source: git's utf8.c is_hfs_dot_generic and path.c is_ntfs_dotgit, is_ntfs_dot_generic.
func looksLike(segment, name string) bool {
	s := strings.ToLower(strings.Map(dropIgnored, segment))
	s, _, _ = strings.Cut(s, ":") // an NTFS stream of the file
	s = strings.TrimRight(s, ". ")
	return s == "."+name || isShortName(s, name)
}

// dropIgnored removes the characters that HFS+ ignores in names.
func dropIgnored(r rune) rune {
	switch {
	case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff:
		return -1
	}
	return r
}

// isShortName tells whether s is a short name that NTFS may give to "."+name: its first six letters, '~' and a
// digit, or "git~1".
func isShortName(s, name string) bool {
	if name == "git" {
		return s == "git~1"
	}
	short, number, ok := strings.Cut(s, "~")
	return ok && len(number) == 1 && number[0] >= '1' && number[0] <= '4' && short == name[:min(6, len(name))]
}

// checkSymlink refuses symbolic links in place of the files that git itself reads.
// Source: git's fsck.c, gitmodulesSymlink and its kin.
func checkSymlink(path string) error {
	segment := path[strings.LastIndexByte(path, '/')+1:]
	for _, name := range []string{"gitmodules", "gitattributes", "gitignore", "mailmap"} {
		if looksLike(segment, name) {
			return badPath(path, "must not be a symbolic link")
		}
	}
	return nil
}
