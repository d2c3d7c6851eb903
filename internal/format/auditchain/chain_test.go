package auditchain_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/format/auditchain"
	"github.com/ambit-hub/ambit/internal/hub"
)

// stored is a tree that keeps all its hashes, as tlog wants it.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, s[i])
	}
	return out, nil
}

// TestFrontierIsTheTree compares the roots of a growing frontier, written down and read back at each size, with those of
// the complete tree.
func TestFrontierIsTheTree(t *testing.T) {
	f := &auditchain.Frontier{}
	var all stored
	for n := range int64(300) {
		record := []byte{byte(n), byte(n >> 8)}
		hs, err := tlog.StoredHashes(n, record, all)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, hs...)
		f.Append(record)
		want, err := tlog.TreeHash(n+1, all)
		if err != nil {
			t.Fatal(err)
		}
		if f.Root() != auditchain.Hash(want) || f.Size() != n+1 {
			t.Fatalf("size %d: another root", n+1)
		}
		if f, err = auditchain.ParseFrontier(f.Size(), f.Marshal()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := auditchain.ParseFrontier(3, make([]byte, 32)); err == nil {
		t.Error("half a frontier was read")
	}
}

// Salts of records of version 2 and of those of today.
const (
	oldSalt = "TKQ4ZXWCQ2X5LQ7N5ZJ4M6H2FA"
	newSalt = "q83vEjRWeJCrze8SNFZ4kA"
)

// TestVersions holds what databases have, computed apart from this code: a log is checked with the rules of its time.
func TestVersions(t *testing.T) {
	for _, c := range []struct{ ip, salt, leaf, chain string }{
		{"", "",
			"40dd69375b4882ccff2ee6f1a257e8f0342fa0768651c2c2ba47d3b5a63b7416",
			"85174652fc2f609166f53c2337f194b042a7dc3309fc0998414a85c50f2539bc"},
		{"192.0.2.7", "",
			"f387787ee39469b42aa5cff3922f3a290ac9a8b0ef700327318f9067eda0582f",
			"ce7555113321865c27921eb3ec04994287d357053392c69e43a91b5bf7abefce"},
		{"192.0.2.7", oldSalt,
			"658070e2d51ead011eb3b0ba0c78c7015b5b64ac0b1cb8994bd834099b1fdb89",
			"c67ce0e77b479b29c25dd391de46e650188d618b04b2e0aecf063030e5712d4b"},
		{"192.0.2.7", newSalt,
			"740ba9fb0dc2829372810f67781efac2bc6127b1c85dfb20e9c9e33663fd3acb",
			"f99fef83f5cde06bfdbbfe3c596f3e2854e700f0bbf3644d4ad56075f4923a04"},
	} {
		row := hub.AuditRow{Seq: 7, IPSalt: c.salt, Event: hub.Event{ID: "0123456789abcdef01234567", Type: "repo.create", ActorID: "1", ActorName: "alice", TokenID: "2",
			NamespaceID: "3", RepoID: "4", TargetID: "5", Message: "möre", IP: c.ip, UserAgent: "a", At: time.UnixMicro(1700000000123456)}}
		record := auditchain.Record(nil, row)
		leaf, chain := auditchain.Leaf(record), auditchain.Next(auditchain.Hash{1}, record)
		if hex.EncodeToString(leaf[:]) != c.leaf || hex.EncodeToString(chain[:]) != c.chain {
			t.Errorf("salt %q: leaf %x, chain %x", c.salt, leaf, chain)
		}
	}
	if a, b := auditchain.NewSalt(), auditchain.NewSalt(); len(a) != len(newSalt) || a == b {
		t.Errorf("salts %q, %q", a, b)
	}
}

// TestRecordIsInjective moves text between fields, which must change the bytes.
func TestRecordIsInjective(t *testing.T) {
	row := rapid.Custom(func(t *rapid.T) hub.AuditRow {
		s := rapid.SampledFrom([]string{"", "a", "ab", "b", "\x01", "\x01a"})
		salt := rapid.SampledFrom([]string{"", "a", "ab", "b", oldSalt, newSalt})
		return hub.AuditRow{Seq: rapid.Int64Range(1, 2).Draw(t, "seq"), IPSalt: salt.Draw(t, "salt"), Event: hub.Event{IP: s.Draw(t, "ip"), ID: hub.ID(s.Draw(t, "id")), Type: s.Draw(t, "type"), ActorName: s.Draw(t, "actor"),
			NamespaceID: hub.ID(s.Draw(t, "ns")), Message: s.Draw(t, "message"), UserAgent: s.Draw(t, "agent"),
			At: time.UnixMicro(rapid.Int64Range(1, 3).Draw(t, "at"))}}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := row.Draw(t, "a"), row.Draw(t, "b")
		same := bytes.Equal(auditchain.Record(nil, a), auditchain.Record(nil, b))
		if same != cmp.Equal(a, b) {
			t.Fatalf("%+v and %+v: same bytes %v", a, b, same)
		}
	})
}

// TestHasherIsTheSame: in one piece of memory the hashes come out as they do one by one, in whatever order they are asked for.
func TestHasherIsTheSame(t *testing.T) {
	var h auditchain.Hasher
	rapid.Check(t, func(t *rapid.T) {
		row := hub.AuditRow{Seq: rapid.Int64Min(1).Draw(t, "seq"), IPSalt: rapid.SampledFrom([]string{"", oldSalt, newSalt}).Draw(t, "salt"), Event: hub.Event{Message: rapid.String().Draw(t, "message"), UserAgent: rapid.String().Draw(t, "agent")}}
		prev := auditchain.Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "prev"))
		want := auditchain.Record(nil, row)
		if got := h.Record(&row); !bytes.Equal(got, want) {
			t.Fatalf("record %x, want %x", got, want)
		}
		for range 2 {
			if h.Leaf() != auditchain.Leaf(want) || h.Next(&prev) != auditchain.Next(prev, want) {
				t.Fatal("another hash")
			}
		}
	})
}

func TestCheckpoint(t *testing.T) {
	seed, other := [32]byte{1}, [32]byte{2}
	signer, err := auditchain.Signer("5f", seed)
	if err != nil {
		t.Fatal(err)
	}
	want := auditchain.Checkpoint{Size: 12, Root: auditchain.Hash{1}, Chain: auditchain.Hash{2}, At: time.UnixMicro(1700000000123456).UTC()}
	msg, err := auditchain.Sign(want, auditchain.Origin("5f"), signer)
	if err != nil {
		t.Fatal(err)
	}
	keys := func(seed [32]byte) note.Verifiers {
		text, err := auditchain.VerifierKey("5f", seed)
		if err != nil {
			t.Fatal(err)
		}
		v, err := note.NewVerifier(text)
		if err != nil {
			t.Fatal(err)
		}
		return note.VerifierList(v)
	}
	got, err := auditchain.Open(msg, auditchain.Origin("5f"), keys(seed))
	if err != nil || got != want {
		t.Fatalf("got %+v %v, want %+v", got, err, want)
	}
	if _, err := auditchain.Open(msg, auditchain.Origin("5f"), keys(other)); err == nil {
		t.Error("another key's signature counts")
	}
	if _, err := auditchain.Open(bytes.Replace(msg, []byte("\n12\n"), []byte("\n13\n"), 1), auditchain.Origin("5f"), keys(seed)); err == nil {
		t.Error("a changed size was not noticed")
	}
}

// TestConcealedProof proves an event without its address, of each version, and holds that nobody can write the proof in
// another way.
func TestConcealedProof(t *testing.T) {
	seed := [32]byte{1}
	signer, err := auditchain.Signer("5f", seed)
	if err != nil {
		t.Fatal(err)
	}
	key, err := auditchain.VerifierKey("5f", seed)
	if err != nil {
		t.Fatal(err)
	}
	for _, salt := range []string{oldSalt, newSalt} {
		row := hub.AuditRow{Seq: 1, IPSalt: salt, Event: hub.Event{ID: hub.NewID(), Type: "repo.create", IP: "192.0.2.7", At: time.UnixMicro(1700000000123456)}}
		c := auditchain.Checkpoint{Size: 1, Root: auditchain.Leaf(auditchain.Record(nil, row)), At: row.At}
		msg, err := auditchain.Sign(c, auditchain.Origin("5f"), signer)
		if err != nil {
			t.Fatal(err)
		}
		for _, open := range []bool{true, false} {
			e, err := auditchain.Proven(row, open)
			if err != nil {
				t.Fatal(err)
			}
			p := auditchain.Proof{Format: auditchain.ProofFormat, Event: e, Checkpoint: string(msg), Key: key}
			if _, err := p.Check(key); err != nil {
				t.Errorf("salt %s, open %v: %v", salt, open, err)
			}
			if open {
				continue
			}
			for _, change := range []func(e *auditchain.ProvenEvent){
				func(e *auditchain.ProvenEvent) { e.AddressHash = strings.ToUpper(e.AddressHash) },
				func(e *auditchain.ProvenEvent) { e.AddressHash += "zz" },
				func(e *auditchain.ProvenEvent) { e.AddressHash += "00" },
				func(e *auditchain.ProvenEvent) { e.Record = 5 - max(e.Record, 2) },
				func(e *auditchain.ProvenEvent) { e.AddressHash = "" },
			} {
				p.Event = e
				change(&p.Event)
				if _, err := p.Check(key); err == nil {
					t.Errorf("salt %s: a proof of %+v holds", salt, p.Event)
				}
			}
		}
	}
}

func BenchmarkVerifyRow(b *testing.B) {
	e := hub.AuditRow{Seq: 1, IPSalt: newSalt, Event: hub.Event{ID: hub.NewID(), Type: "repo.publish", ActorID: hub.NewID(), ActorName: "alice", TokenID: hub.NewID(), NamespaceID: hub.NewID(),
		RepoID: hub.NewID(), Message: "pushed 3 files to main", IP: "192.0.2.1", UserAgent: "python-requests/2.32", At: time.Now()}}
	var buf []byte
	var prev auditchain.Hash
	f := &auditchain.Frontier{}
	for b.Loop() {
		buf = auditchain.Record(buf[:0], e)
		prev = auditchain.Next(prev, buf)
		f.Append(buf)
	}
}
