package xet_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

// TestDeadChunksGo lets most of a xorb die: what is left of it moves to a smaller one, while every file stays what it was for
// everybody, under the same hash.
func TestDeadChunksGo(t *testing.T) {
	b := start(t, xet.Config{Window: -time.Hour, XorbGrace: -time.Hour})
	s := b.connect("alice.write", "models/alice/secret", "write")
	p, q := pack(t, noise(1, 2_000_000)), pack(t, noise(2, 300_000))
	s.put(p) // no commit takes the whole up
	s.put(q)
	mixed := shard.File{Ranged: true, Terms: append(append([]shard.Term{}, p.part(9, 11).Terms...), q.file.Terms...)}
	mixed.Terms = append(mixed.Terms, p.part(3, 4).Terms...)
	want := inOrder(&mixed, []span{{p, 9, 11}, {q, 0, len(q.table)}, {p, 3, 4}})
	part := p.part(2, 5)
	partData := p.data[p.table.Offset(2) : p.table.Offset(2)+p.table.Unpacked(2, 5)]
	s.call("POST", "/v1/shards", shardOf(t, []shard.File{mixed, part})).want(t, 200)
	files := map[string]struct {
		hash xethash.Hash
		data []byte
	}{"mixed.bin": {mixed.Hash, want}, "part.bin": {part.Hash, partData}}
	for path, f := range files {
		b.commit("alice.write", "models/alice/secret", path, packed{data: f.data}).want(t, 200)
	}
	check := func(when string) {
		t.Helper()
		for path, f := range files {
			plain := b.do("GET", "/alice/secret/resolve/main/"+path, b.TokenValue("alice.read"), nil).want(t, 200)
			if !bytes.Equal(plain.body, f.data) || plain.Header.Get("X-Xet-Hash") != f.hash.String() {
				t.Errorf("%s: %s is not what it was", when, path)
			}
			for _, v := range []string{"v1", "v2"} {
				if !bytes.Equal(s.reconstruct(v, f.hash.String()), f.data) {
					t.Errorf("%s: %s differs by Xet", when, path)
				}
				from, to := len(f.data)/3, len(f.data)/3+70_000
				if got := s.reconstruct(v, f.hash.String(), "Range", "bytes="+itoa(from)+"-"+itoa(to-1)); !bytes.Equal(got[:to-from], f.data[from:to]) {
					t.Errorf("%s: a range of %s differs by Xet", when, path)
				}
			}
		}
	}
	check("before")
	w := b.xet.Worker()
	compact := func() xet.Compacted {
		t.Helper()
		n, more, err := w.Compact(ctx)
		if err != nil || more {
			t.Fatalf("%v %v", more, err)
		}
		return n
	}
	if n := compact(); n.Rewritten != 0 || n.Looked != 2 {
		t.Errorf("while a file has all chunks: %+v", n)
	}
	if _, err := w.Sweep(ctx); err != nil { // lets go of the whole
		t.Fatal(err)
	}
	old := b.connect("alice.write", "models/alice/secret", "write")
	n := compact()
	dead := int64(0)
	for i := range p.table {
		if from, to := p.table.Packed(i, i+1); i < 2 || i > 4 && i < 9 || i > 10 {
			dead += to - from
		}
	}
	if n.Rewritten != 1 || n.Freed != dead {
		t.Errorf("%+v, want one and %d bytes", n, dead)
	}
	check("rewritten")
	if _, err := w.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	check("swept")
	if n := compact(); n.Rewritten != 0 {
		t.Errorf("again: %+v", n)
	}
	// Nobody goes on with the old one.
	now := b.connect("alice.write", "models/alice/secret", "write")
	if now.url == old.url {
		t.Error("clients go on remembering the old xorb")
	}
	now.call("HEAD", "/v1/xorbs/default/"+p.xorb.String(), nil).want(t, 404)
	now.call("POST", "/v1/shards", shardOf(t, []shard.File{p.part(2, 4)})).want(t, 400)
	now.call("GET", "/v1/chunks/default/"+p.table[0].Hash.String(), nil).want(t, 404)
	answer := now.call("GET", "/v1/chunks/default/"+p.table[2].Hash.String(), nil).want(t, 200)
	x, err := shard.NewReader(bytes.NewReader(answer.body), shard.Limits{}).Xorb()
	if err != nil || x.Hash == p.xorb || len(x.Chunks) != 5 {
		t.Errorf("a chunk that was kept is found in %+v: %v", x, err)
	}
	if usage, totals, err := b.DB.StorageUsage(ctx); err != nil || totals.Packed > int64(len(p.bytes)+len(q.bytes))-dead || strings.Contains(usage[0].Owner, "?") {
		t.Errorf("%+v %v", totals, err)
	}
	s.put(p) // and may come back
	check("sent again")
}

// span is some chunks of a packed xorb: from a up to z.
type span struct {
	p    packed
	a, z int
}

// inOrder names f after the chunks that it is made of, and returns their bytes.
func inOrder(f *shard.File, spans []span) (data []byte) {
	var tree xethash.Tree
	for _, s := range spans {
		for _, l := range s.p.table.Leaves(s.a, s.z) {
			tree.Add(l)
		}
		data = append(data, s.p.data[s.p.table.Offset(s.a):s.p.table.Offset(s.a)+s.p.table.Unpacked(s.a, s.z)]...)
	}
	f.Hash, f.SHA256 = tree.File(), digestOf(data)
	return data
}
