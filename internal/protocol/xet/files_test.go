package xet_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

// TestEveryWayOut uploads a file by Xet and takes it out by every way.
func TestEveryWayOut(t *testing.T) {
	b := start(t, xet.Config{})
	s := b.connect("alice.write", "models/alice/secret", "write")
	p := pack(t, append(noise(1, 900_000), bytes.Repeat([]byte("compressible "), 30_000)...))
	s.put(p)
	b.commit("alice.write", "models/alice/secret", "big.bin", p).want(t, 200)
	value := b.TokenValue("alice.read")

	head := b.do("HEAD", "/alice/secret/resolve/main/big.bin", value, nil).want(t, 200)
	commit := head.Header.Get("X-Repo-Commit")
	for k, v := range map[string]string{
		"X-Xet-Hash": p.file.Hash.String(), "X-Linked-Size": itoa(len(p.data)), "X-Linked-Etag": `"` + string(digestOf(p.data)) + `"`,
		"X-Xet-Refresh-Route": b.URL + "/api/models/alice/secret/xet-read-token/" + commit,
	} {
		if got := head.Header.Get(k); got != v {
			t.Errorf("%s is %q, want %q", k, got, v)
		}
	}
	if l := head.Header.Get("Link"); !strings.Contains(l, "<"+b.URL+"/api/models/alice/secret/xet-read-token/"+commit+`>; rel="xet-auth"`) ||
		!strings.Contains(l, "/v1/reconstructions/"+p.file.Hash.String()+`>; rel="xet-reconstruction-info"`) {
		t.Errorf("Link is %s", l)
	}
	info := b.do("GET", "/alice/secret/resolve/main/big.bin", value, nil, "Accept", "application/vnd.xet-fileinfo+json, */*", "Range", "bytes=0-0").want(t, 200)
	if info.Header.Get("Content-Type") != "application/vnd.xet-fileinfo+json" || !strings.Contains(string(info.body), p.file.Hash.String()) {
		t.Errorf("file information: %v %s", info.Header, info.body)
	}
	if info.Header.Get("X-Linked-Size") != itoa(len(p.data)) {
		t.Error("file information without a size")
	}

	t.Run("plain", func(t *testing.T) {
		if got := b.do("GET", "/alice/secret/resolve/main/big.bin", value, nil).want(t, 200); !bytes.Equal(got.body, p.data) {
			t.Error("the bytes differ")
		}
		for _, r := range [][2]int{{0, 0}, {1, 5}, {100_000, 400_000}, {899_990, 900_010}, {len(p.data) - 3, len(p.data) - 1}} {
			got := b.do("GET", "/alice/secret/resolve/main/big.bin", value, nil, "Range", "bytes="+itoa(r[0])+"-"+itoa(r[1])).want(t, 206)
			if !bytes.Equal(got.body, p.data[r[0]:r[1]+1]) {
				t.Errorf("the bytes of %v differ", r)
			}
		}
	})
	t.Run("LFS", func(t *testing.T) {
		q := `{"operation":"download","objects":[{"oid":"` + string(digestOf(p.data)) + `","size":` + itoa(len(p.data)) + `}]}`
		var a struct {
			Objects []struct {
				Actions struct{ Download struct{ Href string } }
			}
		}
		b.do("POST", "/alice/secret.git/info/lfs/objects/batch", value, []byte(q)).want(t, 200).json(t, &a)
		if got := b.do("GET", a.Objects[0].Actions.Download.Href, "", nil).want(t, 200); !bytes.Equal(got.body, p.data) {
			t.Error("the bytes differ")
		}
	})
	t.Run("Xet", func(t *testing.T) {
		r := b.connect("alice.read", "models/alice/secret", "read")
		for _, version := range []string{"v1", "v2"} {
			if !bytes.Equal(r.reconstruct(version, p.file.Hash.String()), p.data) {
				t.Errorf("%s: the bytes differ", version)
			}
			for _, span := range [][2]int{{0, 0}, {70_000, 70_001}, {1, 300_000}, {899_990, 900_010}} {
				got := r.reconstruct(version, p.file.Hash.String(), "Range", "bytes="+itoa(span[0])+"-"+itoa(span[1]))
				if n := span[1] + 1 - span[0]; len(got) < n || !bytes.Equal(got[:n], p.data[span[0]:span[1]+1]) {
					t.Errorf("%s %v: the bytes differ", version, span)
				}
			}
			if got := r.reconstruct(version, p.file.Hash.String(), "Range", "bytes=900000-9999999"); !bytes.Equal(got, p.data[900_000:]) {
				t.Errorf("%s: a range beyond the end differs", version)
			}
			r.call("GET", "/"+version+"/reconstructions/"+p.file.Hash.String(), nil, "Range", "bytes="+itoa(len(p.data))+"-").want(t, 416)
			r.call("GET", "/"+version+"/reconstructions/"+p.file.Hash.String(), nil, "Range", "bytes=5-1").want(t, 400)
			r.call("GET", "/"+version+"/reconstructions/"+xethash.Chunk(nil).String(), nil).want(t, 404)
			r.call("GET", "/"+version+"/reconstructions/zz", nil).want(t, 400)
			if len(r.reconstruct(version, (xethash.Hash{}).String())) != 0 {
				t.Error("the empty file is not empty")
			}
		}
		if n := r.call("HEAD", "/v1/files/"+p.file.Hash.String(), nil).want(t, 200).ContentLength; n != int64(len(p.data)) {
			t.Errorf("the file has %d bytes", n)
		}
		batch := string(r.call("GET", "/v1/reconstructions?file_id="+p.file.Hash.String()+"&file_id="+p.xorb.String(), nil).want(t, 200).body)
		if !strings.Contains(batch, `"`+p.file.Hash.String()+`":[`) || strings.Contains(batch, `"`+p.xorb.String()+`":[{"hash"`) {
			t.Errorf("batch: %s", batch)
		}
	})
	t.Run("listings", func(t *testing.T) {
		for _, url := range []string{"/api/models/alice/secret/tree/main", "/api/models/alice/secret?blobs=true"} {
			if got := string(b.do("GET", url, value, nil).want(t, 200).body); !strings.Contains(got, `"xetHash":"`+p.file.Hash.String()+`"`) {
				t.Errorf("%s has no xetHash: %s", url, got)
			}
		}
	})
}

// TestRepeatedUploads holds that everything may be sent again.
func TestRepeatedUploads(t *testing.T) {
	b := start(t, xet.Config{})
	s := b.connect("alice.write", "models/alice/public", "write")
	p := pack(t, noise(2, 300_000))
	for i, want := range []string{`{"was_inserted":true}`, `{"was_inserted":false}`} {
		if got := strings.TrimSpace(string(s.putXorb(p).want(t, 200).body)); got != want {
			t.Errorf("attempt %d: %s", i, got)
		}
		s.call("POST", "/v1/shards", shardOf(t, []shard.File{p.file, p.file}, p.section())).want(t, 200)
	}
	// A session that was told of the chunks sends no xorb and no section.
	s.call("POST", "/v1/shards", shardOf(t, []shard.File{p.file})).want(t, 200)
	// For another owner it is the first.
	o := b.connect("bob.write", "models/acme/open", "write")
	if got := strings.TrimSpace(string(o.putXorb(p).want(t, 200).body)); got != `{"was_inserted":true}` {
		t.Errorf("the other owner: %s", got)
	}
	o.put(p)
	b.commit("bob.write", "models/acme/open", "a.bin", p).want(t, 200)
	if got := b.do("GET", "/acme/open/resolve/main/a.bin", "", nil).want(t, 200); !bytes.Equal(got.body, p.data) {
		t.Error("the bytes differ")
	}
}

// TestShardStream holds the lines of the newer shard call.
func TestShardStream(t *testing.T) {
	b := start(t, xet.Config{})
	s := b.connect("alice.write", "models/alice/public", "write")
	p := pack(t, noise(3, 200_000))
	s.putXorb(p).want(t, 200)
	a := s.call("POST", "/v2/shards", shardOf(t, []shard.File{p.file}, p.section())).want(t, 200)
	if a.Header.Get("Content-Type") != "application/x-ndjson" || a.Header.Get("X-Accel-Buffering") != "no" {
		t.Errorf("headers: %v", a.Header)
	}
	lines := strings.Split(strings.TrimSpace(string(a.body)), "\n")
	want := []string{`{"type":"validating","verified":1,"total":1}`, `{"type":"committing","stage":"syncing"}`, `{"type":"result"}`}
	if len(lines) != len(want) {
		t.Fatalf("got %q", lines)
	}
	for i := range want {
		if lines[i] != want[i] {
			t.Errorf("line %d is %s", i, lines[i])
		}
	}
	wrong := p.file
	wrong.SHA256 = digestOf([]byte("something else"))
	a = s.call("POST", "/v2/shards", shardOf(t, []shard.File{wrong})).want(t, 200)
	var last struct {
		Type, Message string
		Retryable     bool
	}
	if err := json.Unmarshal(a.body[bytes.LastIndexByte(bytes.TrimSpace(a.body), '\n')+1:], &last); err != nil || last.Type != "error" || last.Retryable || !strings.Contains(last.Message, "SHA-256") {
		t.Errorf("a wrong SHA-256: %s %v", a.body, err)
	}
	s.call("POST", "/v2/shards", []byte("nonsense")).want(t, 400)
}

// TestClientVectors takes in what real clients sent: every scheme, shards with and without a footer.
func TestClientVectors(t *testing.T) {
	b := start(t, xet.Config{})
	s := b.connect("alice.write", "models/alice/public", "write")
	read := func(name string) []byte {
		text, err := os.ReadFile("../../format/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, c := range []struct{ xorb, shard string }{
		{"xorb/testdata/floats.xorb", "shard/testdata/js-client/floats.shard"},
		{"xorb/testdata/mixed.xorb", "shard/testdata/js-client/mixed.shard"},
		{"xorb/testdata/text.xorb", "shard/testdata/js-client/text.shard"},
		{"xorb/testdata/hf_xet-1.8.0.xorb", "shard/testdata/rust-client/hf_xet-1.8.0-upload.shard"},
	} {
		text := read(c.shard)
		r := shard.NewReader(bytes.NewReader(text), shard.Limits{})
		var files []xethash.Hash
		for {
			f, err := r.File()
			if err != nil {
				break
			}
			files = append(files, f.Hash)
		}
		x, err := r.Xorb()
		if err != nil {
			t.Fatal(err)
		}
		s.call("POST", "/v1/xorbs/default/"+x.Hash.String(), read(c.xorb)).want(t, 200)
		s.call("POST", "/v1/shards", text).want(t, 200)
		for _, f := range files {
			s.call("HEAD", "/v1/files/"+f.String(), nil).want(t, 200)
		}
	}
}

// TestDuplicate copies a file between repositories of one owner and of two.
func TestDuplicate(t *testing.T) {
	b := start(t, xet.Config{})
	p := pack(t, noise(4, 150_000))
	b.connect("bob.write", "models/acme/closed", "write").put(p)
	b.commit("bob.write", "models/acme/closed", "a.bin", p).want(t, 200)
	ask := func(token, from, typ, to string) answer {
		q := `{"target":{"type":"` + typ + `","name":"` + to + `"},"files":[{"xetHash":"` + p.file.Hash.String() + `","sha256":"` + string(digestOf(p.data)) + `","filename":"a.bin"}]}`
		return b.do("POST", "/api/"+from+"/lfs-files/duplicate", b.TokenValue(token), []byte(q))
	}
	if got := string(ask("bob.write", "models/acme/closed", "dataset", "acme/table").want(t, 200).body); strings.TrimSpace(got) != `{"failed":[]}` {
		t.Errorf("got %s", got)
	}
	b.commit("bob.write", "datasets/acme/table", "copy.bin", p).want(t, 200)
	if got := b.do("GET", "/datasets/acme/table/resolve/main/copy.bin", b.TokenValue("bob.read"), nil).want(t, 200); !bytes.Equal(got.body, p.data) {
		t.Error("the bytes differ")
	}
	// What the source does not have is listed as failed, whoever would get it.
	for _, c := range [][3]string{{"models/acme/open", "model", "acme/gated"}, {"models/acme/open", "model", "alice/public"}} {
		if got := string(ask("alice.write", c[0], c[1], c[2]).want(t, 200).body); !strings.Contains(got, string(digestOf(p.data))) {
			t.Errorf("%v: %s", c, got)
		}
	}
	// Another owner gets the bytes, and as often as he asks.
	b.commit("alice.write", "models/alice/public", "copy.bin", p).want(t, 400)
	for range 2 {
		if got := string(ask("alice.write", "models/acme/closed", "model", "alice/public").want(t, 200).body); strings.TrimSpace(got) != `{"failed":[]}` {
			t.Errorf("got %s", got)
		}
	}
	b.commit("alice.write", "models/alice/public", "copy.bin", p).want(t, 200)
	if got := b.do("GET", "/alice/public/resolve/main/copy.bin", "", nil).want(t, 200); !bytes.Equal(got.body, p.data) {
		t.Error("the bytes differ")
	}
	ask("mallory.write", "models/acme/closed", "model", "acme/open").want(t, 404)
	ask("carol.write", "models/acme/closed", "dataset", "acme/table").want(t, 403)
}

// putLFS uploads a file by Git LFS.
func (b *bench) putLFS(token, repo string, data []byte) {
	b.t.Helper()
	var batch struct {
		Objects []struct {
			Actions struct{ Upload struct{ Href string } }
		}
	}
	b.do("POST", "/"+repo+".git/info/lfs/objects/batch", b.TokenValue(token), []byte(`{"operation":"upload","transfers":["basic"],"objects":[{"oid":"`+
		string(digestOf(data))+`","size":`+itoa(len(data))+`}]}`)).want(b.t, 200).json(b.t, &batch)
	if url := batch.Objects[0].Actions.Upload.Href; url != "" { // without one it was linked, as the caller may read it elsewhere
		b.do("PUT", url, "", data).want(b.t, 200)
	}
}

// TestWholeFilesBecomeChunks lets files come by LFS and go by Xet.
func TestWholeFilesBecomeChunks(t *testing.T) {
	b := start(t, xet.Config{ChunkAfter: -time.Hour, ChunkLeast: 1000})
	data := noise(1, 3<<20)
	b.putLFS("bob.write", "acme/closed", data)
	p := packed{data: data}
	b.commit("bob.write", "models/acme/closed", "a.bin", p).want(t, 200)
	changed := bytes.Clone(data)
	copy(changed[1<<20:], noise(2, 100_000))
	b.putLFS("bob.write", "acme/closed", changed)
	b.commit("bob.write", "models/acme/closed", "b.bin", packed{data: changed}).want(t, 200)
	b.putLFS("alice.write", "alice/public", data) // another owner has it too
	b.putLFS("bob.write", "acme/closed", noise(3, 900))
	head := b.do("HEAD", "/acme/closed/resolve/main/a.bin", b.TokenValue("bob.read"), nil).want(t, 200)
	if head.Header.Get("X-Xet-Hash") != "" {
		t.Error("a file in one piece is offered by Xet")
	}
	before := b.repo("acme/closed").LFSBytes
	if n, err := b.xet.Packer().Round(ctx); err != nil || n != 3 {
		t.Fatalf("%d files were chunked: %v", n, err)
	}
	if after := b.repo("acme/closed").LFSBytes; after != before {
		t.Errorf("the repository held %d bytes and holds %d", before, after)
	}
	r := b.connect("bob.read", "models/acme/closed", "read")
	for name, want := range map[string][]byte{"a.bin": data, "b.bin": changed} {
		head := b.do("HEAD", "/acme/closed/resolve/main/"+name, b.TokenValue("bob.read"), nil).want(t, 200)
		hash := head.Header.Get("X-Xet-Hash")
		if expect := pack(t, want).file.Hash.String(); hash != expect {
			t.Fatalf("%s: the hash is %q, a client makes it %s", name, hash, expect)
		}
		if !bytes.Equal(r.reconstruct("v2", hash), want) || !bytes.Equal(b.do("GET", "/acme/closed/resolve/main/"+name, b.TokenValue("bob.read"), nil).want(t, 200).body, want) {
			t.Errorf("%s: the bytes differ", name)
		}
	}
	// The second file shares the chunks of the first: what is stored is little more than one of them.
	usage, _, err := b.DB.StorageUsage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range usage {
		if u.Owner == "acme" && (u.Unpacked > int64(len(data))+500_000 || u.Whole != 900) {
			t.Errorf("acme takes %+v", u)
		}
	}
	if n, err := b.xet.Packer().Round(ctx); err != nil || n != 0 {
		t.Errorf("%d files were chunked again: %v", n, err)
	}
	// A client's upload deduplicates against them.
	w := b.connect("bob.write", "models/acme/open", "write")
	w.call("GET", "/v1/chunks/default/"+pack(t, data).table[0].Hash.String(), nil).want(t, 200)
}

// TestDuplicateRepository takes large files along, chunked ones and those in one piece, to the same owner and to another.
func TestDuplicateRepository(t *testing.T) {
	b := start(t, xet.Config{ChunkAfter: -1})
	p, whole := pack(t, noise(8, 150_000)), noise(9, 70_000)
	b.connect("bob.write", "models/acme/closed", "write").put(p)
	b.commit("bob.write", "models/acme/closed", "a.bin", p).want(t, 200)
	b.putLFS("bob.write", "acme/closed", whole)
	b.commit("bob.write", "models/acme/closed", "b.bin", packed{data: whole}).want(t, 200)
	for _, to := range []string{"acme/again", "bob/again"} {
		b.do("POST", "/api/models/acme/closed/duplicate", b.TokenValue("bob.write"), []byte(`{"repository":"`+to+`"}`)).want(t, 200)
		b.do("GET", "/"+to+"/resolve/main/a.bin", b.TokenValue("mallory.write"), nil).want(t, 404)
		for name, data := range map[string][]byte{"a.bin": p.data, "b.bin": whole} {
			got := b.do("GET", "/"+to+"/resolve/main/"+name, b.TokenValue("bob.read"), nil).want(t, 200)
			if !bytes.Equal(got.body, data) {
				t.Errorf("%s: the bytes of %s differ", to, name)
			}
		}
	}
}
