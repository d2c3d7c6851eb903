package xet_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

const newProposal = "/xet-write-token/None?create_pr=1"

// TestProposalTokens holds who may upload what a pull request is to bring.
func TestProposalTokens(t *testing.T) {
	b := start(t, xet.Config{})
	for _, c := range []struct {
		token, path string
		status      int
	}{
		{"", "models/alice/public" + newProposal, 401},
		{"", "models/alice/secret" + newProposal, 401},
		{"mallory.write", "models/alice/public" + newProposal, 200},
		{"mallory.write", "models/alice/public/xet-write-token/main?create_pr=true", 200},
		{"mallory.write", "models/alice/public/xet-write-token/None?create_pr=0", 403},
		{"mallory.write", "models/alice/public/xet-write-token/None?create_pr=maybe", 400},
		{"mallory.read", "models/alice/public" + newProposal, 403},
		{"mallory.write", "models/alice/secret" + newProposal, 404},
		{"mallory.write", "models/acme/gated" + newProposal, 403},
		{"mallory.write", "models/alice/public/xet-write-token/refs%2Fpr%2F1", 404},
		{"mallory.read", "models/alice/public/xet-write-token/refs%2Fpr%2F1", 403},
		{"carol.write", "datasets/acme/table" + newProposal, 200},
		{"alice.fg", "models/alice/secret" + newProposal, 403}, // it may write, but not discuss
		{"alice.fg", "models/alice/secret/xet-write-token/refs%2Fpr%2F1", 404},
		{"alice.write", "models/alice/secret" + newProposal, 200},
	} {
		value := ""
		if c.token != "" {
			value = b.TokenValue(c.token)
		}
		if got := b.do("GET", "/api/"+c.path, value, nil); got.StatusCode != c.status {
			t.Errorf("%s of %q: %d, want %d: %s", c.path, c.token, got.StatusCode, c.status, got.body)
		}
	}
	repo := b.repo("alice/public")
	repo.DiscussionsDisabled = true
	if err := b.DB.UpdateRepo(ctx, repo, hub.Event{}); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"mallory.write", "alice.write"} {
		b.do("GET", "/api/models/alice/public"+newProposal, b.TokenValue(token), nil).want(t, 403)
	}
}

// propose connects with a token for a new pull request.
func (b *bench) propose(token, repo string) store {
	b.t.Helper()
	var c struct{ CasURL, AccessToken string }
	b.do("GET", "/api/"+repo+newProposal, b.TokenValue(token), nil).want(b.t, 200).json(b.t, &c)
	return store{b, c.CasURL, c.AccessToken}
}

// part makes a file of a run of chunks of an uploaded xorb.
func (p packed) part(start, end int) shard.File {
	f := shard.File{Ranged: true, Hash: xethash.File(p.table.Leaves(start, end)), Terms: []shard.Term{{Xorb: p.xorb, Start: uint32(start), End: uint32(end),
		Unpacked: uint32(p.table.Unpacked(start, end)), Range: p.table.RangeHash(start, end)}}}
	f.SHA256 = digestOf(p.data[p.table.Offset(start) : p.table.Offset(start)+p.table.Unpacked(start, end)])
	return f
}

// TestProbingByProposal holds that who may only propose changes to one repository learns nothing of the others of its owner,
// though their chunks lie in the same xorbs.
func TestProbingByProposal(t *testing.T) {
	b := start(t, xet.Config{})
	p, q := pack(t, noise(1, 600_000)), pack(t, noise(2, 600_000))
	b.connect("alice.write", "models/alice/secret", "write").put(p)
	owner := b.connect("alice.write", "models/alice/public", "write")
	owner.put(q)
	// A public file that came to refer to a part of a private one's xorb.
	shown := p.part(2, 4)
	owner.call("POST", "/v1/shards", shardOf(t, []shard.File{shown})).want(t, 200)

	s := b.propose("mallory.write", "models/alice/public")
	if s.url == owner.url {
		t.Error("proposals share the memory of the owner's clients")
	}
	chunk := func(p packed, i int) string { return "/v1/chunks/default/" + p.table[i].Hash.String() }
	unknown := s.call("GET", "/v1/chunks/default/"+xethash.Chunk([]byte("nothing")).String(), nil).want(t, 404)
	if got := s.call("GET", chunk(p, 0), nil).want(t, 404); !bytes.Equal(got.body, unknown.body) {
		t.Errorf("a chunk of another repository is told apart: %s", got.body)
	}
	s.call("GET", "/v1/reconstructions/"+p.file.Hash.String(), nil).want(t, 404)
	for _, x := range []packed{p, q} {
		s.call("HEAD", "/v1/xorbs/default/"+x.xorb.String(), nil).want(t, 404)
	}
	// What it may read anyway it may build on.
	for answered, c := range map[string]struct {
		p        packed
		from, to int
	}{chunk(q, 0): {q, 0, len(q.table)}, chunk(p, 2): {p, 2, 4}} {
		text := s.call("GET", answered, nil).want(t, 200).body
		if again := s.call("GET", answered, nil).want(t, 200).body; !bytes.Equal(text, again) {
			t.Error("the same question has two answers")
		}
		r := shard.NewReader(bytes.NewReader(text), shard.Limits{})
		x, err := r.Xorb()
		if err != nil || x.Hash != c.p.xorb || len(x.Chunks) != len(c.p.table) {
			t.Fatalf("the answer is about %+v: %v", x, err)
		}
		told := append([]shard.Chunk(nil), x.Chunks...)
		f, _, err := r.Footer()
		if err != nil {
			t.Fatal(err)
		}
		masker := xethash.NewMasker(f.Key)
		for i, e := range c.p.table {
			if known := told[i].Hash == masker.Mask(e.Hash); known != (c.from <= i && i < c.to) {
				t.Errorf("chunk %d of %d-%d is told of: %v", i, c.from, c.to, known)
			}
		}
	}
	own := pack(t, noise(3, 300_000))
	s.putXorb(own).want(t, 200)
	mixed := shard.File{Ranged: true, Terms: []shard.Term{p.part(2, 3).Terms[0], own.file.Terms[0], q.part(1, 3).Terms[0]}}
	want := inOrder(&mixed, []span{{p, 2, 3}, {own, 0, len(own.table)}, {q, 1, 3}})
	s.call("POST", "/v2/shards", shardOf(t, []shard.File{mixed}, own.section())).want(t, 200)
	if !bytes.Equal(s.reconstruct("v2", mixed.Hash.String()), want) {
		t.Error("the bytes differ")
	}
	// Guesses about the neighbours of what it may read are answered like guesses about nothing.
	nobody := p.part(2, 5)
	nobody.Terms[0].Xorb = xethash.Chunk([]byte("unknown"))
	text := s.call("POST", "/v1/shards", shardOf(t, []shard.File{nobody})).want(t, 400).body
	for _, r := range [][2]int{{1, 3}, {2, 5}, {0, len(p.table)}, {4, 5}} {
		guess := p.part(r[0], r[1])
		guess.Hash = nobody.Hash
		if got := s.call("POST", "/v1/shards", shardOf(t, []shard.File{guess})).want(t, 400); !bytes.Equal(got.body, text) {
			t.Errorf("chunks %v: %s", r, got.body)
		}
	}
	s.call("POST", "/v1/shards", shardOf(t, nil, p.section())).want(t, 400)
	s.call("POST", "/v1/shards", shardOf(t, nil, q.section())).want(t, 400)
	// That others have the bytes is not told to who uploads them, and does not open more.
	if got := s.putXorb(p).want(t, 200); !strings.Contains(string(got.body), "true") {
		t.Errorf("a xorb of another repository: %s", got.body)
	}
	// Nor does the owner's memory grow by what strangers sent.
	owner.call("GET", chunk(own, 0), nil).want(t, 404)
	// A repository that is closed to the holder closes the token.
	repo := b.repo("alice/public")
	repo.Visibility = hub.Private
	if err := b.DB.UpdateRepo(ctx, repo, hub.Event{}); err != nil {
		t.Fatal(err)
	}
	s.call("GET", chunk(q, 0), nil).want(t, 404)
	s.putXorb(own).want(t, 404)
	s.call("GET", "/v2/reconstructions/"+mixed.Hash.String(), nil).want(t, 404)
}

// TestProposalsAreNotBelieved holds that a stranger's word on a SHA-256 is checked before it counts, whatever its size, and that
// what no commit takes up goes while what the repository has stays.
func TestProposalsAreNotBelieved(t *testing.T) {
	b := start(t, xet.Config{VerifyNow: 1, Window: -time.Hour, XorbGrace: -time.Hour})
	q, own := pack(t, noise(2, 600_000)), pack(t, noise(3, 300_000))
	b.connect("alice.write", "models/alice/public", "write").put(q)
	b.commit("alice.write", "models/alice/public", "q.bin", q).want(t, 200)
	s := b.propose("mallory.write", "models/alice/public")
	s.putXorb(own).want(t, 200)
	lie := own.file
	lie.SHA256 = digestOf([]byte("something else"))
	s.call("POST", "/v1/shards", shardOf(t, []shard.File{lie})).want(t, 400)
	s.call("HEAD", "/v1/files/"+lie.Hash.String(), nil).want(t, 404)
	s.call("POST", "/v1/shards", shardOf(t, []shard.File{own.file, q.part(0, 3)})).want(t, 200)
	s.call("HEAD", "/v1/files/"+own.file.Hash.String(), nil).want(t, 200)
	for range 3 {
		if _, err := b.xet.Worker().Sweep(ctx); err != nil {
			t.Fatal(err)
		}
	}
	s.call("HEAD", "/v1/files/"+own.file.Hash.String(), nil).want(t, 404)
	if got := b.do("GET", "/alice/public/resolve/main/q.bin", "", nil).want(t, 200); !bytes.Equal(got.body, q.data) {
		t.Error("the bytes differ")
	}
}
