package main

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/pierrec/lz4/v4"
	_ "modernc.org/sqlite" // the driver that the hub uses

	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xetchunk"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	names "github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit/xetpack"
)

// xetFile is a file of incompressible data as a client makes it: cut as a whole, packed into xorbs of at most 64 MiB.
type xetFile struct {
	xorbs []xetpack.Packed
	file  shard.File
}

func makeXetFile(seed uint64, size int64, change func([]byte)) (f xetFile, err error) {
	src := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	var tree xethash.Tree
	f.file.Ranged = true
	sum := sha256.New()
	for at := int64(0); at < size; at += xorb.MaxUnpacked / 2 {
		data := make([]byte, min(size-at, xorb.MaxUnpacked/2))
		src.Read(data)
		if change != nil && at == 0 {
			change(data)
		}
		sum.Write(data)
		p, err := xetpack.Pack(data)
		if err != nil {
			return f, err
		}
		for _, l := range p.Table.Leaves(0, len(p.Table)) {
			tree.Add(l)
		}
		f.xorbs = append(f.xorbs, p)
		f.file.Terms = append(f.file.Terms, p.Term())
	}
	f.file.Hash = tree.File()
	f.file.SHA256 = names.Digest(hex.EncodeToString(sum.Sum(nil)))
	return f, nil
}

// xetStore is the address and the token that the hub gave for a repository.
type xetStore struct{ url, token string }

func (h *hub) xet(repo, scope string) (s xetStore, err error) {
	b, err := h.do("GET", "/api/models/alice/"+repo+"/xet-"+scope+"-token/main", nil)
	if err != nil {
		return s, err
	}
	var c struct{ CasURL, AccessToken string }
	err = json.Unmarshal(b, &c)
	return xetStore{c.CasURL, c.AccessToken}, err
}

func (s xetStore) do(method, path string, body []byte) (int, []byte, error) {
	req, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, b, err
}

func (s xetStore) must(method, path string, body []byte) ([]byte, error) {
	code, b, err := s.do(method, path, body)
	if err == nil && code/100 != 2 {
		err = fmt.Errorf("%s %s: %d %.200s", method, path, code, b)
	}
	return b, err
}

func (s xetStore) upload(f xetFile) error {
	var sections []*shard.Xorb
	for _, p := range f.xorbs {
		if _, err := s.must("POST", "/v1/xorbs/default/"+p.Xorb.String(), p.Bytes); err != nil {
			return err
		}
		sections = append(sections, p.Section())
	}
	text, err := xetpack.Shard([]shard.File{f.file}, sections...)
	if err == nil {
		_, err = s.must("POST", "/v1/shards", text)
	}
	return err
}

// benchXet measures uploads beside the floor of one core, downloads beside nginx, what the database grows by, and how much of a
// changed file a client without memory has to send.
func benchXet(h *hub, r *report, size int64, rounds int) error {
	size = min(size, 512<<20) // all of it lies in memory here
	if err := h.createRepo("xet", true); err != nil {
		return err
	}
	s, err := h.xet("xet", "write")
	if err != nil {
		return err
	}
	database := filepath.Join(h.dir, "hub", "ambit.db")
	var took, used []time.Duration
	var last xetFile
	chunks := 0
	for i := range rounds {
		if last, err = makeXetFile(uint64(i), size, nil); err != nil {
			return err
		}
		start := cpu(h.cmd.Process.Pid)
		d, err := timed(func() error { return s.upload(last) })
		if err != nil {
			return err
		}
		took, used = append(took, d), append(used, cpu(h.cmd.Process.Pid)-start)
		for _, p := range last.xorbs {
			chunks += len(p.Table)
		}
	}
	floor := xetFloor(last.xorbs[0].Data)
	ours := float64(size) / median(used).Seconds()
	r.atLeast("Xet ingest for each core used", fmt.Sprintf("%.0f MB/s", ours/1e6), fmt.Sprintf("%.0f MB/s floor of one core", floor/1e6), ours/floor, 0.8)
	r.figure("Xet ingest", fmt.Sprintf("%.2f GB/s", gbps(size, median(took))), "reported", true)
	pages, err := xetPages(database)
	if err != nil {
		return err
	}
	each := float64(pages) / float64(chunks)
	r.figure("database bytes for each chunk", fmt.Sprintf("%.2f, of %d chunks", each, chunks), "≤ 8", each <= 8)
	if err := benchXetChange(s, r, rounds-1, size); err != nil {
		return err
	}
	if err := benchXetDownload(h, r, last, rounds); err != nil {
		return err
	}
	r.figure("resident memory, most so far, after Xet", fmt.Sprintf("%.0f MB", float64(h.peakRSS())/1e6), "reported", true)
	return nil
}

// xetFloor is what one core can do at most for incompressible data: cut, hash chunks, try to compress, sum the whole.
func xetFloor(data []byte) float64 {
	rate := func(f func()) float64 {
		best := 0.0
		for range 3 {
			start := selfCPU()
			f()
			best = max(best, float64(len(data))/(selfCPU()-start).Seconds())
		}
		return best
	}
	var chunks [][]byte
	cut := rate(func() {
		chunks = chunks[:0]
		for rest := data; len(rest) > 0; {
			n := xetchunk.Cut(rest)
			chunks, rest = append(chunks, rest[:n]), rest[n:]
		}
	})
	hash := rate(func() {
		for _, c := range chunks {
			xethash.Chunk(c)
		}
	})
	var c lz4.Compressor
	out := make([]byte, xetchunk.Max)
	try := rate(func() {
		for _, x := range chunks {
			_, _ = c.CompressBlock(x, out[:len(x)])
		}
	})
	sum := rate(func() { sha256.Sum256(data) })
	return 1 / (1/cut + 1/hash + 1/try + 1/sum)
}

// xetPages is how many bytes the tables and indexes about chunks take.
func xetPages(database string) (n int64, err error) {
	db, err := sql.Open("sqlite", "file:"+database+"?mode=ro")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.QueryRow(`SELECT SUM(pgsize) FROM dbstat WHERE name LIKE 'xet_%' OR name LIKE 'sqlite_autoindex_xet_%'`).Scan(&n)
	return n, err
}

// benchXetChange changes 5 % in one place and asks, as a client does that remembers nothing, which chunks are known.
func benchXetChange(s xetStore, r *report, seed int, size int64) error {
	change := min(size/20, xorb.MaxUnpacked/4)
	changed, err := makeXetFile(uint64(seed), size, func(b []byte) {
		rand.NewChaCha8([32]byte{99}).Read(b[1<<20 : 1<<20+change])
	})
	if err != nil {
		return err
	}
	known := map[xethash.Hash]bool{}
	var maskers []*xethash.Masker
	asked := 0
	var send int64
	for _, p := range changed.xorbs {
		for i, e := range p.Table {
			seen := func() bool {
				for _, m := range maskers {
					if known[m.Mask(e.Hash)] {
						return true
					}
				}
				return false
			}
			if !seen() && (asked == 0 || e.Hash.Eligible()) {
				asked++
				code, b, err := s.do("GET", "/v1/chunks/default/"+e.Hash.String(), nil)
				if err != nil {
					return err
				}
				if code == 200 {
					m, err := learn(b, known)
					if err != nil {
						return err
					}
					maskers = append(maskers, m)
				}
			}
			if !seen() {
				send += p.Table.Unpacked(i, i+1)
			}
		}
	}
	r.atMost("sent of a file changed by 5 %", fmt.Sprintf("%.1f MiB, %d queries", float64(send)/(1<<20), asked), fmt.Sprintf("%.1f MiB changed", float64(change)/(1<<20)), float64(send)/float64(change), 1.1)
	return nil
}

func learn(answer []byte, known map[xethash.Hash]bool) (*xethash.Masker, error) {
	d := shard.NewReader(bytes.NewReader(answer), shard.Limits{})
	for {
		x, err := d.Xorb()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		for _, c := range x.Chunks {
			known[c.Hash] = true
		}
	}
	f, _, err := d.Footer()
	return xethash.NewMasker(f.Key), err
}

// benchXetDownload fetches the ranges of a file's plan with curl, and the same bytes from nginx.
func benchXetDownload(h *hub, r *report, f xetFile, rounds int) error {
	s, err := h.xet("xet", "read")
	if err != nil {
		return err
	}
	b, err := s.must("GET", "/v2/reconstructions/"+f.file.Hash.String(), nil)
	if err != nil {
		return err
	}
	var plan struct {
		Xorbs map[string][]struct {
			URL    string
			Ranges []struct{ Bytes struct{ Start, End int64 } }
		}
	}
	if err := json.Unmarshal(b, &plan); err != nil {
		return err
	}
	n, err := startNginx(h.dir, h.dir)
	if err != nil {
		return err
	}
	defer n.stop()
	var mine, theirs []string
	var size int64
	for i, p := range f.xorbs {
		name := fmt.Sprintf("xorb-%d", i)
		if err := os.WriteFile(filepath.Join(h.dir, name), p.Bytes, 0o644); err != nil {
			return err
		}
		for _, e := range plan.Xorbs[p.Xorb.String()] {
			span := fmt.Sprintf("%d-%d", e.Ranges[0].Bytes.Start, e.Ranges[0].Bytes.End)
			more := []string{"-r", span, "-o", "/dev/null"}
			if len(mine) > 0 {
				more = append([]string{"--next", "-sS", "--fail"}, more...)
			}
			mine = append(mine, append(more, e.URL)...)
			theirs = append(theirs, append(more, n.url+"/"+name)...)
			size += e.Ranges[0].Bytes.End + 1 - e.Ranges[0].Bytes.Start
		}
	}
	if err := curl(mine...); err != nil { // warm both
		return err
	}
	if err := curl(theirs...); err != nil {
		return err
	}
	var o, t, oc, tc []time.Duration
	for range rounds {
		before := cpu(h.cmd.Process.Pid)
		d, err := timed(func() error { return curl(mine...) })
		if err != nil {
			return err
		}
		o, oc = append(o, d), append(oc, cpu(h.cmd.Process.Pid)-before)
		before = cpu(n.pid)
		if d, err = timed(func() error { return curl(theirs...) }); err != nil {
			return err
		}
		t, tc = append(t, d), append(tc, cpu(n.pid)-before)
	}
	r.atLeast("Xet download, ranges of a plan", fmt.Sprintf("%.2f GB/s", gbps(size, median(o))), fmt.Sprintf("%.2f GB/s nginx", gbps(size, median(t))), median(t).Seconds()/median(o).Seconds(), 0.9)
	r.figure("CPU of a Xet download", fmt.Sprintf("%.2f s/GiB (nginx %.2f)", perGiB(median(oc), size), perGiB(median(tc), size)), "reported", true)
	return nil
}
