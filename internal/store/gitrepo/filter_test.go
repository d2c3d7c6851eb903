package gitrepo

import (
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

func TestParseFilter(t *testing.T) {
	for spec, want := range map[string]Filter{
		"blob:none":                              {on: true, blobs: 0, depth: noLimit},
		"blob:limit=0":                           {on: true, blobs: 0, depth: noLimit},
		"blob:limit=2k":                          {on: true, blobs: 2048, depth: noLimit},
		"tree:0":                                 {on: true, blobs: noLimit, depth: 0},
		"tree:3":                                 {on: true, blobs: noLimit, depth: 3},
		"object:type=commit":                     {on: true, blobs: noLimit, depth: 0, omit: kindsBut(object.KindCommit)},
		"object:type=tag":                        {on: true, blobs: noLimit, depth: 0, omit: kindsBut(object.KindTag)},
		"object:type=tree":                       {on: true, blobs: 0, depth: noLimit, omit: kindsBut(object.KindTree)},
		"object:type=blob":                       {on: true, blobs: noLimit, depth: noLimit, omit: kindsBut(object.KindBlob)},
		"combine:object:type=blob+blob:limit=9":  {on: true, blobs: 9, depth: noLimit, omit: kindsBut(object.KindBlob)},
		"combine:tree:2+blob:limit=1m":           {on: true, blobs: 1 << 20, depth: 2},
		"combine:tree%3a2+combine%3Ablob%3anone": {on: true, blobs: 0, depth: 2},
	} {
		if got, err := ParseFilter(spec); err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", spec, got, err, want)
		}
	}
	for _, spec := range []string{"", "blob", "blob:", "blob:limit=", "blob:limit=-1", "blob:limit=1x", "blob:limit=99999999999999999999", "blob:limit=9223372036854775807g",
		"tree:", "tree:x", "sparse:oid=main", "object:type=", "object:type=file", "combine:", "combine:tree:1+", "combine:+", "combine:%", "sparse:oid=", "sparse:path=x", "tree:-1", "tree:9223372036854775808",
		strings.Repeat("combine:", 5000) + "tree:1", "combine:1+2+3+4+5+6+7+8+9"} {
		if f, err := ParseFilter(spec); !hub.Is(err, hub.InvalidInput) {
			t.Errorf("%q: %+v, %v", spec, f, err)
		}
	}
}

func FuzzParseFilter(f *testing.F) {
	f.Add("combine:tree%3a2+combine%3Ablob%3anone")
	f.Fuzz(func(t *testing.T, spec string) {
		if got, err := ParseFilter(spec); err == nil && (!got.on || got.blobs < 0 || got.depth < 0) {
			t.Errorf("%q: %+v", spec, got)
		}
	})
}
