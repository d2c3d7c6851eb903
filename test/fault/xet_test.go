package fault

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/testkit/xetpack"
)

// byXet uploads the content as hf_xet does: a token, a xorb, a shard.
func (r *done) byXet(s *server) bool {
	a := s.do("GET", "/api/models/"+repoName+"/xet-write-token/main", "", nil)
	if !r.saw(a) {
		return false
	}
	var to struct{ CasURL, AccessToken string }
	if err := json.Unmarshal(a.body, &to); err != nil {
		s.h.t.Fatalf("%v: %s", err, a.body)
	}
	p, err := xetpack.Pack(r.content)
	if err != nil {
		s.h.t.Fatal(err)
	}
	words, err := xetpack.Shard([]shard.File{p.File})
	if err != nil {
		s.h.t.Fatal(err)
	}
	call := func(path string, body []byte) bool {
		req, err := http.NewRequest("POST", to.CasURL+path, bytes.NewReader(body))
		if err != nil {
			s.h.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+to.AccessToken)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false // killed
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			return false
		}
		if bytes.Contains(text, []byte(`"type":"error"`)) {
			return r.saw(answer{code: http.StatusInternalServerError, body: text})
		}
		return r.saw(answer{code: res.StatusCode, body: text})
	}
	r.uploaded = call("/v1/xorbs/default/"+p.Xorb.String(), p.Bytes) && call("/v1/shards", words)
	return r.uploaded
}
