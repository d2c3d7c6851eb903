package audit_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/audit"
	"github.com/ambit-hub/ambit/internal/store/meta"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

const instance = "019abc019abc019abc019abc"

// world is a log of a hub whose database a test can open behind its back.
type world struct {
	t    *testing.T
	ctx  context.Context
	db   *meta.DB
	raw  *sql.DB
	svc  *audit.Service
	opts audit.Options
	op   access.Grant
	now  time.Time
}

func both(t *testing.T, test func(w *world)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			dir := t.TempDir()
			url, driver := filepath.Join(dir, "ambit.db"), "sqlite"
			if engine == "postgres" {
				url, driver = pgtest.URL(t), "pgx"
			}
			w := &world{t: t, ctx: context.Background(), now: time.Now().UTC().Truncate(time.Second)}
			var err error
			w.db, err = meta.Open(w.ctx, meta.Options{URL: url})
			w.must(err)
			t.Cleanup(func() { w.db.Close() })
			w.raw, err = sql.Open(driver, url)
			w.must(err)
			t.Cleanup(func() { w.raw.Close() })
			w.opts = audit.Options{Instance: instance, Seeds: [][32]byte{{1}}, File: filepath.Join(dir, "checkpoints"), Now: func() time.Time { return w.now }}
			w.open()
			w.op, err = access.NewAuthorizer(w.db, access.Options{}).Authorize(w.ctx, access.Operator(), access.Need{Action: access.InstanceAdmin, Target: access.Hub()})
			w.must(err)
			test(w)
		})
	}
}

func (w *world) open() {
	var err error
	w.svc, err = audit.New(w.db, w.opts)
	w.must(err)
}

func (w *world) must(err error) {
	if err != nil {
		w.t.Helper()
		w.t.Fatal(err)
	}
}

// events records n events and makes a checkpoint.
func (w *world) events(n int) {
	w.t.Helper()
	for i := range n {
		w.must(w.db.RecordEvents(w.ctx, hub.Event{Type: "repo.create", ActorName: "alice", Message: fmt.Sprint("event ", i), At: w.now}))
	}
	w.must(w.svc.Checkpoint(w.ctx))
}

func (w *world) exec(text string) {
	w.t.Helper()
	_, err := w.raw.ExecContext(w.ctx, text)
	w.must(err)
}

// problems returns what verifying says, as "seq text" lines.
func (w *world) problems() []string {
	w.t.Helper()
	r, err := w.svc.Verify(w.ctx, w.op)
	w.must(err)
	var out []string
	for _, p := range r.Problems {
		out = append(out, fmt.Sprint(p.Seq, " ", p.Text))
	}
	return out
}

func (w *world) sound() {
	w.t.Helper()
	if p := w.problems(); p != nil {
		w.t.Fatalf("a sound log has problems:\n%s", strings.Join(p, "\n"))
	}
}

// TestVerify changes the log behind the hub's back in every way and wants to be told where.
func TestVerify(t *testing.T) {
	columns := []string{"type", "actor_id", "actor_name", "token_id", "namespace_id", "repo_id", "target_id", "message", "ip", "user_agent", "id"}
	for _, c := range columns {
		t.Run("column "+c, func(t *testing.T) {
			both(t, func(w *world) {
				w.events(5)
				w.exec("UPDATE audit_log SET " + c + " = '00000000000000000000000f' WHERE seq = 3")
				if p := w.problems(); len(p) < 1 || !strings.HasPrefix(p[0], "3 ") {
					w.t.Errorf("got %q", p)
				}
			})
		})
	}
	for name, c := range map[string]struct {
		do   func(w *world)
		want string // how the first problem begins
	}{
		"time":                     {func(w *world) { w.exec("UPDATE audit_log SET at = at + 1 WHERE seq = 4") }, "4 Event 4"},
		"deleted":                  {func(w *world) { w.exec("DELETE FROM audit_log WHERE seq = 4") }, "4 Event 4 is missing"},
		"deleted at the beginning": {func(w *world) { w.exec("DELETE FROM audit_log WHERE seq <= 3") }, "1 Events 1 to 3 are missing"},
		"cut":                      {func(w *world) { w.exec("DELETE FROM audit_log WHERE seq > 7") }, "8 The log ends at event 7"},
		"all deleted":              {func(w *world) { w.exec("DELETE FROM audit_log") }, "1 The log ends at event 0"},
		"head":                     {func(w *world) { w.exec("UPDATE audit_head SET seq = 9") }, "10 There are events after number 9"},
		"head's hash":              {func(w *world) { w.exec("UPDATE audit_head SET hash = (SELECT hash FROM audit_log WHERE seq = 1)") }, "10 The head"},
		"exchanged": {func(w *world) {
			w.exec("UPDATE audit_log SET seq = -3 WHERE seq = 3")
			w.exec("UPDATE audit_log SET seq = 3 WHERE seq = 6")
			w.exec("UPDATE audit_log SET seq = 6 WHERE seq = -3")
		}, "3 Event 3"},
		"checkpoint": {func(w *world) { w.exec("UPDATE audit_checkpoints SET note = 'x' WHERE size = 5") }, "5 The checkpoint of 5 events"},
		"retention feigned": {func(w *world) {
			w.exec("DELETE FROM audit_log WHERE seq <= 5")
			w.exec("UPDATE audit_head SET base_seq = 5")
		}, "5 The events up to number 5 are gone, and no event tells"},
		"retention without checkpoint": {func(w *world) {
			w.exec("DELETE FROM audit_log WHERE seq <= 4")
			w.exec("UPDATE audit_head SET base_seq = 4")
		}, "4 The events up to number 4 are gone, and no signed checkpoint"},
		"end cut with its head": {func(w *world) {
			w.exec("DELETE FROM audit_checkpoints WHERE size > 5")
			w.exec("DELETE FROM audit_log WHERE seq > 7")
			w.exec("UPDATE audit_head SET seq = 7, hash = (SELECT hash FROM audit_log WHERE seq = 7)")
		}, "8 A signed checkpoint in the file of checkpoints is of 10 events"},
		"file": {func(w *world) {
			b, err := os.ReadFile(w.opts.File)
			w.must(err)
			w.must(os.WriteFile(w.opts.File, []byte(strings.Replace(string(b), "\n5\n", "\n6\n", 1)), 0o600))
		}, "0 The file of checkpoints"},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(w *world) {
				w.events(5)
				w.events(5)
				w.sound()
				c.do(w)
				if p := w.problems(); len(p) == 0 || !strings.HasPrefix(p[0], c.want) {
					w.t.Errorf("got %q, want %q", p, c.want)
				}
			})
		})
	}
}

// TestVerifyRecomputed lets somebody who can write the database, but has no key, write a whole new chain.
func TestVerifyRecomputed(t *testing.T) {
	both(t, func(w *world) {
		w.events(6)
		w.events(4)
		var rows []hub.AuditRow
		w.must(w.db.ScanAudit(w.ctx, 0, 100, func(r *hub.AuditRow) error {
			rows = append(rows, r.Clone())
			return nil
		}))
		w.exec("DELETE FROM audit_log")
		w.exec("DELETE FROM audit_checkpoints")
		w.raw.ExecContext(w.ctx, "UPDATE audit_head SET seq = 0, hash = "+map[string]string{"sqlite": "zeroblob(32)", "postgres": `decode(repeat('00', 32), 'hex')`}[w.db.Engine()])
		for _, r := range rows {
			if r.Seq == 8 {
				r.Message = "nothing happened"
			}
			w.must(w.db.RecordEvents(w.ctx, r.Event))
		}
		p := w.problems()
		if len(p) != 1 || !strings.Contains(p[0], "signed checkpoint of 6 events in the file") {
			w.t.Errorf("got %q", p)
		}
	})
}

// TestNothingBrokenIsSigned changes an event that no checkpoint covers yet.
func TestNothingBrokenIsSigned(t *testing.T) {
	both(t, func(w *world) {
		w.events(3)
		w.must(w.db.RecordEvents(w.ctx, hub.Event{Type: "a", Message: "b"}))
		w.must(w.db.SealEvents(w.ctx))
		w.exec("UPDATE audit_log SET message = 'c' WHERE seq = 4")
		if err := w.svc.Checkpoint(w.ctx); err == nil {
			w.t.Error("a changed event was signed")
		}
		if p := w.problems(); len(p) == 0 {
			w.t.Error("it was not noticed either")
		}
	})
}

// TestRetention deletes old events and still vouches for the rest.
func TestRetention(t *testing.T) {
	both(t, func(w *world) {
		w.opts.Retention = time.Hour
		w.open()
		w.events(5)
		w.now = w.now.Add(50 * time.Minute)
		w.events(5)
		w.now = w.now.Add(20 * time.Minute)
		ctx, stop := context.WithCancel(w.ctx)
		stop()
		w.must(w.svc.Run(ctx)) // once
		w.must(runOnce(w))
		r, err := w.svc.Verify(w.ctx, w.op)
		w.must(err)
		if !r.OK() || r.First != 6 || r.Events != 6 {
			w.t.Fatalf("%+v", r)
		}
		w.events(3)
		w.open() // from the file
		w.events(1)
		w.sound()
	})
}

// runOnce runs the service until the first round is over.
func runOnce(w *world) error {
	ctx, stop := context.WithCancel(w.ctx)
	done := make(chan error)
	go func() { done <- w.svc.Run(ctx) }()
	for {
		if h, err := w.db.AuditHead(w.ctx); err != nil || h.Base > 0 {
			stop()
			return errors.Join(err, <-done)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestOlderCopy puts an older copy of the database back, as an operator does or somebody who wants to hide something: it is
// told once, the checkpoints of what comes then do not wait, and after the file was put away a new one vouches for the log.
func TestOlderCopy(t *testing.T) {
	both(t, func(w *world) {
		var told []string
		w.opts.LogError = func(_ context.Context, msg string, err error) { told = append(told, msg+": "+err.Error()) }
		w.open()
		w.events(3)
		w.events(3)
		w.exec("DELETE FROM audit_log WHERE seq > 3")
		w.exec("DELETE FROM audit_checkpoints WHERE size > 3")
		w.exec("UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit_log WHERE seq = 3)")
		w.now = w.now.Add(-time.Hour) // whatever the clock says
		w.open()
		w.must(w.svc.Checkpoint(w.ctx))
		w.must(w.svc.Checkpoint(w.ctx))
		if len(told) != 1 || !strings.Contains(told[0], "a checkpoint of 6 events that the database does not have") {
			w.t.Errorf("told %q", told)
		}
		w.events(1)
		w.events(1)
		b, err := os.ReadFile(w.opts.File)
		w.must(err)
		if got := sizes(string(b)); got != "3 6 4 5" {
			w.t.Errorf("the file has checkpoints of %s events", got)
		}
		if p := strings.Join(w.problems(), "\n"); !strings.Contains(p, "an older copy of the database was put back") {
			w.t.Errorf("problems: %s", p)
		}
		w.must(os.Rename(w.opts.File, w.opts.File+".before"))
		w.must(w.svc.Checkpoint(w.ctx))
		b, err = os.ReadFile(w.opts.File)
		w.must(err)
		if got := sizes(string(b)); got != "3 4 5" {
			w.t.Errorf("the new file has checkpoints of %s events", got)
		}
		w.sound()
		if len(told) != 1 {
			w.t.Errorf("told %q", told)
		}
	})
}

// sizes returns the numbers of events that a file of checkpoints names.
func sizes(file string) string {
	var out []string
	lines := strings.Split(file, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "ambit-audit/") {
			out = append(out, lines[i+1])
		}
	}
	return strings.Join(out, " ")
}

// TestTornFile cuts the file of checkpoints in the middle of a note, as a crash does.
func TestTornFile(t *testing.T) {
	both(t, func(w *world) {
		w.events(2)
		w.events(2)
		b, err := os.ReadFile(w.opts.File)
		w.must(err)
		w.must(os.WriteFile(w.opts.File, b[:len(b)-30], 0o600))
		w.open()
		w.events(1)
		w.sound()
		r, err := w.svc.Verify(w.ctx, w.op)
		w.must(err)
		if r.Outside != 3 || r.Checkpoints != 3 {
			w.t.Errorf("%+v", r)
		}
	})
}

// TestKeysRotate holds that checkpoints under an older key count, and those under a foreign one do not.
func TestKeysRotate(t *testing.T) {
	both(t, func(w *world) {
		w.events(2)
		w.opts.Seeds = [][32]byte{{2}, {1}}
		w.open()
		w.events(2)
		w.sound()
		w.opts.Seeds = [][32]byte{{2}}
		w.open()
		if p := w.problems(); len(p) == 0 {
			w.t.Error("a foreign key's checkpoint counts")
		}
	})
}

func TestAnonymize(t *testing.T) {
	for in, want := range map[string]string{"192.0.2.77": "192.0.2.0", "2001:db8:1:2:3::4": "2001:db8:1::", "::ffff:192.0.2.77": "192.0.2.0",
		"fe80::1%eth0": "fe80::", "": "", "invalid IP": ""} {
		if got := audit.Anonymize(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestParseQuery(t *testing.T) {
	q, err := audit.ParseQuery("type:repo.* author:alice since:2027-01-31 made a thing")
	if err != nil || q.Type != "repo.*" || q.Actor != "alice" || q.Text != "made a thing" || q.Since.IsZero() {
		t.Errorf("%+v %v", q, err)
	}
	for _, bad := range []string{"token:x", "since:yesterday", "repo:acme/bert", strings.Repeat("long ", 300), "a\xff", "type:\x00",
		"since:2027-01-31 until:2027-01-31", "since:2027-02-01 until:2027-01-31T12:00:00Z"} {
		if _, err := audit.ParseQuery(bad); !hub.Is(err, hub.InvalidInput) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
