package modelcard

import (
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

func TestLicenses(t *testing.T) {
	for value, ok := range map[string]bool{
		"mit": true, "MIT": true, "openrail++": true, "[mit, apache-2.0]": true, "other": true, "''": true, "null": true,
		"asdf": false, "[mit, asdf]": false, "mit ": true, "3": false,
	} {
		rep := Validate(hub.Dataset, []byte("---\nlicense: "+value+"\n---\n"))
		if (len(rep.Errors) == 0) != ok {
			t.Errorf("license: %s: errors %q", value, rep.Errors)
		}
		if !ok && !strings.HasPrefix(rep.Errors[0], `"license" must be one of [apache-2.0, mit, `) {
			t.Errorf("license: %s: %q", value, rep.Errors[0])
		}
	}
}
