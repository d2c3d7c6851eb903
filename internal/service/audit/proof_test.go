package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/auditchain"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/audit"
)

// many records n events and makes a checkpoint.
func (w *world) many(n int, ns hub.ID) {
	w.t.Helper()
	for n > 0 {
		batch := make([]hub.Event, min(n, 500))
		for i := range batch {
			batch[i] = hub.Event{Type: "repo.create", ActorName: "alice", NamespaceID: ns, Message: fmt.Sprint("event ", i), IP: "192.0.2.7", At: w.now}
		}
		w.must(w.db.RecordEvents(w.ctx, batch...))
		n -= len(batch)
	}
	w.must(w.svc.Checkpoint(w.ctx))
}

// proves fails unless the event with a number has a proof that holds after a way through JSON.
func (w *world) proves(seq int64) auditchain.Proof {
	w.t.Helper()
	p, err := w.svc.ProveAny(w.ctx, w.op, fmt.Sprint(seq))
	if err != nil {
		w.t.Fatalf("event %d: %v", seq, err)
	}
	b, err := json.Marshal(p)
	w.must(err)
	var q auditchain.Proof
	w.must(json.Unmarshal(b, &q))
	key, err := auditchain.VerifierKey(instance, w.opts.Seeds[0])
	w.must(err)
	c, err := q.Check(key)
	if err != nil || q.Event.Seq != seq || c.Size < seq {
		w.t.Fatalf("event %d: %+v %v", seq, c, err)
	}
	return q
}

// TestProofs proves events at all sorts of places of a log that grew in odd steps, with the subtrees that are kept and
// without, and after retention took a part in the middle of one.
func TestProofs(t *testing.T) {
	both(t, func(w *world) {
		w.opts.Retention = time.Hour
		w.open()
		places := []int64{1, 2, 511, 1023, 1024, 1025, 1500, 2048, 2049, 2100}
		for _, n := range []int{1, 700, 800, 599} {
			w.many(n, "")
		}
		for _, seq := range places {
			w.proves(seq)
		}
		w.exec("DELETE FROM audit_subtrees")
		w.proves(3)
		w.proves(2000)
		w.now = w.now.Add(50 * time.Minute)
		w.many(1100, "") // the cut will be at 2100, which is no whole subtree
		w.now = w.now.Add(30 * time.Minute)
		w.must(runOnce(w))
		for _, seq := range []int64{2101, 2102, 2560, 3072, 3073, 3200} {
			w.proves(seq)
		}
		if _, err := w.svc.ProveAny(w.ctx, w.op, "2100"); !hub.Is(err, hub.NotFound) {
			w.t.Errorf("an event that is gone: %v", err)
		}
		for text, code := range map[string]hub.Code{"0": hub.InvalidInput, "x": hub.InvalidInput, "99999": hub.NotFound, strings.Repeat("f", 24): hub.NotFound} {
			if _, err := w.svc.ProveAny(w.ctx, w.op, text); !hub.Is(err, code) {
				w.t.Errorf("%s: %v", text, err)
			}
		}
		// One that no checkpoint is of yet gets one.
		w.must(w.db.RecordEvents(w.ctx, hub.Event{Type: "new"}))
		rows, err := w.db.AuditEvents(w.ctx, hub.AuditQuery{Limit: 1})
		w.must(err)
		w.proves(rows[0].Seq)
	})
}

// TestProofsAreOfThatEvent changes everything in a proof, one thing at a time.
func TestProofsAreOfThatEvent(t *testing.T) {
	both(t, func(w *world) {
		w.many(50, hub.NewID())
		good := w.proves(17)
		key := good.Key
		text, err := json.Marshal(good)
		w.must(err)
		var all map[string]json.RawMessage
		w.must(json.Unmarshal(text, &all))
		var event map[string]any
		w.must(json.Unmarshal(all["event"], &event))
		for field := range event {
			var p auditchain.Proof
			w.must(json.Unmarshal(text, &p))
			changed := map[string]any{}
			for k, v := range event {
				changed[k] = v
			}
			switch field {
			case "seq":
				changed[field] = 18
			case "at":
				changed[field] = w.now.Add(time.Microsecond)
			default:
				changed[field] = "x"
			}
			b, err := json.Marshal(changed)
			w.must(err)
			p.Event = auditchain.ProvenEvent{}
			w.must(json.Unmarshal(b, &p.Event))
			if _, err := p.Check(key); err == nil {
				w.t.Errorf("a proof with another %s holds", field)
			}
		}
		for name, change := range map[string]func(*auditchain.Proof){
			"path":       func(p *auditchain.Proof) { p.Path[0][0]++ },
			"short path": func(p *auditchain.Proof) { p.Path = p.Path[1:] },
			"checkpoint": func(p *auditchain.Proof) { p.Checkpoint = strings.Replace(p.Checkpoint, "\n50\n", "\n51\n", 1) },
			"format":     func(p *auditchain.Proof) { p.Format = "" },
			"number":     func(p *auditchain.Proof) { p.Event.Seq = 51 },
		} {
			var p auditchain.Proof
			w.must(json.Unmarshal(text, &p))
			change(&p)
			if _, err := p.Check(key); err == nil {
				w.t.Errorf("a proof with another %s holds", name)
			}
		}
		other, err := auditchain.VerifierKey(instance, [32]byte{9})
		w.must(err)
		if _, err := good.Check(other); err == nil {
			w.t.Error("a proof holds under another key")
		}
	})
}

// TestOrganizationProof proves to an administrator what is the organization's, and nothing else, without the address.
func TestOrganizationProof(t *testing.T) {
	both(t, func(w *world) {
		alice := hub.User{ID: hub.NewID(), Name: "alice", CreatedAt: w.now}
		w.must(w.db.CreateUser(w.ctx, alice, "", hub.Event{}))
		acme, other := hub.Organization{ID: hub.NewID(), Name: "acme", CreatedAt: w.now}, hub.Organization{ID: hub.NewID(), Name: "other", CreatedAt: w.now}
		w.must(w.db.CreateOrg(w.ctx, acme, alice.ID, hub.Event{}))
		w.must(w.db.CreateOrg(w.ctx, other, alice.ID, hub.Event{}))
		w.many(3, acme.ID)
		w.many(3, other.ID)
		facts, err := w.db.UserFacts(w.ctx, alice.ID)
		w.must(err)
		g, err := access.NewAuthorizer(w.db, access.Options{}).Authorize(w.ctx, access.NewSubject(facts, access.Credential{}),
			access.Need{Action: audit.ExportAction, Target: access.Namespace("acme")})
		w.must(err)
		last := func(ns hub.ID) hub.AuditRow {
			rows, err := w.db.AuditEvents(w.ctx, hub.AuditQuery{Namespace: ns, Limit: 1})
			w.must(err)
			return rows[0]
		}
		row := last(acme.ID)
		p, err := w.svc.Prove(w.ctx, g, row.ID, hub.Event{ActorName: "alice"})
		w.must(err)
		if _, err := p.Check(p.Key); err != nil || p.Event.ID != row.ID {
			w.t.Errorf("%+v %v", p.Event, err)
		}
		text, err := json.Marshal(p)
		w.must(err)
		if strings.Contains(string(text), row.IP) || strings.Contains(string(text), row.IPSalt) || p.Event.AddressHash == "" {
			w.t.Errorf("the proof tells the address: %s", text)
		}
		if r := last(acme.ID); r.Type != "org.audit_log.proof" || r.TargetID != row.ID {
			w.t.Errorf("the proof is not in the log: %+v", r)
		}
		for name, id := range map[string]hub.ID{"another organization's event": last(other.ID).ID, "no event": hub.NewID()} {
			if _, err := w.svc.Prove(w.ctx, g, id, hub.Event{}); !hub.Is(err, hub.NotFound) {
				w.t.Errorf("%s: %v", name, err)
			}
		}
		// An event of before addresses were concealed would tell it.
		w.exec("UPDATE audit_log SET ip_salt = '' WHERE id = '" + string(row.ID) + "'")
		if _, err := w.svc.Prove(w.ctx, g, row.ID, hub.Event{}); !hub.Is(err, hub.Conflict) {
			w.t.Errorf("an old event: %v", err)
		}
	})
}

// TestCheckpointsArePosted hands out the newest checkpoint, again when that failed, and once when it did not.
func TestCheckpointsArePosted(t *testing.T) {
	both(t, func(w *world) {
		var got []int64
		fail := true
		w.opts.Post = func(_ context.Context, c audit.Checkpoint) error {
			if fail {
				return errors.New("not there")
			}
			got = append(got, c.Size)
			return nil
		}
		w.open()
		w.must(w.db.RecordEvents(w.ctx, hub.Event{Type: "a"}))
		if err := w.svc.Checkpoint(w.ctx); err == nil {
			w.t.Error("nobody hears of the failure")
		}
		w.must(w.db.RecordEvents(w.ctx, hub.Event{Type: "b"}))
		fail = false
		for range 3 {
			w.must(w.svc.Checkpoint(w.ctx))
		}
		if len(got) != 1 || got[0] != 2 {
			w.t.Errorf("posted %v", got)
		}
	})
}

// TestVerifyTypes stores what SQLite allows and we never do: bytes and text where they do not belong, separators in texts.
func TestVerifyTypes(t *testing.T) {
	both(t, func(w *world) {
		if w.db.Engine() != "sqlite" {
			return // PostgreSQL's columns hold nothing else
		}
		for _, change := range []string{"target_id = x'3031'", "message = message || char(0)", "message = '', ip = char(0) || message", "at = 'soon'"} {
			w.events(3)
			w.exec("UPDATE audit_log SET " + change + " WHERE seq = 2")
			if p := w.problems(); len(p) == 0 || !strings.HasPrefix(p[0], "2 ") {
				w.t.Errorf("%s: got %q", change, p)
			}
			w.exec("UPDATE audit_log SET target_id = '', message = 'event 1', ip = '', at = (SELECT at FROM audit_log WHERE seq = 1) WHERE seq = 2")
		}
	})
}
