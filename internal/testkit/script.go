package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Run runs every file that matches pattern as a script, each against the hub that start makes for it.
//
// A script is a sequence of cases parted by blank lines. A case begins with a request line, "METHOD /path";
// lines of what is sent follow, then lines of what is expected. "#" begins a comment line; a line that starts
// with a tab continues the one before. $NAME stands for a variable, $URL for the hub's own, ${token NAME} for
// the value of a token.
//
//	as TOKEN                   sends the token of that name (Hub.Token); "as anonymous" is the default
//	as session NAME            sends the cookie of a browser session of that user
//	header NAME VALUE          sends a header
//	send TEXT                  sends a body, as JSON unless a Content-Type header says otherwise
//	form TEXT                  sends a body as a form
//	repeat N TEXT              sends a body of N times TEXT
//
//	code OP VALUE              the status
//	header NAME OP VALUE       a response header; several of one name are joined by ", "
//	body OP VALUE              the body as text, without its final line feed
//	json PATH OP VALUE         a value of the JSON body: keys and indices parted by dots, # for a length
//	golden FILE                the whole JSON body as in testdata/FILE (AMBIT_UPDATE_GOLDEN=1 writes it), with ids, dates
//	                           and object ids replaced by words
//	remember NAME              keeps status, headers and body, without Date and X-Request-Id
//	same NAME                  they are the same, byte for byte, as what was remembered
//	set NAME json PATH         sets a variable; also "set NAME header H" with "set NAME next" for the next page's path
//
// OP is one of == != ~ !~ contains !contains; absent takes no value.
func Run(t *testing.T, pattern string, start func(t *testing.T) *Hub) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("testkit: no scripts match %q: %v", pattern, err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), filepath.Ext(f)), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			cases, err := parseScript(f, string(text))
			if err != nil {
				t.Fatal(err)
			}
			h := start(t)
			p := &player{h: h, t: t, vars: map[string]string{"URL": h.URL}, kept: map[string]string{}}
			for _, c := range cases {
				p.play(c)
			}
		})
	}
}

// line is one line of a script with its place.
type line struct {
	at   string // file:line
	text string
}

// scriptCase is one request with what is sent and expected.
type scriptCase struct {
	request line
	send    []line
	expect  []line
}

var sends = regexp.MustCompile(`^(as|send|form|repeat)\b`)
var sentHeader = regexp.MustCompile(`^header (\S+) (.*)$`)
var operators = regexp.MustCompile(`^(==|!=|~|!~|contains|!contains|absent)( |$)`)

func parseScript(file, text string) ([]*scriptCase, error) {
	var out []*scriptCase
	var cur *scriptCase
	var last *line
	for i, raw := range strings.Split(text, "\n") {
		l := line{fmt.Sprintf("%s:%d", file, i+1), raw}
		switch {
		case strings.HasPrefix(raw, "#"):
			continue
		case strings.TrimSpace(raw) == "":
			cur, last = nil, nil
			continue
		case strings.HasPrefix(raw, "\t"):
			if last == nil {
				return nil, fmt.Errorf("%s: nothing to continue", l.at)
			}
			last.text += "\n" + strings.TrimPrefix(raw, "\t")
			continue
		}
		if cur == nil {
			cur = &scriptCase{request: l}
			out = append(out, cur)
			last = &cur.request
			continue
		}
		list := &cur.expect
		if isSend(raw) {
			list = &cur.send
		}
		*list = append(*list, l)
		last = &(*list)[len(*list)-1]
	}
	return out, nil
}

// isSend tells what is sent from what is expected: a header line with an operator is an expectation.
func isSend(s string) bool {
	if m := sentHeader.FindStringSubmatch(s); m != nil {
		return !operators.MatchString(m[2])
	}
	return sends.MatchString(s)
}
