package client

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

// TestWatchGoesOn: work that takes days tells more of its progress than one answer may be long.
func TestWatchGoesOn(t *testing.T) {
	const lines, stage = 40, 1 << 20
	o := NewOperator(InProcess(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		enc := json.NewEncoder(w)
		for range lines {
			enc.Encode(operatorapi.Line{Progress: &operatorapi.Progress{Stage: strings.Repeat("x", stage)}})
		}
		enc.Encode(operatorapi.Line{Result: map[string]int{"packs": 7}})
	})))
	told := 0
	var v operatorapi.Verified
	err := o.Watch(t.Context(), operatorapi.RepoVerify, operatorapi.Empty{}, &v, func(operatorapi.Progress) { told++ })
	if err != nil || told != lines || v.Packs != 7 {
		t.Errorf("%v after %d lines: %+v", err, told, v)
	}
}
