package xet_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pierrec/lz4/v4"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/xetchunk"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/xet"
	"github.com/ambit-hub/ambit/internal/testkit/xetpack"
)

// cpu returns the processor time of this process so far.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// rate returns bytes per second of processor time of f, the best of three.
func rate(b *testing.B, n int, f func()) float64 {
	b.Helper()
	best := 0.0
	for range 3 {
		start := cpu(b)
		f()
		best = max(best, float64(n)/(cpu(b)-start).Seconds())
	}
	return best
}

// floor is what one core can do at most for incompressible data: cut it, hash the chunks, try to compress them, and compute
// the SHA-256 of the whole, each measured by itself on this machine in this run.
func floor(b *testing.B, data []byte) float64 {
	b.Helper()
	n := len(data)
	cut := rate(b, n, func() {
		for rest := data; len(rest) > 0; rest = rest[xetchunk.Cut(rest):] {
		}
	})
	var chunks [][]byte
	for rest := data; len(rest) > 0; {
		k := xetchunk.Cut(rest)
		chunks, rest = append(chunks, rest[:k]), rest[k:]
	}
	hash := rate(b, n, func() {
		for _, c := range chunks {
			xethash.Chunk(c)
		}
	})
	var c lz4.Compressor
	out := make([]byte, xetchunk.Max)
	try := rate(b, n, func() {
		for _, x := range chunks {
			_, _ = c.CompressBlock(x, out[:len(x)])
		}
	})
	sum := rate(b, n, func() { sha256.Sum256(data) })
	return 1 / (1/cut + 1/hash + 1/try + 1/sum)
}

const benchSize = 256 << 20

// BenchmarkChunkingLargeFiles turns a large file into chunks: cut, hashed, compressed where that helps, stored durably, read
// back and compared. Beside it the floor of one core. Goal: 0.8 of that for each core that is used.
func BenchmarkChunkingLargeFiles(b *testing.B) {
	data := noise(1, benchSize)
	anchor := floor(b, data)
	b.SetBytes(benchSize)
	var used time.Duration
	runtime.GC()
	for i := range b.N {
		b.StopTimer()
		bed := newBed(b, xet.Config{ChunkAfter: -time.Hour})
		data[0] = byte(i)
		d := xetpack.Digest(data)
		key := "lfs/" + string(d)
		if _, err := bed.Blobs.Create(ctx, key, bytes.NewReader(data), anyBytes); err != nil {
			b.Fatal(err)
		}
		if err := bed.DB.CompleteLFS(ctx, bed.repo(b).ID, d, benchSize, key, hub.Event{}); err != nil {
			b.Fatal(err)
		}
		start := cpu(b)
		b.StartTimer()
		if n, err := bed.xet.Packer().Round(ctx); err != nil || n != 1 {
			b.Fatal(n, err)
		}
		b.StopTimer()
		used += cpu(b) - start
		b.StartTimer()
	}
	ours := float64(b.N) * benchSize / used.Seconds()
	b.ReportMetric(ours/1e6, "MB/cpu-s")
	b.ReportMetric(anchor/1e6, "floor-MB/cpu-s")
	b.ReportMetric(ours/anchor, "of-floor")
}

// BenchmarkUpload takes an upload of incompressible data in, as the server meets it: xorbs are verified chunk by chunk and
// stored durably, the shard's proofs are checked, and the SHA-256 of the file is computed from what was stored. Beside
// it the floor of one core, which counts no input and output. Goal: 0.8 of that for each core that is used.
func BenchmarkUpload(b *testing.B) {
	data := noise(2, xorb.MaxUnpacked/2)
	anchor := floor(b, data)
	bed := newBed(b, xet.Config{})
	g := bed.grant(b, access.RepoWrite)
	b.SetBytes(int64(len(data)))
	var used time.Duration
	for i := range b.N {
		b.StopTimer()
		data[0], data[1], data[2] = byte(i), byte(i>>8), byte(i>>16)
		p := pack(b, data)
		text := shardOf(b, p, p.File.SHA256)
		start := cpu(b)
		b.StartTimer()
		if _, err := bed.xet.PutXorb(ctx, g, p.Xorb, bytes.NewReader(p.Bytes)); err != nil {
			b.Fatal(err)
		}
		u, err := bed.xet.ReadShard(ctx, g, bytes.NewReader(text))
		if err == nil {
			err = u.Register(ctx, hub.Event{}, nil)
		}
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		used += cpu(b) - start
		b.StartTimer()
	}
	ours := float64(b.N) * float64(len(data)) / used.Seconds()
	b.ReportMetric(ours/1e6, "MB/cpu-s")
	b.ReportMetric(anchor/1e6, "floor-MB/cpu-s")
	b.ReportMetric(ours/anchor, "of-floor")
}

// BenchmarkPlainContent reads a file as plain bytes.
func BenchmarkPlainContent(b *testing.B) {
	for name, data := range map[string][]byte{
		"random": noise(3, 32<<20), "text": []byte(strings.Repeat("0123456789 some words that compress well, and a number\n", 32<<20/56)),
	} {
		b.Run(name, func(b *testing.B) {
			bed := newBed(b, xet.Config{})
			_, file := bed.put(b, data)
			row, err := bed.DB.XetFileOf(ctx, bed.repo(b).ID, file)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				o, err := bed.xet.Open(ctx, row.ID)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, struct{ io.Reader }{o}); err != nil {
					b.Fatal(err)
				}
				o.Close()
			}
		})
	}
}
