package repos

import (
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Very large front matter stays out of the row; what filters need of it does not.
func TestLargeCardsStayOutOfRows(t *testing.T) {
	small := CardOf(hub.Model, []byte("---\nlicense: mit\n---\n"))
	if string(small.Data) != `{"license":"mit"}` {
		t.Errorf("a small card: %s", small.Data)
	}
	large := CardOf(hub.Model, []byte("---\nlicense: mit\nx: "+strings.Repeat("y", maxRowCard)+"\n---\n"))
	if large.Data != nil || len(large.Tags) != 1 || large.Tags[0] != "license:mit" {
		t.Errorf("a large card: %d bytes, tags %q", len(large.Data), large.Tags)
	}
}
