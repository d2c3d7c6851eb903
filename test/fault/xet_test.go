package fault

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/testkit/xetpack"
)

// store is where chunks go, as a token's answer says it.
type store struct{ CasURL, AccessToken string }

// path is the address without the server's port.
func (to store) path() string { return to.CasURL[strings.Index(to.CasURL, "/xet/"):] }

func (s *server) connect() (answer, store) {
	a := s.do("GET", "/api/models/"+repoName+"/xet-write-token/main", "", nil)
	var to store
	if a.code == 200 {
		if err := json.Unmarshal(a.body, &to); err != nil {
			s.h.t.Fatalf("%v: %s", err, a.body)
		}
	}
	return a, to
}

func (to store) do(t *testing.T, method, path string, body []byte) answer {
	req, err := http.NewRequest(method, to.CasURL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+to.AccessToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{} // killed
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}
	}
	return answer{res.StatusCode, res.Header, text}
}

func (r *done) packed(t *testing.T) xetpack.Packed {
	p, err := xetpack.Pack(r.content)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// byXet uploads the content as hf_xet does: a token, a xorb, a shard.
func (r *done) byXet(s *server) bool {
	a, to := s.connect()
	if !r.saw(a) {
		return false
	}
	p := r.packed(s.h.t)
	words, err := xetpack.Shard([]shard.File{p.File})
	if err != nil {
		s.h.t.Fatal(err)
	}
	call := func(path string, body []byte) bool {
		a := to.do(s.h.t, "POST", path, body)
		if bytes.Contains(a.body, []byte(`"type":"error"`)) {
			a.code = http.StatusInternalServerError
		}
		return r.saw(a)
	}
	r.uploaded = call("/v1/xorbs/default/"+p.Xorb.String(), p.Bytes) && call("/v1/shards", words)
	return r.uploaded
}
