package commitlines

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ambit-hub/ambit/internal/hub"
)

// show renders the lines of a body, or the error, as text.
func show(s *Scanner) string {
	defer s.Close()
	var b strings.Builder
	for {
		line, err := s.Next()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			var e *hub.Error
			errors.As(err, &e)
			fmt.Fprintf(&b, "! %s %s\n", e.Code, e.Message)
			return b.String()
		}
		fmt.Fprintf(&b, "%s", line.Kind)
		for _, v := range []string{line.Summary, line.Description, line.Parent, line.Path, line.OldPath, string(line.Digest)} {
			if v != "" {
				fmt.Fprintf(&b, " %q", v)
			}
		}
		if line.Size >= 0 {
			fmt.Fprintf(&b, " size=%d", line.Size)
		}
		if line.Content != nil {
			if line.Content.TooLarge() {
				fmt.Fprintf(&b, " too large: %d", line.Content.Size())
			} else {
				data, err := io.ReadAll(line.Content.Reader())
				fmt.Fprintf(&b, " %q", data)
				if err != nil {
					fmt.Fprintf(&b, " (%v)", err)
				} else if int64(len(data)) != line.Content.Size() {
					fmt.Fprintf(&b, " SIZE %d", line.Content.Size())
				}
			}
		}
		b.WriteByte('\n')
	}
}

const header = `{"key":"header","value":{"summary":"s"}}` + "\n"

func TestLines(t *testing.T) {
	sha := strings.Repeat("ab", 32)
	for _, c := range []struct{ name, body, want string }{
		{"python", `{"key": "header", "value": {"summary": "Upload a.txt", "description": "", "parentCommit": "0123456789ABCDEFabcd"}}` + "\n" +
			`{"key": "file", "value": {"content": "aGk=", "path": "a.txt", "encoding": "base64"}}` + "\n" +
			`{"key": "lfsFile", "value": {"path": "b.bin", "algo": "sha256", "oid": "` + sha + `", "size": 7}}` + "\n" +
			`{"key": "deletedFile", "value": {"path": "c"}}` + "\n" + `{"key": "deletedFolder", "value": {"path": "d/"}}` + "\n",
			"header \"Upload a.txt\" \"0123456789abcdefabcd\"\nfile \"a.txt\" \"hi\"\nlfsFile \"b.bin\" \"" + sha + "\" size=7\ndeletedFile \"c\"\ndeletedFolder \"d/\"\n"},
		{"no final newline, null fields", header + `{"key":"lfsFile","value":{"path":"b","oid":"` + sha + `","size":null,"oldPath":null}}`,
			"header \"s\"\nlfsFile \"b\" \"" + sha + "\"\n"},
		{"value before key, path before content, utf-8 by default", header + `{"value":{"path":"a","content":"\u00e9\ud83d\ude00\n"},"key":"file"}`,
			"header \"s\"\nfile \"a\" \"é😀\\n\"\n"},
		{"empty content", header + `{"key":"file","value":{"path":"a","content":"","encoding":"base64"}}`, "header \"s\"\nfile \"a\" \"\"\n"},
		{"unknown fields", header + `{"key":"deletedEntry","new":{"a":[1,-2.5e3,true,false,null,"x\"y"],"b":{}},"value":{"path":"a","z":[]}}`, "header \"s\"\ndeletedEntry \"a\"\n"},
		{"rename", header + `{"key":"file","value":{"path":"a","oldPath":"b","content":"x"}}`, "header \"s\"\nfile \"a\" \"b\" \"x\"\n"},
		{"blank lines", "\n \r\n" + header + "\n\n" + `{"key":"deletedFile","value":{"path":"a"}}` + "\r\n\n", "header \"s\"\ndeletedFile \"a\"\n"},
		{"empty body", "", ""},
		{"no header", `{"key":"deletedFile","value":{"path":"a"}}`, "! InvalidInput Line 1: the first line, and only it, must be the header.\n"},
		{"two headers", header + header, "header \"s\"\n! InvalidInput Line 2: the first line, and only it, must be the header.\n"},
		{"header without summary", `{"key":"header","value":{"summary":""}}`, "! InvalidInput Line 1: the header needs a \"summary\": the title of the commit.\n"},
		{"bad parent", `{"key":"header","value":{"summary":"s","parentCommit":"abc"}}`, "! InvalidInput Line 1: \"parentCommit\" must be 5 to 40 hexadecimal digits of a commit id.\n"},
		{"bad parent letters", `{"key":"header","value":{"summary":"s","parentCommit":"refs/heads/main"}}`, "! InvalidInput Line 1: \"parentCommit\" must be 5 to 40 hexadecimal digits of a commit id.\n"},
		{"truncated", header + `{"key":"file","value":{"path":"a","content":"aGk`, "header \"s\"\n! InvalidInput Line 2: the body ends in the middle of the line.\n"},
		{"truncated after a comma", header + `{"key":"file",`, "header \"s\"\n! InvalidInput Line 2: the body ends in the middle of the line.\n"},
		{"base64 garbage", header + `{"key":"file","value":{"path":"a","content":"!!!!","encoding":"base64"}}`, "header \"s\"\n! InvalidInput Line 2: the content of \"a\" is not valid base64.\n"},
		{"base64 cut", header + `{"key":"file","value":{"path":"a","content":"aGk","encoding":"base64"}}`, "header \"s\"\n! InvalidInput Line 2: the content of \"a\" is not valid base64.\n"},
		{"base64 with line ends", header + `{"key":"file","value":{"path":"a","content":"aG\nk=aG\nk","encoding":"base64"}}`, "header \"s\"\n! InvalidInput Line 2: the content of \"a\" is not valid base64.\n"},
		{"unknown encoding", header + `{"key":"file","value":{"path":"a","content":"","encoding":"rot13"}}`, "header \"s\"\n! InvalidInput Line 2: unknown encoding \"rot13\": use base64 or utf-8.\n"},
		{"unknown key", header + `{"key":"copyFile","value":{"path":"a"}}`, "header \"s\"\n! InvalidInput Line 2: unknown key \"copyFile\": use header, file, lfsFile, deletedFile, deletedFolder or deletedEntry.\n"},
		{"bad oid", header + `{"key":"lfsFile","value":{"path":"a","oid":"AB"}}`, "header \"s\"\n! InvalidInput Line 2: \"oid\" must be the sha256 of \"a\": 64 lower-case hexadecimal digits.\n"},
		{"bad algo", header + `{"key":"lfsFile","value":{"path":"a","algo":"md5","oid":"AB"}}`, "header \"s\"\n! InvalidInput Line 2: unknown hash \"md5\": a large file is named by its sha256.\n"},
		{"negative size", header + `{"key":"lfsFile","value":{"path":"a","size":-1}}`, "header \"s\"\n! InvalidInput Line 2: \"size\" must be a whole number of bytes.\n"},
		{"no path", header + `{"key":"deletedFile","value":{}}`, "header \"s\"\n! InvalidInput Line 2: a deletedFile line needs a \"path\".\n"},
		{"no content", header + `{"key":"file","value":{"path":"a"}}`, "header \"s\"\n! InvalidInput Line 2: a file line needs \"content\" (an empty string for an empty file).\n"},
		{"content twice", header + `{"key":"file","value":{"path":"a","content":"","content":""}}`, "header \"s\"\n! InvalidInput Line 2: \"content\" stands there twice.\n"},
		{"two objects on a line", header + `{"key":"deletedFile","value":{"path":"a"}} {"key":"deletedFile","value":{"path":"b"}}`,
			"header \"s\"\ndeletedFile \"a\"\n! InvalidInput Line 2: more follows behind the JSON object; each object needs a line of its own.\n"},
		{"not an object", "[]", "! InvalidInput Line 1: found '[' where '{' must stand.\n"},
		{"raw control character", header + "{\"key\":\"deletedFile\",\"value\":{\"path\":\"a\nb\"}}", "header \"s\"\n! InvalidInput Line 2: a string holds a raw control character.\n"},
		{"half a surrogate", header + `{"key":"deletedFile","value":{"path":"\ud800x"}}`, "header \"s\"\n! InvalidInput Line 2: a string holds half a surrogate pair.\n"},
		{"path not UTF-8", header + "{\"key\":\"deletedFile\",\"value\":{\"path\":\"\xff\"}}", "header \"s\"\n! InvalidInput Line 2: \"path\" is not valid UTF-8.\n"},
		{"deep nesting", header + `{"x":` + strings.Repeat("[", 100), "header \"s\"\n! InvalidInput Line 2: a value is nested too deeply.\n"},
		{"path too long", header + `{"key":"deletedFile","value":{"path":"` + strings.Repeat("x", 70<<10) + `"}}`, "header \"s\"\n! InvalidInput Line 2: \"path\" is longer than 65536 bytes.\n"},
		{"path is a number", header + `{"key":"deletedFile","value":{"path":7}}`, "header \"s\"\n! InvalidInput Line 2: \"path\" must be a string.\n"},
	} {
		if got := show(New(strings.NewReader(c.body), Limits{})); got != c.want {
			t.Errorf("%s:\ngot  %swant %s", c.name, got, c.want)
		}
		if got := show(New(iotest.OneByteReader(strings.NewReader(c.body)), Limits{Memory: 1, Dir: t.TempDir()})); got != c.want && !strings.Contains(c.name, "base64") {
			t.Errorf("%s, byte by byte:\ngot  %swant %s", c.name, got, c.want)
		}
	}
}

func TestLegacy(t *testing.T) {
	sha := strings.Repeat("ab", 32)
	for _, c := range []struct{ name, body, want string }{
		{"all", `{"summary":"s","description":"d","files":[{"path":"a","content":"hi"},{"path":"b","content":"aGk=","encoding":"base64"}],
			"lfsFiles":[{"path":"c","oid":"` + sha + `","size":3,"algo":"sha256"}],"deletedEntries":[{"path":"d"}],"parentCommit":"abcde","x":[{}]}`,
			"file \"a\" \"hi\"\nfile \"b\" \"hi\"\nlfsFile \"c\" \"" + sha + "\" size=3\ndeletedEntry \"d\"\nheader \"s\" \"d\" \"abcde\"\n"},
		{"empty arrays", `{"files":[],"lfsFiles":null,"summary":"s"}`, "header \"s\"\n"},
		{"arrays last", `{"summary":"s","deletedFiles":[{"path":"a"}]}`, "deletedFile \"a\"\nheader \"s\"\n"},
		{"no summary", `{}`, "! InvalidInput Line 1: the header needs a \"summary\": the title of the commit.\n"},
		{"more behind", `{"summary":"s"}{}`, "! InvalidInput The body holds more than one JSON value.\n"},
		{"truncated", `{"summary":"s","files":[{"path":"a","content":"x"}`, "! InvalidInput Line 1: the body ends in the middle of the line.\n"},
		{"key null", `{null:1}`, "! InvalidInput Line 1: found 'n' where a key must stand.\n"},
	} {
		if got := show(NewLegacy(strings.NewReader(c.body), Limits{})); got != c.want {
			t.Errorf("%s:\ngot  %swant %s", c.name, got, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	file := func(size int) string {
		return `{"key":"file","value":{"content":"` + base64.StdEncoding.EncodeToString(make([]byte, size)) + `","path":"a","encoding":"base64"}}` + "\n"
	}
	for _, c := range []struct {
		name, body string
		limits     Limits
		want       string
	}{
		{"at the limit", header + file(3000), Limits{File: 3000}, "header \"s\"\nfile \"a\" " + fmt.Sprintf("%q", make([]byte, 3000)) + "\n"},
		{"one over", header + file(3001), Limits{File: 3000}, "header \"s\"\nfile \"a\" too large: 3001\n"},
		{"far over", header + file(100_000), Limits{File: 3000}, "header \"s\"\nfile \"a\" too large: 100000\n"},
		{"total", header + file(3000), Limits{Bytes: 2000}, "! TooLarge The commit is larger than 2000 bytes: split it into several commits.\n"},
		{"operations", header + file(1) + file(1), Limits{Lines: 1}, "header \"s\"\nfile \"a\" \"\\x00\"\n! TooLarge The commit has more than 1 operations: split it into several commits.\n"},
	} {
		if got := show(New(strings.NewReader(c.body), c.limits)); got != c.want {
			t.Errorf("%s:\ngot  %.200s\nwant %.200s", c.name, got, c.want)
		}
	}
}

// A line of 100 MiB passes through the scanner without being in memory.
func TestLongLineStaysOutOfMemory(t *testing.T) {
	const size = 100 << 20
	body := io.MultiReader(strings.NewReader(header+`{"key":"file","value":{"content":"`),
		io.LimitReader(endless{}, size), strings.NewReader(`","path":"a","encoding":"base64"}}`))
	s := New(body, Limits{File: size, Dir: t.TempDir()})
	defer s.Close()
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	line, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, struct{ io.Reader }{line.Content.Reader()})
	if err != nil || n != size/4*3 {
		t.Fatalf("read %d bytes, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("allocated %d bytes for a line of %d", grown, size)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'A'
	}
	return len(p), nil
}

// FuzzAgainstJSON holds that whatever the scanner accepts means what encoding/json reads in it.
func FuzzAgainstJSON(f *testing.F) {
	f.Add([]byte(header + `{"key": "file", "value": {"content": "aGk=", "path": "a.txt", "encoding": "base64"}}` + "\n"))
	f.Add([]byte(header + `{"key":"file","value":{"path":"a","content":"\u00e9\ud83d\ude00\n"}}`))
	f.Add([]byte(header + `{"key":"deletedFolder","z":[1,{"a":null}],"value":{"path":"d/"}}`))
	f.Add([]byte(header + `{"key":"lfsFile","value":{"path":"b","oid":"` + strings.Repeat("0", 64) + `","size":12}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s := New(bytes.NewReader(body), Limits{Memory: 16, File: 1 << 16, Dir: t.TempDir()})
		defer s.Close()
		dec := json.NewDecoder(bytes.NewReader(body))
		for {
			line, err := s.Next()
			if err != nil {
				break
			}
			var want struct {
				Key   string `json:"key"`
				Value struct {
					Path, Content, Encoding, Summary, Oid string
					Size                                  *int64
				} `json:"value"`
			}
			if err := dec.Decode(&want); err != nil {
				var typ *json.UnmarshalTypeError
				if errors.As(err, &typ) {
					return // a duplicate key of another type, which the scanner read as unknown
				}
				t.Fatalf("accepted what encoding/json refuses: %v", err)
			}
			if bytes.Contains(body, []byte("null")) || hasFoldedKeys(body) || !validText(body) {
				return // null after a value, and keys in another case, mean different things to the two
			}
			if line.Path != want.Value.Path && line.Kind != Header || line.Summary != want.Value.Summary && line.Kind == Header {
				t.Fatalf("got %+v, want %+v", line, want)
			}
			if line.Content == nil {
				continue
			}
			data, err := io.ReadAll(line.Content.Reader())
			plain := []byte(want.Value.Content)
			if want.Value.Encoding == "base64" {
				plain, _ = base64.StdEncoding.DecodeString(want.Value.Content)
			}
			if err == nil && (!bytes.Equal(data, plain) || int64(len(data)) != line.Content.Size()) {
				t.Fatalf("content %q, want %q", data, plain)
			}
		}
	})
}

// hasFoldedKeys tells whether body has letters that encoding/json folds when it compares keys.
func hasFoldedKeys(body []byte) bool {
	for _, k := range []string{"key", "value", "path", "content", "encoding", "summary", "oid", "size"} {
		if bytes.Count(bytes.ToLower(body), []byte(k)) != bytes.Count(body, []byte(k)) {
			return true
		}
	}
	return bytes.ContainsAny(body, "\u017f\u212a\\")
}

func validText(body []byte) bool { return bytes.Equal(bytes.ToValidUTF8(body, nil), body) }
