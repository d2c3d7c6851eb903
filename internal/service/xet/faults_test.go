package xet_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/xet"
	"github.com/ambit-hub/ambit/internal/store/blob/blobtest"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
	"github.com/ambit-hub/ambit/internal/testkit"
	"github.com/ambit-hub/ambit/internal/testkit/xetpack"
)

// frail is a hub whose disk fails when told to. It restarts by opening the same folder and the same rows anew.
type frail struct {
	*bed
	faults *blobtest.Faults
	n      uint64 // contents made so far
}

func newFrail(t *testing.T) *frail {
	f := &frail{bed: &bed{folder: t.TempDir(), logged: &[]string{}}, faults: blobtest.NewFaults()}
	blobs, err := fs.NewWith(f.folder, f.faults)
	if err != nil {
		t.Fatal(err)
	}
	f.Hub = testkit.New(t, func(h *testkit.Hub) {}, testkit.WithBlobs(blobs))
	f.World()
	f.restart(t)
	return f
}

func (f *frail) restart(t *testing.T) {
	t.Helper()
	f.faults.Fail(0, nil)
	blobs, err := fs.NewWith(f.folder, f.faults)
	if err != nil {
		t.Fatal(err)
	}
	f.Blobs = blobs
	f.xet = xet.New(xet.Config{Window: -time.Hour, XorbGrace: -time.Hour, ChunkAfter: -time.Hour}, xet.Deps{Meta: f.DB, Git: f.Git, Blobs: blobs, Authz: f.Zone, Key: f.Keys.Derive("test")})
}

// fresh returns content that was never there.
func (f *frail) fresh(size int) []byte {
	f.n++
	out := make([]byte, size)
	rand.NewChaCha8([32]byte(binary.BigEndian.AppendUint64(make([]byte, 24), f.n))).Read(out)
	return out
}

// deeds are what bytes come into the store by. prepare returns the deed itself, which may be repeated, and a way to read what it
// has acknowledged.
var deeds = map[string]func(t *testing.T, f *frail) (do func() error, read func() ([]byte, error), data []byte){
	"a new xorb and its file": func(t *testing.T, f *frail) (func() error, func() ([]byte, error), []byte) {
		data := f.fresh(150_000)
		return f.uploading(t, data)
	},
	"a damaged xorb that comes again": func(t *testing.T, f *frail) (func() error, func() ([]byte, error), []byte) {
		data := f.fresh(150_000)
		name, _ := f.put(t, data)
		text, err := os.ReadFile(f.object(t, name))
		if err != nil {
			t.Fatal(err)
		}
		text[1000] ^= 1
		if err := os.WriteFile(f.object(t, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := f.xet.Worker().Scrub(ctx, 1000); err != nil || n == 0 {
			if err := f.DB.SetXetChecked(ctx, name, true); err != nil {
				t.Fatal(err)
			}
		}
		return f.uploading(t, data)
	},
	"a xorb that is mostly dead": func(t *testing.T, f *frail) (func() error, func() ([]byte, error), []byte) {
		p := pack(t, f.fresh(400_000))
		g := f.grant(t, access.RepoWrite)
		if _, err := f.xet.PutXorb(ctx, g, p.Xorb, bytes.NewReader(p.Bytes)); err != nil {
			t.Fatal(err)
		}
		data := p.Data[:p.Table.Unpacked(0, 1)]
		p.File = shard.File{Ranged: true, Hash: xethash.File(p.Table.Leaves(0, 1)), Terms: []shard.Term{{Xorb: p.Xorb, End: 1,
			Unpacked: uint32(len(data)), Range: p.Table.RangeHash(0, 1)}}}
		u, err := f.xet.ReadShard(ctx, g, bytes.NewReader(shardOf(t, p, xetpack.Digest(data))))
		if err == nil {
			err = u.Register(ctx, hub.Event{}, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		do := func() error {
			_, _, err := f.xet.Worker().Compact(ctx)
			return err
		}
		return do, func() ([]byte, error) { return f.read(t, p.File.Hash) }, data
	},
	"a file that came in one piece": func(t *testing.T, f *frail) (func() error, func() ([]byte, error), []byte) {
		data := f.fresh(500_000)
		d := xetpack.Digest(data)
		if _, err := f.Blobs.Create(ctx, "lfs/"+string(d), bytes.NewReader(data), anyBytes); err != nil {
			t.Fatal(err)
		}
		if err := f.DB.CompleteLFS(ctx, f.repo(t).ID, d, int64(len(data)), "lfs/"+string(d), hub.Event{}); err != nil {
			t.Fatal(err)
		}
		do := func() error {
			_, err := f.xet.Packer().Round(ctx)
			return err
		}
		read := func() ([]byte, error) {
			o, err := f.xet.OpenDigest(ctx, f.repo(t).ID, d)
			if hub.Is(err, hub.NotFound) { // not yet chunked: then it lies as it came
				o, err = f.Blobs.Open(ctx, "lfs/"+string(d))
			}
			if err != nil {
				return nil, err
			}
			defer o.Close()
			return io.ReadAll(o)
		}
		return do, read, data
	},
}

func (f *frail) uploading(t *testing.T, data []byte) (func() error, func() ([]byte, error), []byte) {
	p := pack(t, data)
	g := f.grant(t, access.RepoWrite)
	do := func() error {
		_, err := f.xet.PutXorb(ctx, g, p.Xorb, bytes.NewReader(p.Bytes))
		if err != nil {
			return err
		}
		u, err := f.xet.ReadShard(ctx, g, bytes.NewReader(shardOf(t, p, p.File.SHA256)))
		if err == nil {
			err = u.Register(ctx, hub.Event{}, nil)
		}
		return err
	}
	return do, func() ([]byte, error) { return f.read(t, p.File.Hash) }, data
}

// TestDiskFailsAtEveryStep makes each operation of the disk fail once, and the process end at each, during everything that
// brings chunks into the store. What was acknowledged is there after the next start, byte for byte; what was not can be
// done again; a full disk is called that; and when nothing is needed any more, nothing is left.
func TestDiskFailsAtEveryStep(t *testing.T) {
	for name, prepare := range deeds {
		t.Run(name, func(t *testing.T) {
			f := newFrail(t)
			steps := 0
			try := func(what string, arm func(), code hub.Code) {
				t.Helper()
				do, read, data := prepare(t, f)
				arm()
				err := do()
				if steps == 0 {
					steps = len(f.faults.Steps())
				}
				if err != nil && (code == "" || hub.CodeOf(err) != code) {
					t.Errorf("%s: %v, want the code %q", what, err, code)
				}
				check := func(when string) {
					t.Helper()
					if got, err := read(); err != nil || !bytes.Equal(got, data) {
						t.Errorf("%s, %s: %d of %d bytes, %v", what, when, len(got), len(data), err)
					}
				}
				if err == nil {
					check("before the restart")
				}
				f.restart(t)
				if err == nil {
					check("after the restart")
				}
				if err := do(); err != nil {
					t.Errorf("%s: repeated: %v", what, err)
				}
				check("repeated")
				f.clear(t, what, xetpack.Digest(data))
			}
			try("nothing fails", func() { f.faults.Fail(0, nil) }, "")
			if steps < 5 {
				t.Fatalf("%d steps were seen", steps)
			}
			kinds := []struct {
				name string
				arm  func(n int)
				code hub.Code
			}{
				{"full", func(n int) { f.faults.Fail(n, syscall.ENOSPC) }, hub.InsufficientStorage},
				{"dying", func(n int) { f.faults.Fail(n, syscall.EIO) }, hub.Internal},
				{"killed", f.faults.Kill, hub.Internal},
			}
			rounds := 1
			if os.Getenv("AMBIT_FULL") != "" {
				rounds = 15 // some thousand faults, each time with other contents
			}
			for round := range rounds {
				for n := 1; n <= steps; n++ {
					for i, k := range kinds {
						if rounds > 1 || (n+i)%len(kinds) == 0 {
							try(fmt.Sprintf("round %d, step %d, %s", round, n, k.name), func() { k.arm(n) }, k.code)
						}
					}
				}
			}
		})
	}
}

// clear sweeps after everything has been let go of, and holds that the folder is empty then.
func (f *frail) clear(t *testing.T, what string, digest hub.Digest) {
	t.Helper()
	id := f.repo(t).ID
	gen, _, err := f.DB.LivePacks(ctx, id)
	if err == nil {
		_, err = f.DB.UnlinkLFS(ctx, id, gen, time.Now().Add(time.Hour), []hub.LFSObject{{Digest: digest}})
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if _, err := f.xet.Worker().Sweep(ctx); err != nil {
			t.Fatal(err)
		}
	}
	err = f.Blobs.Keys(ctx, "", func(key string, _ int64) error {
		if strings.HasPrefix(key, "xorb") {
			t.Errorf("%s: %s is left", what, key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
