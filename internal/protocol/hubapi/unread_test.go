package hubapi_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// endless is a body that goes on as long as somebody reads it, and counts.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// TestStrangersBodiesAreNotRead: who has not signed in is told so before a long body has been taken into memory.
func TestStrangersBodiesAreNotRead(t *testing.T) {
	h := testkit.New(t, func(h *testkit.Hub) { hubapi.New(hubapi.Services{Repos: h.Repos}).Register(h.Server) })
	h.World()
	body := &endless{}
	req, err := http.NewRequest("POST", h.URL+"/api/repos/create", io.LimitReader(body, 16<<20))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	// What lies in the buffers of the network counts too.
	if res.StatusCode != http.StatusUnauthorized || body.read > 12<<20 {
		t.Errorf("status %d after %d bytes", res.StatusCode, body.read)
	}
}
