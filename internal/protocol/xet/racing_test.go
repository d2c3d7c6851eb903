package xet_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

// TestSweepRacesClients lets clients upload, deduplicate against each other, commit and delete, while a sweeper with hardly any
// patience takes away whatever is not needed at the moment: no file whose commit was acknowledged loses a byte, and a client that
// was too late is told so in a way that sending everything again is the answer to.
func TestSweepRacesClients(t *testing.T) {
	const patience = 20 * time.Millisecond
	b := start(t, xet.Config{Window: patience, XorbGrace: patience, TableCache: 1})
	rounds := 12
	if os.Getenv("AMBIT_FULL") != "" {
		rounds = 400
	}
	var shared []packed // what files have in common
	for i := range 5 {
		shared = append(shared, pack(t, noise(uint64(1000+i), 150_000+10_000*i)))
	}
	stop := make(chan struct{})
	var sweeping, working sync.WaitGroup
	var swept, rewritten atomic.Int64
	sweeping.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			n, err := b.xet.Worker().Sweep(ctx)
			if err != nil {
				t.Error(err)
			}
			swept.Add(int64(n.Xorbs))
			c, _, err := b.xet.Worker().Compact(ctx)
			if err != nil {
				t.Error(err)
			}
			rewritten.Add(int64(c.Rewritten))
		}
	})
	var hits, late atomic.Int64
	kept := make([]map[string][]byte, 4)
	for w := range kept {
		kept[w] = map[string][]byte{}
		working.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 5))
			for i := range rounds {
				s := b.connect("alice.write", "models/alice/secret", "write") // tokens do not last for all rounds
				// Clients ask for first chunks of files.
				parts := []packed{shared[rng.IntN(len(shared))], pack(t, noise(uint64(2000+w*1000+i), 20_000)), shared[rng.IntN(len(shared))]}
				path := fmt.Sprintf("%d/%d.bin", w, i)
				if rng.IntN(2) == 0 { // of some of the chunks only
					parts[2].file = parts[2].part(0, 1)
					parts[2].data = parts[2].data[:parts[2].table.Unpacked(0, 1)]
				}
				file, data := joinedFile(parts)
				for attempt := 0; ; attempt++ {
					if attempt == 100 {
						t.Errorf("%s never got in", path)
						return
					}
					again := attempt > 0
					if s.tryUpload(parts, file, again, &hits) && b.commit("alice.write", "models/alice/secret", path, packed{data: data}).StatusCode == 200 {
						break
					}
					late.Add(1)
				}
				kept[w][path] = data
				if rng.IntN(3) == 0 {
					b.forget(path, digestOf(data))
					delete(kept[w], path)
				}
			}
		})
	}
	working.Wait()
	close(stop)
	sweeping.Wait()
	for range 3 {
		time.Sleep(patience)
		if _, err := b.xet.Worker().Sweep(ctx); err != nil {
			t.Fatal(err)
		}
	}
	files := 0
	for _, paths := range kept {
		for path, data := range paths {
			files++
			if got := b.do("GET", "/alice/secret/resolve/main/"+path, b.TokenValue("alice.read"), nil); !bytes.Equal(got.body, data) {
				t.Errorf("%s was acknowledged, and has %d of %d bytes (status %d)", path, len(got.body), len(data), got.StatusCode)
			}
		}
	}
	t.Logf("%d files, %d xorbs swept, %d rewritten, %d answers of deduplication, %d times too late", files, swept.Load(), rewritten.Load(), hits.Load(), late.Load())
	if swept.Load() == 0 || hits.Load() == 0 {
		t.Error("nothing raced")
	}
}

// joinedFile makes one file of several xorbs.
func joinedFile(parts []packed) (f shard.File, data []byte) {
	var tree xethash.Tree
	f.Ranged = true
	for _, p := range parts {
		f.Terms = append(f.Terms, p.file.Terms...)
		data = append(data, p.data...)
		for _, l := range p.table.Leaves(0, int(p.file.Terms[0].End)) {
			tree.Add(l)
		}
	}
	f.Hash, f.SHA256 = tree.File(), digestOf(data)
	return f, data
}

// tryUpload uploads as clients do: it sends what it is not told to be there, or everything, and then the shard.
func (s store) tryUpload(parts []packed, f shard.File, everything bool, hits *atomic.Int64) bool {
	for _, p := range parts {
		if !everything && s.call("GET", "/v1/chunks/default/"+p.table[0].Hash.String(), nil).StatusCode == 200 {
			hits.Add(1)
			continue
		}
		if got := s.putXorb(p); got.StatusCode != 200 && got.StatusCode != 503 {
			s.t.Errorf("a xorb: %d %s", got.StatusCode, got.body)
		}
	}
	got := s.call("POST", "/v1/shards", shardOf(s.t, []shard.File{f}))
	if got.StatusCode != 200 && got.StatusCode != 400 {
		s.t.Errorf("a shard: %d %s", got.StatusCode, got.body)
	}
	return got.StatusCode == 200
}

// forget deletes a file and lets go of its content, as the collection of garbage does when no commit has it any more.
func (b *bench) forget(path string, d hub.Digest) {
	b.t.Helper()
	lines := `{"key":"header","value":{"summary":"delete"}}` + "\n" + `{"key":"deletedFile","value":{"path":"` + path + `"}}` + "\n"
	b.do("POST", "/api/models/alice/secret/commit/main", b.TokenValue("alice.write"), []byte(lines), "Content-Type", "application/x-ndjson").want(b.t, 200)
	repo := b.repo("alice/secret")
	for {
		gen, _, err := b.DB.LivePacks(ctx, repo.ID)
		if err == nil {
			_, err = b.DB.UnlinkLFS(ctx, repo.ID, gen, time.Now().Add(time.Hour), []hub.LFSObject{{Digest: d}})
		}
		if err == nil {
			return
		}
		if !hub.Is(err, hub.PreconditionFailed) {
			b.t.Error(err)
			return
		}
	}
}
