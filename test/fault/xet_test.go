package fault

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xetchunk"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
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
	body, words := r.pack(s)
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
	r.uploaded = call("/v1/xorbs/default/"+words.Terms[0].Xorb.String(), body) && call("/v1/shards", r.shard(s, words))
	return r.uploaded
}

// pack makes one xorb of the content, and what a shard says of the file.
func (r *done) pack(s *server) ([]byte, shard.File) {
	var out bytes.Buffer
	w := xorb.NewWriter(&out)
	c := xetchunk.New(bytes.NewReader(r.content))
	for {
		chunk, err := c.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = w.Add(xethash.Chunk(chunk), chunk)
		}
		if err != nil {
			s.h.t.Fatal(err)
		}
	}
	name, table := w.Finish(nil)
	n := len(table)
	return out.Bytes(), shard.File{Hash: xethash.File(table.Leaves(0, n)), Ranged: true, SHA256: hub.Digest(r.oid()), Terms: []shard.Term{
		{Xorb: name, Unpacked: uint32(len(r.content)), End: uint32(n), Range: table.RangeHash(0, n)},
	}}
}

func (r *done) shard(s *server, f shard.File) []byte {
	var out bytes.Buffer
	w := shard.NewWriter(&out, false)
	err := w.File(&f)
	if err == nil {
		err = w.Close(shard.Footer{})
	}
	if err != nil {
		s.h.t.Fatal(err)
	}
	return out.Bytes()
}
