package meta

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

// cutter stands between us and PostgreSQL and cuts the connection at COMMIT when told to.
type cutter struct {
	t               *testing.T
	network, server string
	cut             atomic.Int32 // 0 never; 1 before the server gets the next COMMIT; 2 after it has answered it
	cuts            atomic.Int32
}

// startCutter returns the cutter and the URL that leads through it.
func startCutter(t *testing.T, server string) (*cutter, string) {
	cfg, err := pgx.ParseConfig(server)
	must(t, err)
	c := &cutter{t: t}
	c.network, c.server = pgconn.NetworkAddress(cfg.Host, cfg.Port)
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go c.serve(client)
		}
	}()
	u, err := url.Parse(server)
	must(t, err)
	q := u.Query()
	q.Set("host", dir)
	q.Set("sslmode", "disable")
	u.Host, u.RawQuery = "", q.Encode()
	return c, u.String()
}

func (c *cutter) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial(c.network, c.server)
	if err != nil {
		c.t.Error(err)
		return
	}
	defer server.Close()
	var muted atomic.Bool // the server's answers end here
	go func() {
		defer client.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if err != nil || muted.Load() { // the COMMIT has been answered, and only we know it
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	for first := true; ; first = false {
		msg, err := message(client, first)
		if err != nil {
			return
		}
		if !first && msg[0] == 'Q' && strings.HasPrefix(strings.ToLower(string(msg[5:])), "commit") {
			switch c.cut.Swap(0) {
			case 1:
				c.cuts.Add(1)
				return
			case 2:
				c.cuts.Add(1)
				muted.Store(true)
			}
		}
		if _, err := server.Write(msg); err != nil {
			return
		}
	}
}

// message reads one message of a client. The first one has no letter before its length.
func message(r io.Reader, first bool) ([]byte, error) {
	head := make([]byte, 5)
	if first {
		head = head[:4]
	}
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	rest := make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)
	_, err := io.ReadFull(r, rest)
	return append(head, rest...), err
}

// TestAmbiguousCommit loses the connection just before and just after the server commits. The caller must learn the truth
// both times, and the change must be there exactly once.
func TestAmbiguousCommit(t *testing.T) {
	for name, when := range map[string]int32{"before": 1, "after": 2} {
		t.Run(name, func(t *testing.T) {
			server := pgtest.URL(t)
			direct := openAt(t, server)
			alice := addUser(t, direct, "alice")
			c, through := startCutter(t, server)
			db := openAt(t, through)

			r := hub.Repo{ID: hub.NewID(), NamespaceID: alice.ID, RepoID: hub.RepoID{Type: hub.Model, Name: "r"}}
			c.cut.Store(when)
			must(t, db.CreateRepo(ctx, r, hub.Publication{ID: hub.NewID()}, hub.Event{}))
			c.cut.Store(when)
			gen, err := db.Publish(ctx, change(r.ID, "refs/heads/main", hub.ZeroOID, oid(1)))
			must(t, err)
			if c.cuts.Load() != 2 {
				t.Fatalf("%d connections were cut", c.cuts.Load())
			}
			got, err := direct.RepoByID(ctx, r.ID)
			must(t, err)
			if got.Gen != 2 || gen != 2 {
				t.Errorf("generation %d, told %d", got.Gen, gen)
			}
			kinds := map[string]int{}
			events, err := direct.ListEvents(ctx, "", 100)
			must(t, err)
			for _, e := range events {
				kinds[e.Type]++
			}
			same(t, "events", kinds, map[string]int{"user.create": 1, "repo.create": 1, "repo.publish": 1})

			// Without a name to look it up by, the caller is told that it is not known.
			c.cut.Store(when)
			wantCode(t, db.PutSetting(ctx, "a", "b"), hub.Unavailable)
		})
	}
}
