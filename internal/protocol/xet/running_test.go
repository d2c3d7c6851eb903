package xet_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

// TestRevocationStopsRunningDownloads takes the credential away while a client reads, and sees the rest not come.
func TestRevocationStopsRunningDownloads(t *testing.T) {
	b := start(t, xet.Config{RecheckAfter: time.Nanosecond})
	p := pack(t, noise(1, 63<<20))
	s := b.connect("alice.write", "models/alice/secret", "write")
	s.put(p)
	var plan struct {
		Xorbs map[string][]struct {
			URL    string
			Ranges []struct{ Bytes struct{ Start, End int } }
		}
	}
	s.call("GET", "/v2/reconstructions/"+p.file.Hash.String(), nil).want(t, 200).json(t, &plan)
	e := plan.Xorbs[p.xorb.String()][0]
	req, err := http.NewRequest("GET", e.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Range", "bytes=0-"+itoa(e.Ranges[0].Bytes.End))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 206 {
		t.Fatalf("status %d", res.StatusCode)
	}
	if _, err := io.CopyN(io.Discard, res.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	b.revoke("alice.write")
	n, err := io.Copy(io.Discard, res.Body)
	if err == nil || n > int64(len(p.bytes))*3/4 {
		t.Errorf("%d more bytes came, %v", n, err)
	}
}

// TestMovedRepository gives a repository with chunks another owner: its files stay, and its uploads go to the new owner's domain.
func TestMovedRepository(t *testing.T) {
	b := start(t, xet.Config{Window: -time.Hour, XorbGrace: -time.Hour})
	id := hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "traveller"}
	repo := b.Repo("alice.write", id, repos.NewRepo{Visibility: hub.Private})
	p, q := pack(t, noise(1, 300_000)), pack(t, noise(2, 300_000))
	before := b.connect("alice.write", "models/alice/traveller", "write")
	before.put(p)
	b.commit("alice.write", "models/alice/traveller", "a.bin", p).want(t, 200)
	acme := b.repo("acme/open").NamespaceID
	if err := b.DB.MoveRepo(ctx, repo.ID, hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "traveller"}, acme, hub.Event{}); err != nil {
		t.Fatal(err)
	}
	after := b.connect("bob.write", "models/acme/traveller", "write")
	if after.url == before.url {
		t.Error("clients go on remembering the other owner's chunks")
	}
	read := func() {
		t.Helper()
		if !bytes.Equal(after.reconstruct("v2", p.file.Hash.String()), p.data) ||
			!bytes.Equal(b.do("GET", "/acme/traveller/resolve/main/a.bin", b.TokenValue("bob.read"), nil).want(t, 200).body, p.data) {
			t.Error("the bytes differ")
		}
	}
	read()
	after.call("GET", "/v1/chunks/default/"+p.table[0].Hash.String(), nil).want(t, 404)
	after.call("POST", "/v1/shards", shardOf(t, []shard.File{p.file})).want(t, 400)
	after.put(p)
	after.put(q)
	b.commit("bob.write", "models/acme/traveller", "b.bin", q).want(t, 200)
	for range 3 {
		if _, err := b.xet.Worker().Sweep(ctx); err != nil {
			t.Fatal(err)
		}
	}
	read()
	if !bytes.Equal(after.reconstruct("v1", q.file.Hash.String()), q.data) {
		t.Error("the bytes differ")
	}
}

// TestSharedXorbs makes files of parts of several xorbs, as deduplicated uploads do.
func TestSharedXorbs(t *testing.T) {
	b := start(t, xet.Config{})
	s := b.connect("alice.write", "models/alice/secret", "write")
	x, y := pack(t, noise(1, 2_000_000)), pack(t, noise(2, 2_000_000))
	s.putXorb(x).want(t, 200)
	s.putXorb(y).want(t, 200)
	var want []byte
	var tree xethash.Tree
	f := shard.File{Ranged: true}
	for _, r := range []struct {
		p    packed
		a, z int
	}{{x, 3, 9}, {y, 0, 1}, {x, 8, 12}, {x, 12, 13}, {y, 5, len(y.table)}, {x, 0, 2}, {y, 0, 1}} {
		n := r.p.table.Unpacked(r.a, r.z)
		f.Terms = append(f.Terms, shard.Term{Xorb: r.p.xorb, Start: uint32(r.a), End: uint32(r.z), Unpacked: uint32(n), Range: r.p.table.RangeHash(r.a, r.z)})
		want = append(want, r.p.data[r.p.table.Offset(r.a):r.p.table.Offset(r.a)+n]...)
		for _, l := range r.p.table.Leaves(r.a, r.z) {
			tree.Add(l)
		}
	}
	f.Hash, f.SHA256 = tree.File(), digestOf(want)
	s.call("POST", "/v1/shards", shardOf(t, []shard.File{f})).want(t, 200)
	b.commit("alice.write", "models/alice/secret", "mixed.bin", packed{data: want}).want(t, 200)
	for _, version := range []string{"v1", "v2"} {
		if !bytes.Equal(s.reconstruct(version, f.Hash.String()), want) {
			t.Errorf("%s: the bytes differ", version)
		}
		for at := 0; at < len(want); at += 177_777 {
			end := min(at+99_999, len(want)-1)
			got := s.reconstruct(version, f.Hash.String(), "Range", "bytes="+itoa(at)+"-"+itoa(end))
			if len(got) < end+1-at || !bytes.Equal(got[:end+1-at], want[at:end+1]) {
				t.Errorf("%s %d-%d: the bytes differ", version, at, end)
			}
			plain := b.do("GET", "/alice/secret/resolve/main/mixed.bin", b.TokenValue("alice.read"), nil, "Range", "bytes="+itoa(at)+"-"+itoa(end)).want(t, 206)
			if !bytes.Equal(plain.body, want[at:end+1]) {
				t.Errorf("plain %d-%d: the bytes differ", at, end)
			}
		}
	}
}

// TestLargeShards sends a shard of several mebibytes, and one over the limit.
func TestLargeShards(t *testing.T) {
	b := start(t, xet.Config{})
	s := b.connect("alice.write", "models/alice/secret", "write")
	p := pack(t, noise(1, 200_000))
	s.putXorb(p).want(t, 200)
	var files []shard.File
	n := len(p.table)
	for i := range 20_000 { // files of one chunk and of two, the same ones again and again under their own names
		a := i % n
		z := min(a+1+i/n%2, n)
		files = append(files, shard.File{Hash: xethash.File(p.table.Leaves(a, z)), Ranged: true, Terms: []shard.Term{
			{Xorb: p.xorb, Start: uint32(a), End: uint32(z), Unpacked: uint32(p.table.Unpacked(a, z)), Range: p.table.RangeHash(a, z)}}})
	}
	text := shardOf(t, files)
	if len(text) < 2<<20 {
		t.Fatalf("the shard has %d bytes", len(text))
	}
	s.call("POST", "/v2/shards", text).want(t, 200)
	s.call("HEAD", "/v1/files/"+files[len(files)-1].Hash.String(), nil).want(t, 200)
	s.call("POST", "/v1/shards", append(text, make([]byte, 81<<20-len(text))...)).want(t, 400)
}
