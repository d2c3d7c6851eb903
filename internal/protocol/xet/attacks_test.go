package xet_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

// TestTokenEndpoints holds who gets a token for what.
func TestTokenEndpoints(t *testing.T) {
	b := start(t, xet.Config{})
	for _, c := range []struct {
		token, path string
		status      int
	}{
		{"", "models/alice/public/xet-read-token/main", 200},
		{"", "models/alice/public/xet-write-token/main", 401},
		{"", "models/alice/secret/xet-read-token/main", 401},
		{"", "models/alice/missing/xet-read-token/main", 401},
		{"mallory.write", "models/alice/public/xet-read-token/main", 200},
		{"mallory.write", "models/alice/public/xet-write-token/main", 403},

		{"mallory.write", "models/alice/secret/xet-read-token/main", 404},
		{"mallory.write", "models/acme/gated/xet-read-token/main", 403},
		{"alice.read", "models/alice/secret/xet-read-token/main", 200},
		{"alice.read", "models/alice/secret/xet-write-token/main", 403},
		{"alice.fg", "models/alice/secret/xet-write-token/main", 200},
		{"alice.fg", "models/alice/public/xet-write-token/main", 403},
		{"alice.write", "models/alice/public/xet-write-token/None?create_pr=1", 200},
		{"alice.write", "models/alice/public/xet-write-token/refs%2Fpr%2F1", 404},
		{"alice.write", "models/alice/public/xet-read-token/nothing", 404},
		{"alice.write", "spaces/alice/demo/xet-write-token/main", 200},
		{"carol.write", "datasets/acme/table/xet-read-token/main", 200},
		{"carol.write", "datasets/acme/table/xet-write-token/main", 403},
		{"erin.write", "datasets/acme/table/xet-read-token/main", 404},
		{"bob.write", "datasets/acme/table/xet-write-token/main", 200},
	} {
		value := ""
		if c.token != "" {
			value = b.TokenValue(c.token)
		}
		if got := b.do("GET", "/api/"+c.path, value, nil); got.StatusCode != c.status {
			t.Errorf("%s of %q: %d, want %d: %s", c.path, c.token, got.StatusCode, c.status, got.body)
		} else if c.status == 200 && got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be cached", c.path)
		}
	}
}

// TestForeignTokens holds that tokens of one kind are nothing to the other, and that forged and expired ones are nothing at all.
func TestForeignTokens(t *testing.T) {
	b := start(t, xet.Config{})
	p := pack(t, noise(1, 100_000))
	w := b.connect("alice.write", "models/alice/public", "write")
	r := b.connect("alice.read", "models/alice/public", "read")
	w.put(p)
	file := "/v2/reconstructions/" + p.file.Hash.String()

	b.do("GET", "/api/whoami-v2", w.token, nil).want(t, 401)
	b.do("GET", "/alice/secret/resolve/main/README.md", w.token, nil).want(t, 401)
	for name, token := range map[string]string{
		"a hub token": b.TokenValue("alice.write"), "none": "", "nonsense": "xyz", "a cut one": w.token[:len(w.token)-3],
		"one with other bytes": strings.Replace(w.token, w.token[10:14], "AAAA", 1),
		"one for a URL": b.Auth.Mint(b.Subject("alice.write"), identity.Ticket{
			Method: "GET", Action: access.RepoContentRead, RepoID: b.repo("alice/public").ID, Size: -1, Expires: time.Now().Add(time.Hour)}),
		"an expired one": b.Auth.Mint(b.Subject("alice.write"), identity.Ticket{
			Method: "XET", Action: access.RepoWrite, RepoID: b.repo("alice/public").ID, Size: -1, Expires: time.Now().Add(-time.Second)}),
	} {
		s := store{b, w.url, token}
		if got := s.call("GET", file, nil); got.StatusCode != 401 {
			t.Errorf("%s: %d", name, got.StatusCode)
		}
		if got := s.putXorb(p); got.StatusCode != 401 {
			t.Errorf("%s, writing: %d", name, got.StatusCode)
		}
	}
	r.putXorb(p).want(t, 403)
	r.call("POST", "/v1/shards", shardOf(t, []shard.File{p.file})).want(t, 403)
	r.call("POST", "/v2/shards", shardOf(t, []shard.File{p.file})).want(t, 403)
	w.call("GET", file, nil).want(t, 200)
	r.call("GET", file, nil).want(t, 200)
	w.call("POST", "/v1/xorb-grants/default/"+p.xorb.String(), []byte(`{}`)).want(t, 404)
	r.call("POST", "/v1/telemetry", []byte(`{}`)).want(t, 200)
	w.call("POST", "/v1/xorbs/other/"+p.xorb.String(), p.bytes).want(t, 400)
	w.call("POST", "/v1/xorbs/default/"+strings.ToUpper(p.xorb.String()), p.bytes).want(t, 400)
	if log := b.Log.String(); strings.Contains(log, w.token) || strings.Contains(log, "ticket=") {
		t.Error("the log holds a token")
	}
}

func (b *bench) repo(name string) hub.Repo {
	b.t.Helper()
	id, err := hub.ParseRepoID(hub.Model, name)
	if err != nil {
		b.t.Fatal(err)
	}
	r, _, err := b.DB.RepoByName(ctx, id)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// TestReadingAnotherRepository holds that a token of a public repository gives nothing of a private one of the same owner.
func TestReadingAnotherRepository(t *testing.T) {
	b := start(t, xet.Config{})
	p := pack(t, noise(1, 100_000))
	b.connect("alice.write", "models/alice/secret", "write").put(p)
	b.commit("alice.write", "models/alice/secret", "a.bin", p).want(t, 200)
	for _, s := range []store{
		b.connect("", "models/alice/public", "read"), b.connect("mallory.write", "models/alice/public", "read"),
		b.connect("alice.write", "models/alice/public", "write"), // the same domain, but not the same repository
		b.connect("bob.write", "models/acme/open", "write"),
	} {
		for _, path := range []string{"/v1/reconstructions/", "/v2/reconstructions/"} {
			missing := s.call("GET", path+xethash.Chunk([]byte("nothing")).String(), nil).want(t, 404)
			if got := s.call("GET", path+p.file.Hash.String(), nil).want(t, 404); !bytes.Equal(got.body, missing.body) {
				t.Errorf("a file of another repository is told from a missing one: %s", got.body)
			}
		}
		s.call("HEAD", "/v1/files/"+p.file.Hash.String(), nil).want(t, 404)
		if got := s.call("GET", "/v1/reconstructions?file_id="+p.file.Hash.String(), nil).want(t, 200); !strings.Contains(string(got.body), `"files":{}`) {
			t.Errorf("batch: %s", got.body)
		}
	}
}

// TestProbing holds what chunk queries tell to whom.
func TestProbing(t *testing.T) {
	b := start(t, xet.Config{})
	p := pack(t, noise(1, 400_000))
	first := p.table[0].Hash.String()
	owner := b.connect("alice.write", "models/alice/secret", "write")
	owner.call("GET", "/v1/chunks/default/"+first, nil).want(t, 404)
	owner.put(p)
	hit := owner.call("GET", "/v1/chunks/default/"+first, nil).want(t, 200)
	owner.call("GET", "/v1/chunks/default-merkledb/"+first, nil).want(t, 200)
	owner.call("HEAD", "/v1/xorbs/default/"+p.xorb.String(), nil).want(t, 200)
	if again := owner.call("GET", "/v1/chunks/default/"+first, nil).want(t, 200); !bytes.Equal(hit.body, again.body) {
		t.Error("the same question has two answers")
	}
	// No raw hash of any chunk is in it, but every one under its key.
	var answerTo shard.Footer
	r := shard.NewReader(bytes.NewReader(hit.body), shard.Limits{})
	x, err := r.Xorb()
	if err != nil {
		t.Fatal(err)
	}
	chunks := append([]shard.Chunk(nil), x.Chunks...)
	if answerTo, _, err = r.Footer(); err != nil || answerTo.Key == ([32]byte{}) || !answerTo.Expires.After(time.Now()) {
		t.Fatalf("footer: %+v %v", answerTo, err)
	}
	masker := xethash.NewMasker(answerTo.Key)
	for i, e := range p.table {
		if bytes.Contains(hit.body, e.Hash[:]) {
			t.Errorf("the raw hash of chunk %d is in the answer", i)
		}
		if chunks[i].Hash != masker.Mask(e.Hash) {
			t.Errorf("chunk %d is not in the answer", i)
		}
	}
	// Nobody else learns anything: not by reading, not by writing elsewhere.
	for name, s := range map[string]store{
		"anonymous": b.connect("", "models/alice/public", "read"), "read token of the owner": b.connect("alice.read", "models/alice/secret", "read"),
		"a stranger's reading": b.connect("mallory.write", "models/alice/public", "read"), "another owner": b.connect("bob.write", "models/acme/open", "write"),
	} {
		if got := s.call("GET", "/v1/chunks/default/"+first, nil); got.StatusCode != 404 {
			t.Errorf("%s: %d", name, got.StatusCode)
		}
		if got := s.call("HEAD", "/v1/xorbs/default/"+p.xorb.String(), nil); got.StatusCode != 404 {
			t.Errorf("%s, xorb: %d", name, got.StatusCode)
		}
	}
	// Within the owner's domain another repository deduplicates, and still cannot read.
	b.connect("alice.write", "models/alice/public", "write").call("GET", "/v1/chunks/default/"+first, nil).want(t, 200)
}

// TestForgedXorbs holds that nothing is stored or linked whose chunks do not make up its name.
func TestForgedXorbs(t *testing.T) {
	b := start(t, xet.Config{})
	p, q := pack(t, noise(1, 300_000)), pack(t, noise(2, 300_000))
	alice := b.connect("alice.write", "models/alice/secret", "write")
	bob := b.connect("bob.write", "models/acme/open", "write")
	alice.put(p)
	bomb := xorb.Header{Scheme: xorb.LZ4, Packed: 20, Unpacked: 100}.Bytes()
	name := "/v1/xorbs/default/" + p.xorb.String()
	for what, body := range map[string][]byte{
		"another xorb": q.bytes, "nothing": {}, "garbage": noise(9, 1000), "half of it": p.bytes[:len(p.bytes)/2], "more than it": append(bytes.Clone(p.bytes), q.bytes...),
		"a frame that decodes to another length": append(bomb[:], noise(3, 20)...),
		"an unknown scheme":                      {0, 1, 0, 0, 9, 1, 0, 0, 7},
		"a chunk of 16 MiB":                      {0, 255, 255, 255, 1, 255, 255, 255},
	} {
		if got := bob.call("POST", name, body); got.StatusCode != 400 {
			t.Errorf("%s under a known name: %d", what, got.StatusCode)
		}
	}
	bob.call("HEAD", name, nil).want(t, 404)
	bob.call("POST", "/v1/shards", shardOf(t, []shard.File{p.file})).want(t, 400)
	bob.call("POST", "/v1/xorbs/default/"+q.xorb.String(), p.bytes).want(t, 400)
	// Nothing of that harmed the true ones.
	bob.put(p)
	bob.put(q)
	alice.put(p)
	if !bytes.Equal(bob.reconstruct("v2", q.file.Hash.String()), q.data) || !bytes.Equal(alice.reconstruct("v2", p.file.Hash.String()), p.data) {
		t.Error("the bytes differ")
	}
	req, err := http.NewRequest("POST", bob.url+name, io.LimitReader(zeros{}, 10))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bob.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 400 {
		t.Errorf("a body of unknown length: %d", res.StatusCode)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestForgedShards holds every check on a shard, and that refusals do not tell what others store.
func TestForgedShards(t *testing.T) {
	b := start(t, xet.Config{MaxFile: 10 << 20})
	p, q := pack(t, noise(1, 600_000)), pack(t, noise(2, 600_000))
	alice := b.connect("alice.write", "models/alice/secret", "write")
	bob := b.connect("bob.write", "models/acme/open", "write")
	alice.put(p)
	bob.putXorb(q).want(t, 200)
	n := uint32(len(q.table))
	with := func(change func(f *shard.File)) shard.File {
		f := q.file
		f.Terms = append([]shard.Term(nil), q.file.Terms...)
		change(&f)
		return f
	}
	repeated := func(times int, t shard.Term) shard.File {
		f := shard.File{Ranged: true}
		for range times {
			f.Terms = append(f.Terms, t)
		}
		f.Hash = xethash.Chunk([]byte("whatever"))
		return f
	}
	one := shard.Term{Xorb: q.xorb, Unpacked: uint32(q.table.Unpacked(0, 1)), Start: 0, End: 1, Range: q.table.RangeHash(0, 1)}
	whole := q.file.Terms[0]
	unknown := with(func(f *shard.File) { f.Terms[0].Xorb = xethash.Chunk([]byte("unknown")) })
	texts := map[string]string{}
	for what, f := range map[string]shard.File{
		"a xorb that nobody has":        unknown,
		"a stranger's xorb, all proven": {Hash: unknown.Hash, Ranged: true, Terms: p.file.Terms},
		"a wrong proof":                 with(func(f *shard.File) { f.Terms[0].Range[5] ^= 1 }),
		"the proof of another range":    with(func(f *shard.File) { f.Terms[0].Range = q.table.RangeHash(0, 1) }),
		"chunks beyond the xorb":        with(func(f *shard.File) { f.Terms[0].End = n + 1 }),
		"a wrong sum":                   with(func(f *shard.File) { f.Terms[0].Unpacked++ }),
		"no proof":                      with(func(f *shard.File) { f.Ranged = false }),
		"another file's name":           with(func(f *shard.File) { f.Hash = p.file.Hash }),
		"another SHA-256":               with(func(f *shard.File) { f.SHA256 = digestOf(p.data) }),
		"a term repeated":               with(func(f *shard.File) { f.Terms = append(f.Terms, f.Terms[0]) }),
		"a file over the limit":         repeated(100, whole),
		"many small terms":              repeated(5000, shard.Term{Xorb: q.xorb, Unpacked: 1, Start: 0, End: 1, Range: one.Range}),
		"many chunks of a byte":         repeated(60, shard.Term{Xorb: q.xorb, Unpacked: 8192, Start: 0, End: 8192, Range: one.Range}),
	} {
		for _, v := range []string{"/v1/shards", "/v2/shards"} {
			got := bob.call("POST", v, shardOf(t, []shard.File{f}))
			if refused := got.StatusCode == 400 || strings.Contains(string(got.body), `"type":"error"`); !refused {
				t.Errorf("%s: %d %s", what, got.StatusCode, got.body)
			}
			texts[what] = string(got.body)
		}
		bob.call("HEAD", "/v1/files/"+f.Hash.String(), nil).want(t, 404)
	}
	for _, what := range []string{"a stranger's xorb, all proven", "a wrong proof", "chunks beyond the xorb"} {
		if texts[what] != texts["a xorb that nobody has"] {
			t.Errorf("%s is told apart: %q", what, texts[what])
		}
	}
	// Sections.
	mine := q.section()
	mine.Chunks[0].Hash[0] ^= 1
	short := q.section()
	short.Chunks = short.Chunks[1:]
	foreign := p.section()
	for what, x := range map[string]*shard.Xorb{"another chunk": mine, "a chunk less": short, "a stranger's xorb": foreign} {
		got := bob.call("POST", "/v1/shards", shardOf(t, []shard.File{q.file}, x))
		if got.StatusCode != 400 {
			t.Errorf("a section with %s: %d", what, got.StatusCode)
		}
	}
	bob.call("HEAD", "/v1/files/"+q.file.Hash.String(), nil).want(t, 404)
	bob.call("POST", "/v1/shards", shardOf(t, []shard.File{q.file}, q.section())).want(t, 200)
	if leaked(b.Log.String(), p, q) {
		t.Error("the log holds the hash of a chunk")
	}
}

// leaked tells whether a text holds the hash of a chunk.
func leaked(text string, files ...packed) bool {
	for _, p := range files {
		for _, e := range p.table {
			if strings.Contains(text, e.Hash.String()) || strings.Contains(text, hex.EncodeToString(e.Hash[:])) {
				return true
			}
		}
	}
	return false
}

// TestDataURLs holds what a URL of a plan is good for.
func TestDataURLs(t *testing.T) {
	b := start(t, xet.Config{})
	p := pack(t, noise(1, 500_000))
	s := b.connect("alice.write", "models/alice/secret", "write")
	s.put(p)
	var plan struct {
		Xorbs map[string][]struct {
			URL    string
			Ranges []struct{ Bytes struct{ Start, End int } }
		}
	}
	s.call("GET", "/v2/reconstructions/"+p.file.Hash.String(), nil, "Range", "bytes=100000-150000").want(t, 200).json(t, &plan)
	entry := plan.Xorbs[p.xorb.String()][0]
	from, to := entry.Ranges[0].Bytes.Start, entry.Ranges[0].Bytes.End
	if from == 0 || to == len(p.bytes)-1 {
		t.Fatalf("the plan is for the whole xorb: %d-%d", from, to)
	}
	span := func(a, b int) []string { return []string{"Range", "bytes=" + itoa(a) + "-" + itoa(b)} }
	if got := b.do("GET", entry.URL, "", nil, span(from, to)...).want(t, 206); !bytes.Equal(got.body, p.bytes[from:to+1]) {
		t.Error("the bytes differ")
	}
	b.do("GET", entry.URL, "", nil, span(from+5, from+9)...).want(t, 206)
	for _, r := range [][]string{nil, span(0, to), span(from, to+1), span(from-1, to), span(0, 0), {"Range", "bytes=" + itoa(from) + "-"},
		{"Range", "bytes=-5"}, {"Range", "bytes=" + itoa(from) + "-" + itoa(from) + "," + itoa(to) + "-" + itoa(to)}} {
		if got := b.do("GET", entry.URL, "", nil, r...); got.StatusCode != 403 && got.StatusCode != 400 {
			t.Errorf("%v: %d", r, got.StatusCode)
		}
	}
	other := strings.Replace(entry.URL, p.xorb.String(), p.file.Hash.String(), 1)
	b.do("GET", other, "", nil, span(from, to)...).want(t, 403)
	b.do("GET", entry.URL[:len(entry.URL)-4]+"AAAA", "", nil, span(from, to)...).want(t, 403)
	b.do("GET", strings.Split(entry.URL, "?")[0], s.token, nil, span(from, to)...).want(t, 403)
	b.do("GET", strings.Split(entry.URL, "?")[0]+"?ticket="+s.token, "", nil, span(from, to)...).want(t, 403)
	// Revocation reaches URLs that are out.
	b.revoke("alice.write")
	b.do("GET", entry.URL, "", nil, span(from, to)...).want(t, 401)
	s.call("GET", "/v2/reconstructions/"+p.file.Hash.String(), nil).want(t, 401)
	s.putXorb(p).want(t, 401)
}

func (b *bench) revoke(token string) {
	b.t.Helper()
	id := b.Subject(token).TokenID()
	if err := b.DB.RevokeToken(ctx, id, "deleted", time.Now(), hub.Event{}); err != nil {
		b.t.Fatal(err)
	}
}

// TestRevocationStopsRunningUploads sends half a xorb, takes the credential away, and sees the rest refused.
func TestRevocationStopsRunningUploads(t *testing.T) {
	b := start(t, xet.Config{RecheckAfter: time.Nanosecond})
	p := pack(t, noise(1, 8<<20))
	s := b.connect("alice.write", "models/alice/secret", "write")
	r, w := io.Pipe()
	req, err := http.NewRequestWithContext(context.Background(), "POST", s.url+"/v1/xorbs/default/"+p.xorb.String(), r)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(len(p.bytes))
	req.Header.Set("Authorization", "Bearer "+s.token)
	done := make(chan int, 1)
	go func() {
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			done <- 0 // cut off while it was sending
			return
		}
		res.Body.Close()
		done <- res.StatusCode
	}()
	if _, err := w.Write(p.bytes[:4<<20]); err != nil {
		t.Fatal(err)
	}
	b.revoke("alice.write")
	go func() { w.Write(p.bytes[4<<20:]); w.Close() }()
	if status := <-done; status != 401 && status != 0 {
		t.Errorf("the upload went on: %d", status)
	}
	domain := b.repo("alice/secret").NamespaceID
	if _, err := b.DB.XetXorbOf(ctx, domain, p.xorb); !hub.Is(err, hub.NotFound) {
		t.Errorf("it was stored all the same: %v", err)
	}
}

// TestFalseClaims registers content under the SHA-256 of other content.
func TestFalseClaims(t *testing.T) {
	b := start(t, xet.Config{VerifyNow: 1}) // so that even small files are claimed first
	secret := []byte(strings.Repeat("the other's secret ", 5000))
	put := b.do("POST", "/acme/closed.git/info/lfs/objects/batch", b.TokenValue("bob.write"),
		[]byte(`{"operation":"upload","transfers":["basic"],"objects":[{"oid":"`+string(digestOf(secret))+`","size":`+itoa(len(secret))+`}]}`)).want(t, 200)
	var batch struct {
		Objects []struct {
			Actions struct{ Upload struct{ Href string } }
		}
	}
	put.json(t, &batch)
	b.do("PUT", batch.Objects[0].Actions.Upload.Href, "", secret).want(t, 200)

	p := pack(t, noise(1, len(secret)))
	p.file.SHA256 = digestOf(secret)
	s := b.connect("mallory.write", "models/mallory/m", "write")
	s.put(p)
	lie := p
	lie.data = secret
	b.commit("mallory.write", "models/mallory/m", "a.bin", lie).want(t, 200)
	get := func() answer {
		return b.do("GET", "/mallory/m/resolve/main/a.bin", b.TokenValue("mallory.write"), nil)
	}
	if got := get().want(t, 200); !bytes.Equal(got.body, p.data) {
		t.Error("the claim opened something else than what was uploaded")
	}
	q := `{"operation":"download","objects":[{"oid":"` + string(digestOf(secret)) + `","size":` + itoa(len(secret)) + `}]}`
	var down struct {
		Objects []struct {
			Actions struct{ Download struct{ Href string } }
		}
	}
	b.do("POST", "/mallory/m.git/info/lfs/objects/batch", b.TokenValue("mallory.write"), []byte(q)).want(t, 200).json(t, &down)
	if got := b.do("GET", down.Objects[0].Actions.Download.Href, "", nil); bytes.Equal(got.body, secret) {
		t.Fatal("a claim opened another's file")
	}
	// Others are not touched by it: the digest is not "already there" for them.
	if got := b.do("POST", "/erin/e.git/info/lfs/objects/batch", b.TokenValue("erin.write"),
		[]byte(strings.Replace(q, `"download"`, `"upload","transfers":["basic"]`, 1))).want(t, 200); !strings.Contains(string(got.body), `"upload"`) {
		t.Errorf("a stranger's claim counts: %s", got.body)
	}
	if err := b.xet.Worker().Verify(ctx); err != nil {
		t.Fatal(err)
	}
	get().want(t, 404)
	s.call("GET", "/v2/reconstructions/"+p.file.Hash.String(), nil).want(t, 404)
	b.commit("mallory.write", "models/mallory/m", "again.bin", lie).want(t, 400)
	s.call("POST", "/v1/shards", shardOf(t, []shard.File{p.file})).want(t, 400)
	// The true claim is as good as ever.
	honest := pack(t, p.data)
	s.put(honest)
	b.commit("mallory.write", "models/mallory/m", "b.bin", honest).want(t, 200)
	if got := b.do("GET", "/mallory/m/resolve/main/b.bin", b.TokenValue("mallory.write"), nil).want(t, 200); !bytes.Equal(got.body, p.data) {
		t.Error("the bytes differ")
	}
}

// TestCommitNeedsOwnUpload holds that a commit takes up only what was registered in its own repository.
func TestCommitNeedsOwnUpload(t *testing.T) {
	b := start(t, xet.Config{})
	p := pack(t, noise(1, 100_000))
	b.connect("alice.write", "models/alice/secret", "write").put(p)
	b.commit("alice.write", "models/alice/public", "a.bin", p).want(t, 400)
	lie := p
	lie.data = append(bytes.Clone(p.data), 1)
	b.commit("alice.write", "models/alice/secret", "a.bin", lie).want(t, 400)
	b.commit("alice.write", "models/alice/secret", "a.bin", p).want(t, 200)
	// Gated: names and sizes may be seen, hashes not.
	g := pack(t, noise(2, 100_000))
	b.connect("alice.write", "models/acme/gated", "write").put(g)
	b.commit("alice.write", "models/acme/gated", "a.bin", g).want(t, 200)
	if got := string(b.do("GET", "/api/models/acme/gated/tree/main", b.TokenValue("mallory.read"), nil).want(t, 200).body); strings.Contains(got, g.file.Hash.String()) || !strings.Contains(got, "a.bin") {
		t.Errorf("a gated listing: %s", got)
	}
}
