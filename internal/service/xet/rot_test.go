package xet_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/shard"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/storage"
	"github.com/ambit-hub/ambit/internal/service/xet"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
	"github.com/ambit-hub/ambit/internal/testkit"
	"github.com/ambit-hub/ambit/internal/testkit/xetpack"
)

var ctx = context.Background()

// bed is a hub whose chunks lie in a folder that a test can damage.
type bed struct {
	*testkit.Hub
	xet    *xet.Service
	folder string
	logged *[]string
}

func newBed(t testing.TB, cfg xet.Config) *bed {
	t.Helper()
	b := &bed{folder: t.TempDir(), logged: &[]string{}}
	blobs, err := fs.New(b.folder)
	if err != nil {
		t.Fatal(err)
	}
	b.Hub = testkit.New(t, func(h *testkit.Hub) {
		b.xet = xet.New(cfg, xet.Deps{Meta: h.DB, Git: h.Git, Blobs: h.Blobs, Authz: h.Zone, Key: h.Keys.Derive("test"),
			LogError: func(_ context.Context, msg string, err error) { *b.logged = append(*b.logged, msg+": "+err.Error()) }})
	}, testkit.WithBlobs(blobs))
	b.World()
	return b
}

func (b *bed) grant(t testing.TB, action access.Action) access.Grant {
	t.Helper()
	id := hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "secret"}
	g, err := b.Zone.Authorize(ctx, b.Subject("alice.write"), access.Need{Action: action, Target: access.Repo(id)})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func noise(seed byte, n int) []byte {
	out := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(out)
	return out
}

// anyBytes promises nothing of an object.
var anyBytes = blob.Expect{Size: -1, NoSum: true}

func pack(t testing.TB, data []byte) xetpack.Packed {
	t.Helper()
	p, err := xetpack.Pack(data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// shardOf writes a shard for one file, claiming a SHA-256 or none.
func shardOf(t testing.TB, p xetpack.Packed, claim hub.Digest) []byte {
	t.Helper()
	p.File.SHA256 = claim
	text, err := xetpack.Shard([]shard.File{p.File})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// put uploads data as one xorb and registers it; it returns the xorb's name and the file's.
func (b *bed) put(t testing.TB, data []byte) (name, file xethash.Hash) {
	t.Helper()
	p := pack(t, data)
	g := b.grant(t, access.RepoWrite)
	if _, err := b.xet.PutXorb(ctx, g, p.Xorb, bytes.NewReader(p.Bytes)); err != nil {
		t.Fatal(err)
	}
	u, err := b.xet.ReadShard(ctx, g, bytes.NewReader(shardOf(t, p, "")))
	if err == nil {
		err = u.Register(ctx, hub.Event{}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p.Xorb, p.File.Hash
}

// object returns the path of a stored xorb.
func (b *bed) object(t *testing.T, name xethash.Hash) string {
	t.Helper()
	s := name.String()
	return filepath.Join(b.folder, "xorb", s[:2], s[2:4], s)
}

func (b *bed) read(t *testing.T, file xethash.Hash) ([]byte, error) {
	t.Helper()
	row, err := b.DB.XetFileOf(ctx, b.repo(t).ID, file)
	if err != nil {
		t.Fatal(err)
	}
	o, err := b.xet.Open(ctx, row.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	return io.ReadAll(o)
}

// TestRot damages stored bytes: downloads break off, the scrubber and the operator's check see it, and an upload heals it.
func TestRot(t *testing.T) {
	for what, damage := range map[string]func([]byte) []byte{
		"a bit of a chunk": func(b []byte) []byte { b[100_000] ^= 4; return b },
		"a chunk's header": func(b []byte) []byte { b[1] ^= 1; return b },
		"the table":        func(b []byte) []byte { b[len(b)-20] ^= 1; return b },
		"the trailer":      func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"the end":          func(b []byte) []byte { return b[:len(b)/2] },
		"everything":       func([]byte) []byte { return nil },
	} {
		t.Run(what, func(t *testing.T) {
			b := newBed(t, xet.Config{ScrubEvery: -time.Hour, TableCache: 1})
			data := noise(1, 500_000)
			name, file := b.put(t, data)
			b.put(t, noise(2, 100_000)) // takes the table's place in memory
			if got, err := b.read(t, file); err != nil || !bytes.Equal(got, data) {
				t.Fatalf("before: %v", err)
			}
			if n, err := b.xet.Worker().Scrub(ctx, 10); err != nil || n != 0 {
				t.Fatalf("before: %d rotten, %v", n, err)
			}
			text, err := os.ReadFile(b.object(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(b.object(t, name), damage(text), 0o600); err != nil {
				t.Fatal(err)
			}
			b.put(t, noise(3, 100_000))
			if got, err := b.read(t, file); err == nil || len(got) > 0 && !bytes.HasPrefix(data, got) {
				t.Errorf("%d bytes came of damaged ones: %v", len(got), err)
			}
			check := storage.New(b.DB, b.Blobs, b.xet)
			admin, err := b.Zone.Authorize(ctx, access.Operator(), access.Need{Action: access.InstanceAdmin, Target: access.Hub()})
			if err != nil {
				t.Fatal(err)
			}
			p, err := check.Verify(ctx, admin, "")
			if err != nil || len(p.Damaged) != 1 || p.Damaged[0].ID != name.String() || p.Objects < 3 || p.Next != "" {
				t.Errorf("the check says %+v, %v", p, err)
			}
			if n, err := b.xet.Worker().Scrub(ctx, 10); err != nil || n != 1 {
				t.Errorf("%d rotten, %v", n, err)
			}
			if _, totals, err := check.Usage(ctx, admin); err != nil || totals.Rotten != 1 || totals.Xorbs != 3 {
				t.Errorf("totals %+v, %v", totals, err)
			}
			if log := strings.Join(*b.logged, "\n"); !strings.Contains(log, name.String()) {
				t.Errorf("the log does not name the xorb: %s", log)
			}
			b.put(t, data)
			if got, err := b.read(t, file); err != nil || !bytes.Equal(got, data) {
				t.Errorf("after the upload: %v", err)
			}
			if n, err := b.xet.Worker().Scrub(ctx, 10); err != nil || n != 0 {
				t.Errorf("after the upload: %d rotten, %v", n, err)
			}
			left, err := filepath.Glob(filepath.Join(b.folder, "xorb-new", "*", "*", "*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left: %v %v", left, err)
			}
		})
	}
}

// TestSweep takes away what nobody needs, and nothing else.
func TestSweep(t *testing.T) {
	b := newBed(t, xet.Config{Window: -time.Hour, XorbGrace: -time.Hour})
	name, _ := b.put(t, noise(1, 100_000))
	before := b.path(t)
	var total xet.Swept
	for range 3 {
		n, err := b.xet.Worker().Sweep(ctx)
		if err != nil {
			t.Fatal(err)
		}
		total.Links, total.Files, total.Holdings, total.Xorbs = total.Links+n.Links, total.Files+n.Files, total.Holdings+n.Holdings, total.Xorbs+n.Xorbs
	}
	if total != (xet.Swept{Links: 1, Files: 1, Holdings: 1, Xorbs: 1}) {
		t.Errorf("swept %+v", total)
	}
	if _, err := os.Stat(b.object(t, name)); !os.IsNotExist(err) {
		t.Errorf("the bytes are left: %v", err)
	}
	if b.path(t) == before {
		t.Errorf("clients go on remembering what is gone, under %s", before)
	}
	b.put(t, noise(1, 100_000)) // may come back
}

// path is the address under which clients remember chunks now.
func (b *bed) path(t testing.TB) string {
	t.Helper()
	c, err := b.xet.Write(ctx, b.grant(t, access.RepoWrite), "")
	if err != nil {
		t.Fatal(err)
	}
	return c.Path
}

func (b *bed) repo(t testing.TB) hub.Repo {
	t.Helper()
	r, err := b.grant(t, access.RepoWrite).Repo(access.RepoWrite)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
