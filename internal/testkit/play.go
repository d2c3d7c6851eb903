package testkit

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// player runs the cases of one script in their order.
type player struct {
	h    *Hub
	t    *testing.T
	vars map[string]string
	kept map[string]string
}

// answer is a response, read whole.
type answer struct {
	code   int
	header http.Header
	body   string
	parsed any // the body as JSON, nil if it is none
}

var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (p *player) play(c *scriptCase) {
	a, err := p.do(c)
	if err != nil {
		p.t.Fatalf("%s: %v", c.request.at, err)
	}
	failed := false
	for _, l := range c.expect {
		if err := p.check(a, p.expand(l.text)); err != nil {
			p.t.Errorf("%s: %s: %v", l.at, l.text, err)
			failed = true
		}
	}
	if failed {
		p.t.Logf("%s: %s answered %d %v\n%s", c.request.at, c.request.text, a.code, a.header, clipText(a.body))
	}
}

func clipText(s string) string {
	if len(s) > 2000 {
		return s[:2000] + "…"
	}
	return s
}

var variable = regexp.MustCompile(`\$[A-Za-z_][A-Za-z0-9_]*`)

var tokenValue = regexp.MustCompile(`\$\{token ([\w.-]+)\}`)

func (p *player) expand(s string) string {
	s = tokenValue.ReplaceAllStringFunc(s, func(v string) string { return p.h.TokenValue(tokenValue.FindStringSubmatch(v)[1]) })
	return variable.ReplaceAllStringFunc(s, func(v string) string {
		if x, ok := p.vars[v[1:]]; ok {
			return x
		}
		return v
	})
}

func (p *player) do(c *scriptCase) (*answer, error) {
	method, path, ok := strings.Cut(p.expand(c.request.text), " ")
	if !ok {
		return nil, fmt.Errorf("%q is no request line", c.request.text)
	}
	header := http.Header{}
	body, kind := "", ""
	for _, l := range c.send {
		verb, rest, _ := strings.Cut(p.expand(l.text), " ")
		switch verb {
		case "as":
			if who, ok := strings.CutPrefix(rest, "session "); ok {
				header.Set("Cookie", "token="+p.h.Session(who))
			} else if rest != "anonymous" {
				header.Set("Authorization", "Bearer "+p.h.TokenValue(rest))
			}
		case "header":
			name, value, _ := strings.Cut(rest, " ")
			header.Add(name, value)
		case "send":
			body, kind = rest, "application/json"
		case "form":
			body, kind = rest, "application/x-www-form-urlencoded"
		case "repeat":
			n, text, _ := strings.Cut(rest, " ")
			times, err := strconv.Atoi(n)
			if err != nil {
				return nil, fmt.Errorf("%s: %v", l.at, err)
			}
			body, kind = strings.Repeat(text, times), "application/json"
		}
	}
	req, err := http.NewRequest(method, p.h.URL, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	// The path goes out exactly as it stands in the script.
	path, query, _ := strings.Cut(path, "?")
	req.URL.Opaque, req.URL.RawQuery = "//"+req.URL.Host+path, query
	req.Header = header
	if kind != "" && header.Get("Content-Type") == "" {
		header.Set("Content-Type", kind)
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	a := &answer{code: res.StatusCode, header: res.Header, body: string(b)}
	if json.Unmarshal(b, &a.parsed) != nil {
		a.parsed = nil
	}
	return a, nil
}

func (p *player) check(a *answer, text string) error {
	verb, rest, _ := strings.Cut(text, " ")
	switch verb {
	case "code":
		return compare(strconv.Itoa(a.code), true, rest)
	case "body":
		return compare(strings.TrimSuffix(a.body, "\n"), true, rest)
	case "header":
		name, op, _ := strings.Cut(rest, " ")
		return compare(strings.Join(a.header.Values(name), ", "), len(a.header.Values(name)) > 0, op)
	case "json":
		path, op, _ := strings.Cut(rest, " ")
		v, found := lookup(a.parsed, path)
		return compare(v, found, op)
	case "golden":
		return p.golden(a, rest)
	case "remember":
		p.kept[rest] = a.essence()
		return nil
	case "same":
		if got, want := a.essence(), p.kept[rest]; got != want {
			return fmt.Errorf("got\n%s\nwant\n%s", got, want)
		}
		return nil
	case "set":
		return p.set(a, rest)
	}
	return fmt.Errorf("unknown word %q", verb)
}

func compare(got string, found bool, rest string) error {
	op, want, _ := strings.Cut(rest, " ")
	ok := false
	switch op {
	case "==":
		ok = found && got == want
	case "!=":
		ok = found && got != want
	case "~", "!~":
		re, err := regexp.Compile(want)
		if err != nil {
			return err
		}
		ok = found && re.MatchString(got) == (op == "~")
	case "contains":
		ok = found && strings.Contains(got, want)
	case "!contains":
		ok = !strings.Contains(got, want)
	case "absent":
		ok = !found
	default:
		return fmt.Errorf("unknown operator %q", op)
	}
	if !ok {
		return fmt.Errorf("got %q", clipText(got))
	}
	return nil
}

// lookup finds a value of a JSON document. Strings come as they are, other values as JSON.
func lookup(v any, path string) (string, bool) {
	for _, k := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			y, ok := x[k]
			if !ok && k == "#" {
				y, ok = float64(len(x)), true
			}
			if !ok {
				return "", false
			}
			v = y
		case []any:
			if k == "#" {
				v = float64(len(x))
				continue
			}
			i, err := strconv.Atoi(k)
			if err != nil || i < 0 || i >= len(x) {
				return "", false
			}
			v = x[i]
		default:
			return "", false
		}
	}
	if s, ok := v.(string); ok {
		return s, true
	}
	b, err := json.Marshal(v)
	return string(b), err == nil
}

// essence is everything of a response that a caller could tell two of them apart by.
func (a *answer) essence() string {
	var keys []string
	for k := range a.header {
		if k != "Date" && k != "X-Request-Id" {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", a.code)
	for _, k := range keys {
		fmt.Fprintf(&b, "%s: %q\n", k, a.header[k])
	}
	return b.String() + "\n" + a.body
}

var nextLink = regexp.MustCompile(`^<(https?://[^>]+)>;\s+rel="next"$`)

func (p *player) set(a *answer, rest string) error {
	f := strings.Fields(rest)
	switch {
	case len(f) == 3 && f[1] == "json":
		v, ok := lookup(a.parsed, f[2])
		if !ok {
			return fmt.Errorf("the body has no %s", f[2])
		}
		p.vars[f[0]] = v
	case len(f) == 3 && f[1] == "header":
		p.vars[f[0]] = a.header.Get(f[2])
	case len(f) == 2 && f[1] == "next":
		m := nextLink.FindStringSubmatch(a.header.Get("Link"))
		if m == nil || !strings.HasPrefix(m[1], p.h.URL) {
			return fmt.Errorf("no absolute next page in Link %q", a.header.Get("Link"))
		}
		p.vars[f[0]] = strings.TrimPrefix(m[1], p.h.URL)
	default:
		return fmt.Errorf("set NAME json PATH, set NAME header H or set NAME next")
	}
	return nil
}

// Words for what differs from run to run.
var volatile = []struct {
	re   *regexp.Regexp
	word string
}{
	{regexp.MustCompile(`"[0-9a-f]{24}"`), `"{id}"`},
	{regexp.MustCompile(`"[0-9a-f]{40}"`), `"{oid}"`},
	{regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`), `"{date}"`},
	{regexp.MustCompile(`"(usedStorage|storage)": \d+`), `"$1": "{bytes}"`},
	{regexp.MustCompile(`"(storagePercent)": [0-9.e+-]+`), `"$1": "{percent}"`},
}

func (p *player) golden(a *answer, name string) error {
	if a.parsed == nil {
		return fmt.Errorf("the body is not JSON: %s", clipText(a.body))
	}
	// Indented as it came, so that the order of keys is part of the file.
	var b strings.Builder
	if err := indent(&b, a.body); err != nil {
		return err
	}
	got := strings.ReplaceAll(b.String(), p.h.URL, "{url}")
	for _, v := range volatile {
		got = v.re.ReplaceAllString(got, v.word)
	}
	file := filepath.Join("testdata", name)
	want, err := os.ReadFile(file)
	if os.Getenv("AMBIT_UPDATE_GOLDEN") != "" {
		return os.WriteFile(file, []byte(got), 0o644)
	}
	if err != nil {
		return err
	}
	if got != string(want) {
		return fmt.Errorf("got\n%s\nwant\n%s", got, want)
	}
	return nil
}
