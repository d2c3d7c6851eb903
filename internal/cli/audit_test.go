package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

// Rows that somebody changed reach the operator's terminal as text, and cannot write a verdict of their own.
func TestReportIsText(t *testing.T) {
	var out bytes.Buffer
	a := &app{out: &out}
	a.printReport(operatorapi.AuditReport{Problems: []operatorapi.AuditProblem{{Text: "Event 3 (\x1b[2Ax\nNothing is wrong.\n) was changed."}}})
	if s := out.String(); strings.Contains(s, "\x1b") || strings.Contains(s, "\nNothing") || !strings.Contains(s, "was changed.") {
		t.Errorf("printed %q", s)
	}
}
