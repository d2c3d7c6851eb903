package fault

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// deed is something that a client does, and that survives a break whole or not at all.
type deed struct {
	name  string
	size  int
	large bool // as a large file, otherwise inside the commit
	parts bool // in parts
	xet   bool // as chunks
	push  bool // by git
}

var deeds = []deed{
	{name: "small-commit", size: 900},            // its pack lies in the database
	{name: "big-commit", size: 300_000},          // its pack is a file
	{name: "upload", size: 100_000, large: true}, // in one piece, then a commit
	{name: "upload-in-parts", size: 6 << 20, large: true, parts: true},
	{name: "upload-by-xet", size: 300_000, large: true, xet: true},
	{name: "small-push", size: 900, push: true},
	{name: "big-push", size: 300_000, push: true},
}

// done is one deed that was tried, and how far the server said that it got.
type done struct {
	deed
	path      string
	content   []byte
	uploaded  bool // the upload was acknowledged
	committed bool // the commit was acknowledged
	refused   int  // status of a refusal, 0 if there was none
}

func (d *done) oid() string {
	sum := sha256.Sum256(d.content)
	return hex.EncodeToString(sum[:])
}

// try does the deed for the nth time, each time with another file.
func (d deed) try(s *server, n int) *done {
	r := &done{deed: d, path: fmt.Sprintf("%s/%d.bin", d.name, n)}
	line := fmt.Sprintf("%s number %d. ", d.name, n)
	r.content = bytes.Repeat([]byte(line), d.size/len(line)+1)
	if !d.large {
		r.path = strings.TrimSuffix(r.path, "bin") + "txt"
		// Text that a compressor finds nothing in makes packs as big as they look.
		h := sha256.Sum256([]byte(line))
		var b bytes.Buffer
		for b.Len() < d.size {
			h = sha256.Sum256(h[:])
			b.WriteString(hex.EncodeToString(h[:]) + "\n")
		}
		r.content = b.Bytes()[:d.size]
	}
	if d.push {
		r.committed = r.byPush(s)
		return r
	}
	if d.large && !r.upload(s) {
		return r
	}
	content, _ := json.Marshal(string(r.content))
	op := fmt.Sprintf(`{"key":"file","value":{"path":%q,"content":%s}}`, r.path, content)
	if d.large {
		op = fmt.Sprintf(`{"key":"lfsFile","value":{"path":%q,"algo":"sha256","oid":%q,"size":%d}}`, r.path, r.oid(), len(r.content))
	}
	body := fmt.Sprintf(`{"key":"header","value":{"summary":"%s %d"}}`+"\n%s\n", d.name, n, op)
	r.committed = r.saw(s.do("POST", "/api/models/"+repoName+"/commit/main", "application/x-ndjson", []byte(body)))
	return r
}

// saw notes a refusal and tells whether the answer is an acknowledgement.
func (r *done) saw(a answer) bool {
	if a.code >= 300 {
		r.refused = a.code
	}
	return a.code/100 == 2
}

func (r *done) upload(s *server) bool {
	if r.xet {
		return r.byXet(s)
	}
	transfers := `["basic"]`
	if r.parts {
		transfers = `["basic","multipart"]`
	}
	a := s.do("POST", "/"+repoName+".git/info/lfs/objects/batch", "application/vnd.git-lfs+json",
		fmt.Appendf(nil, `{"operation":"upload","transfers":%s,"objects":[{"oid":%q,"size":%d}]}`, transfers, r.oid(), len(r.content)))
	if !r.saw(a) {
		return false
	}
	var batch struct {
		Objects []struct {
			Actions struct {
				Upload *struct {
					Href   string
					Header map[string]string
				}
			}
		}
	}
	if err := json.Unmarshal(a.body, &batch); err != nil || len(batch.Objects) != 1 {
		s.h.t.Fatalf("batch: %v: %s", err, a.body)
	}
	up := batch.Objects[0].Actions.Upload
	switch {
	case up == nil:
		r.uploaded = true
	case !r.parts:
		a := s.do("PUT", up.Href, "", r.content)
		if a.code == 0 { // a refusal that came while bytes were on the way was lost with the connection: clients ask again
			a = s.do("PUT", up.Href, "", r.content)
		}
		r.uploaded = r.saw(a)
	default:
		r.uploaded = r.inParts(s, up.Href, up.Header)
	}
	return r.uploaded
}

func (r *done) inParts(s *server, href string, header map[string]string) bool {
	const size = 5 << 20
	var etags []string
	for i := 0; i*size < len(r.content); i++ {
		part := r.content[i*size : min(len(r.content), (i+1)*size)]
		a := s.do("PUT", header[fmt.Sprintf("%05d", i+1)], "", part)
		if a.code == 0 { // as above
			a = s.do("PUT", header[fmt.Sprintf("%05d", i+1)], "", part)
		}
		if !r.saw(a) {
			return false
		}
		etags = append(etags, fmt.Sprintf(`{"partNumber":%d,"etag":%q}`, i+1, strings.Trim(a.header.Get("Etag"), `"`)))
	}
	return r.saw(s.do(http.MethodPost, href, "application/json", fmt.Appendf(nil, `{"oid":%q,"parts":[%s]}`, r.oid(), strings.Join(etags, ","))))
}
