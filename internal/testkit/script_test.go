package testkit

import (
	"net/http"
	"strings"
	"testing"
)

// A script whose expectations do not hold, or that says what the reader does not know, must not pass.
func TestExpectationsFail(t *testing.T) {
	a := &answer{code: 200, header: http.Header{"Link": {"<x>"}}, body: "{\"a\":[{\"b\":\"c\"},7]}\n",
		parsed: map[string]any{"a": []any{map[string]any{"b": "c"}, 7.0}}}
	p := &player{h: &Hub{URL: "http://h"}, vars: map[string]string{}, kept: map[string]string{"x": "other"}}
	for line, holds := range map[string]bool{
		"code == 200": true, "code == 404": false, "code ~ ^2": true, "code != 200": false, "code": false, "code =": false,
		"json a.0.b == c": true, "json a.# == 2": true, "json a.1 == 7": true, "json a.2 == 7": false, "json a.b absent": true,
		"json a absent": false, "json a.0.b !~ d": true, "json a.0.b ~ d": false, "json x !~ d": false, "json x != d": false,
		"header Link contains x": true, "header Link absent": false, "header None absent": true, "header None == ": false,
		`body == {"a":[{"b":"c"},7]}`: true, "body contains zz": false, "body !contains zz": true,
		"same x": false, "same never": false, "header": false, "cod == 200": false, " code == 200": false, "set x next": false,
		"set x json a.9": false, "json a ~ (": false,
	} {
		if err := p.check(a, line); (err == nil) != holds {
			t.Errorf("%q: holds %v, got %v", line, holds, err)
		}
	}
}

func TestParseScript(t *testing.T) {
	cases, err := parseScript("f", "# about\nGET /a\nas x\nheader A b\nheader A == b\n\nPOST /b\nsend {\n\t}\ncode == 200\n")
	if err != nil || len(cases) != 2 {
		t.Fatalf("%v %v", cases, err)
	}
	if c := cases[0]; c.request.text != "GET /a" || len(c.send) != 2 || len(c.expect) != 1 || c.expect[0].at != "f:5" {
		t.Errorf("first case: %+v", c)
	}
	if c := cases[1]; len(c.send) != 1 || c.send[0].text != "send {\n}" || len(c.expect) != 1 {
		t.Errorf("second case: %+v", c)
	}
	if _, err := parseScript("f", "\tx\n"); err == nil || !strings.Contains(err.Error(), "f:1") {
		t.Errorf("a continuation of nothing: %v", err)
	}
}
