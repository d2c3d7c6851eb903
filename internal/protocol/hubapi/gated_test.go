package hubapi_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit"
)

var gatedID = hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "gated"}

// weights is a safetensors file with six F32 and four I64 parameters.
func weights() []byte {
	head := []byte(`{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"I64","shape":[4],"data_offsets":[24,56]}}`)
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, uint64(len(head)))
	b.Write(head)
	b.Write(make([]byte, 56))
	return b.Bytes()
}

// Everybody sees names and sizes of a gated repository; digests and what files say only those who may read it.
func TestGatedDigestsAreMasked(t *testing.T) {
	h := start(t)
	h.Commit("alice.write", gatedID, "Weights",
		testkit.Change{Path: "model.safetensors", Content: weights(), Large: true},
		testkit.Change{Path: "config.json", Content: []byte(`{"model_type":"bert","architectures":["BertModel"],"hidden_size":3}`)})
	digest := digestOf(t, h)
	stars := strings.Repeat("*", 64)
	for _, c := range []struct {
		token string
		sees  bool
	}{{"", false}, {"mallory.read", false}, {"erin.read", false}, {"carol.read", true}, {"alice.write", true}} {
		_, _, tree := get(t, h, c.token, h.URL+"/api/models/acme/gated/tree/main")
		_, _, info := get(t, h, c.token, h.URL+"/api/models/acme/gated?blobs=true")
		_, _, list := get(t, h, c.token, h.URL+"/api/models?author=acme&search=gated&full=true")
		if !bytes.Contains(tree, []byte("model.safetensors")) || !bytes.Contains(info, []byte("model.safetensors")) {
			t.Errorf("%q does not see the names: %s\n%s", c.token, tree, info)
		}
		for what, body := range map[string][]byte{"tree": tree, "info": info} {
			if bytes.Contains(body, []byte(digest)) != c.sees || bytes.Contains(body, []byte(stars)) == c.sees {
				t.Errorf("%s as %q: sees %v, got %s", what, c.token, c.sees, body)
			}
		}
		if bytes.Contains(list, []byte(digest)) {
			t.Errorf("the list shows a digest to %q: %s", c.token, list)
		}
		var described struct {
			Config      map[string]any
			Safetensors struct {
				Parameters map[string]int64
				Total      int64
			}
		}
		if err := json.Unmarshal(info, &described); err != nil {
			t.Fatal(err)
		}
		if (described.Config["model_type"] == "bert") != c.sees || described.Config["hidden_size"] != nil {
			t.Errorf("config as %q: %v", c.token, described.Config)
		}
		if st := described.Safetensors; (st.Total == 10 && st.Parameters["F32"] == 6 && st.Parameters["I64"] == 4) != c.sees {
			t.Errorf("safetensors as %q: %v", c.token, st)
		}
	}
}

// Who is let in sees digests from then on, and no longer when that is taken back.
func TestDigestsFollowTheGate(t *testing.T) {
	h := start(t)
	h.Commit("alice.write", gatedID, "Weights", testkit.Change{Path: "model.safetensors", Content: weights(), Large: true})
	digest := digestOf(t, h)
	repo, _, err := h.DB.RepoByName(t.Context(), gatedID)
	if err != nil {
		t.Fatal(err)
	}
	mallory := h.Scope(hub.EntityUser, "mallory").EntityID
	sees := func() bool {
		_, _, tree := get(t, h, "mallory.read", h.URL+"/api/models/acme/gated/tree/main")
		_, _, paths := get(t, h, "mallory.read", h.URL+"/api/models/acme/gated?blobs=true")
		if a, b := bytes.Contains(tree, []byte(digest)), bytes.Contains(paths, []byte(digest)); a != b {
			t.Errorf("the tree shows the digest: %v, the siblings: %v", a, b)
		}
		return bytes.Contains(tree, []byte(digest))
	}
	decide := func(to hub.GateState) {
		if _, err := h.DB.DecideGate(t.Context(), repo.ID, hub.GateUser, mallory, to, "", "", time.Time{}, hub.Event{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.DB.AskGate(t.Context(), repo.ID, mallory, nil, false, hub.Event{}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		to   hub.GateState
		open bool
	}{{hub.GateAccepted, true}, {hub.GatePending, false}, {hub.GateAccepted, true}, {hub.GateRejected, false}, {hub.GateReset, false}} {
		if decide(step.to); sees() != step.open {
			t.Errorf("%s: sees the digest: %v", step.to, !step.open)
		}
	}
}

// digestOf reads the digest of the weights as somebody who may.
func digestOf(t *testing.T, h *testkit.Hub) string {
	t.Helper()
	_, _, body := get(t, h, "alice.read", h.URL+"/api/models/acme/gated/tree/main")
	var entries []struct {
		Path string
		Size int64
		LFS  *struct {
			OID               string
			Size, PointerSize int64
		}
	}
	if err := json.Unmarshal(body, &entries); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.LFS != nil {
			if e.Size != int64(len(weights())) || e.LFS.Size != e.Size || e.LFS.PointerSize < 100 || len(e.LFS.OID) != 64 {
				t.Fatalf("bad entry %+v", e)
			}
			return e.LFS.OID
		}
	}
	t.Fatalf("no large file in %s", body)
	return ""
}
