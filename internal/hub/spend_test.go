package hub

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestParseSpendLimits(t *testing.T) {
	for in, want := range map[string]string{
		`null`: "", `{}`: "", `{"total":null,"products":{"jobs":null}}`: "",
		`{"total": 5}`:                           `{"total":5}`,
		`{"total":0}`:                            `{"total":0}`,
		`{"total":null,"jobs":12.5}`:             `{"jobs":12.5,"total":null}`,
		`{"products":{"spaces":{"amount":1}}}`:   `{"products":{"spaces":{"amount":1}}}`,
		`{"total":{"amount":7,"currency":"eu"}}`: `{"total":{"amount":7,"currency":"eu"}}`,
	} {
		if got, err := ParseSpendLimits([]byte(in)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
	deep := `{"a":{"b":{"c":{"d":1}}}}`
	for _, bad := range []string{``, `5`, `"x"`, `[1]`, `{"a":[1]}`, `{"total":-1}`, `{"total":1e16}`, `{"total":"` + strings.Repeat("x", 41) + `"}`,
		`{"` + strings.Repeat("x", 41) + `":1}`, deep, `{"total":1} {}`, `{"a":"` + strings.Repeat("x", 5000) + `"}`} {
		if got, err := ParseSpendLimits([]byte(bad)); !Is(err, InvalidInput) {
			t.Errorf("%.60s: %q, %v", bad, got, err)
		}
	}
	many := map[string]int{}
	for i := range maxSpendValues + 1 {
		many[fmt.Sprint("product", i)] = i
	}
	text, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseSpendLimits(text); !Is(err, InvalidInput) {
		t.Errorf("%d amounts: %v", len(many), err)
	}
	if got, err := ParseSpendLimits([]byte(`{"total":-1,"total":5}`)); err != nil || got != `{"total":5}` {
		t.Errorf("twice the same name: %q, %v", got, err)
	}
}
