package xet_test

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

// TestEdits holds what a client is told that changes ranges of a file. That it can make the new file of it, test/compat shows.
func TestEdits(t *testing.T) {
	b := start(t, xet.Config{})
	s := b.connect("alice.write", "models/alice/secret", "write")
	p := pack(t, noise(1, 4_000_000))
	s.putXorb(p).want(t, 200)
	f := shard.File{Ranged: true, Hash: xethash.File(p.table.Leaves(0, len(p.table)))}
	cuts := []int{0, 10, 20, 40, len(p.table)}
	for i := 1; i < len(cuts); i++ {
		f.Terms = append(f.Terms, p.part(cuts[i-1], cuts[i]).Terms[0])
	}
	s.call("POST", "/v1/shards", shardOf(t, []shard.File{f})).want(t, 200)
	type answered struct {
		TotalChunks     int
		FileSize        int64
		Windows         []struct{ DirtyByteRange [2]int64 }
		HashRanges      []*struct{ Levels [][2]int }
		GapVerification []string
	}
	ask := func(ranges string) (a answered) {
		t.Helper()
		s.call("GET", "/v2/file-chunk-hashes/"+f.Hash.String(), nil, "X-Range-Dirty", ranges).want(t, 200).json(t, &a)
		if a.TotalChunks != len(p.table) || a.FileSize != int64(len(p.data)) || len(a.HashRanges) != len(a.Windows)+1 {
			t.Errorf("%s: %d chunks, %d bytes, %d gaps of %d windows", ranges, a.TotalChunks, a.FileSize, len(a.HashRanges), len(a.Windows))
		}
		return a
	}
	from, to := p.table.Offset(10), p.table.Offset(20)
	a := ask("bytes=" + itoa(int(from)) + "-" + itoa(int(to-1)))
	if len(a.Windows) != 1 || a.Windows[0].DirtyByteRange[0] != from || a.Windows[0].DirtyByteRange[1] <= to || a.HashRanges[0] == nil || a.HashRanges[1] == nil {
		t.Errorf("one term: %+v", a)
	}
	// The window goes on into the next term, whose proof is of no use then.
	if want := []string{f.Terms[0].Range.String(), f.Terms[3].Range.String()}; len(a.GapVerification) != 2 || a.GapVerification[0] != want[0] || a.GapVerification[1] != want[1] {
		t.Errorf("proofs %v, want %v", a.GapVerification, want)
	}
	end := itoa(len(p.data) - 1)
	if a = ask("bytes=0-0," + end + "-" + end); len(a.Windows) != 2 || a.HashRanges[0] != nil || a.HashRanges[1] == nil || a.HashRanges[2] != nil {
		t.Errorf("both ends: %+v", a)
	}
	if a = ask("bytes=0-" + end); len(a.Windows) != 1 || len(a.GapVerification) != 0 || a.HashRanges[0] != nil || a.HashRanges[1] != nil {
		t.Errorf("all of it: %+v", a)
	}
	if a = ask("bytes=100-200,300-400"); len(a.Windows) != 1 {
		t.Errorf("two ranges of one chunk: %+v", a)
	}
	for _, bad := range []string{"", "bytes=", "bytes=5-1", "bytes=-5", "bytes=5-", "bytes=0-9,5-20", "bytes=9-10,0-1", "bytes=0-" + itoa(len(p.data)), "0-5", "bytes=a-b"} {
		s.call("GET", "/v2/file-chunk-hashes/"+f.Hash.String(), nil, "X-Range-Dirty", bad).want(t, 400)
	}
	// Only of files of the token's repository.
	for _, o := range []store{b.connect("alice.write", "models/alice/public", "write"), b.connect("", "models/alice/public", "read")} {
		o.call("GET", "/v2/file-chunk-hashes/"+f.Hash.String(), nil, "X-Range-Dirty", "bytes=0-5").want(t, 404)
	}
}
