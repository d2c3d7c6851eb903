package object

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Limits of files that git itself reads. Sources: git's attr.h, ATTR_MAX_FILE_SIZE and ATTR_MAX_LINE_LENGTH. A list of
// submodules has no limit in git; nobody has so many.
const (
	MaxModules        = 10 << 20
	maxAttributesLine = 2048
	MaxAttributes     = 100 << 20
)

// CheckAttributes looks at the content of a .gitattributes. The error is Unprocessable.
func CheckAttributes(oid hub.OID, data []byte) error {
	for line := range bytes.Lines(data) {
		if len(bytes.TrimSuffix(line, []byte{'\n'})) >= maxAttributesLine {
			return hub.Errorf(hub.Unprocessable, "The .gitattributes %s is malformed: a line is too long (gitattributesLineLength).", oid)
		}
	}
	return nil
}

// CheckModules looks at the content of a .gitmodules: what git passes on to commands must not be able to be one. A file
// that git cannot read as settings is harmless. The error is Unprocessable.
// Source: git's fsck.c, fsck_gitmodules_fn, and submodule-config.c.
func CheckModules(oid hub.OID, data []byte) error {
	bad := func(why, rule string) error {
		return hub.Errorf(hub.Unprocessable, "The .gitmodules %s is malformed: %s (%s).", oid, why, rule)
	}
	var err error
	readSettings(data, func(section, name, key, value string) {
		if section != "submodule" || err != nil {
			return
		}
		switch {
		case badModuleName(name):
			err = bad("a submodule has a disallowed name", "gitmodulesName")
		case key == "url" && badModuleURL(value):
			err = bad("a submodule has a disallowed URL", "gitmodulesUrl")
		case key == "path" && strings.HasPrefix(value, "-"):
			err = bad("a submodule's path looks like an option", "gitmodulesPath")
		case key == "update" && strings.HasPrefix(value, "!"):
			err = bad("a submodule's update is a command", "gitmodulesUpdate")
		}
	})
	return err
}

// badModuleName refuses names that lead out of the folder in which git keeps submodules.
func badModuleName(name string) bool {
	for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == ".." {
			return true
		}
	}
	return name == ""
}

func badModuleURL(u string) bool {
	if strings.HasPrefix(u, "-") {
		return true
	}
	decoded, err := url.PathUnescape(u)
	if err != nil {
		decoded = u // git leaves what is no escape as it is
	}
	if strings.ContainsRune(u, '\n') || strings.ContainsRune(decoded, '\n') {
		return true
	}
	rest, up := u, 0
	for {
		if r, ok := strings.CutPrefix(rest, "../"); ok {
			rest, up = r, up+1
		} else if r, ok := strings.CutPrefix(rest, "./"); ok {
			rest = r
		} else {
			break
		}
	}
	if rest != u { // relative
		return up > 0 && (rest == "" || rest[0] == ':' || rest[0] == '/')
	}
	for _, scheme := range []string{"http:", "https:", "ftp:", "ftps:"} {
		if r, ok := strings.CutPrefix(u, scheme); ok {
			host, ok := strings.CutPrefix(r, "//")
			return !ok || host == "" || host[0] == '/' || host[0] == ':'
		}
	}
	return false
}
