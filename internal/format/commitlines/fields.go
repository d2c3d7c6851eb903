package commitlines

import "github.com/ambit-hub/ambit/internal/hub"

// fields is the union of what the value of any line may say.
type fields struct {
	summary, description, parent string
	path, oldPath                string
	encoding, algo, oid          string
	size                         int64
	content                      *Content
}

// member reads one known field of a value and skips an unknown one.
func (s *Scanner) member(f *fields, key string) (err error) {
	l := s.lex
	switch key {
	case "summary":
		f.summary, err = l.text(key, s.limits.Text)
	case "description":
		f.description, err = l.text(key, s.limits.Text)
	case "parentCommit":
		f.parent, err = l.text(key, s.limits.Text)
	case "path":
		f.path, err = l.text(key, s.limits.Text)
	case "oldPath":
		f.oldPath, err = l.text(key, s.limits.Text)
	case "encoding":
		f.encoding, err = l.text(key, maxKey)
	case "algo":
		f.algo, err = l.text(key, maxKey)
	case "oid":
		f.oid, err = l.text(key, maxKey)
	case "size":
		f.size, err = l.size(key)
	case "content":
		if f.content != nil {
			return l.errorf("%q stands there twice.", key)
		}
		f.content, err = s.spool()
	default:
		err = l.skip(0)
	}
	return err
}

// finish checks a line's fields against its kind.
func (s *Scanner) finish(kind Kind, f fields, number int) (Line, error) {
	line := Line{Number: number, Kind: kind, Path: f.path, OldPath: f.oldPath, Size: -1}
	bad := func(format string, args ...any) (Line, error) {
		e := hub.Errorf(hub.InvalidInput, format, args...)
		e.Message = lineText(number) + e.Message
		return Line{}, e
	}
	if kind == Header {
		return s.header(f, number)
	}
	if f.path == "" {
		return bad("a %s line needs a %q.", kind, "path")
	}
	switch kind {
	case File:
		if f.content == nil {
			return bad("a file line needs %q (an empty string for an empty file).", "content")
		}
		switch f.encoding {
		case "base64":
			if err := f.content.decode(); err != nil {
				return bad("the content of %q is not valid base64.", f.path)
			}
		case "", "utf-8", "utf8":
			f.content.plain()
		default:
			return bad("unknown encoding %q: use base64 or utf-8.", f.encoding)
		}
		f.content.judge(s.limits.File)
		line.Content = f.content
	case LFSFile:
		if f.algo != "" && f.algo != "sha256" {
			return bad("unknown hash %q: a large file is named by its sha256.", f.algo)
		}
		digest, err := hub.ParseDigest(f.oid)
		if err != nil {
			return bad("%q must be the sha256 of %q: 64 lower-case hexadecimal digits.", "oid", f.path)
		}
		line.Digest, line.Size = digest, f.size
	default:
		line.OldPath = ""
	}
	return line, nil
}

func (s *Scanner) header(f fields, number int) (Line, error) {
	if f.summary == "" {
		return Line{}, hub.Errorf(hub.InvalidInput, "%sthe header needs a %q: the title of the commit.", lineText(number), "summary")
	}
	parent := []byte(f.parent)
	for i, c := range parent {
		if c >= 'A' && c <= 'F' {
			parent[i] = c + 'a' - 'A'
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			parent = nil
			break
		}
	}
	if f.parent != "" && (len(parent) < 5 || len(parent) > 40) {
		return Line{}, hub.Errorf(hub.InvalidInput, "%s%q must be 5 to 40 hexadecimal digits of a commit id.", lineText(number), "parentCommit")
	}
	return Line{Number: number, Kind: Header, Summary: f.summary, Description: f.description, Parent: string(parent), Size: -1}, nil
}
