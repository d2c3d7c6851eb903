package meta

import (
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestGateTransitions goes through the table of states and events of a gate.
func TestGateTransitions(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		ungated := addRepo(t, db, w.alice.ID, "ungated")
		for name, mode := range map[string]hub.GateMode{"auto": hub.GateAuto, "manual": hub.GateManual} {
			r := addRepo(t, db, w.alice.ID, "gated-"+name, func(r *hub.Repo) { r.Gated = mode })
			state := func(want hub.GateState, when string) {
				t.Helper()
				q, err := db.GateRequest(ctx, r.ID, hub.GateUser, w.bob.ID)
				if want == hub.GateNone {
					wantCode(t, err, hub.NotFound)
					return
				}
				must(t, err)
				if q.State != want {
					t.Errorf("%s, %s: %s, want %s", name, when, q.State, want)
				}
			}
			ask := func() {
				t.Helper()
				_, err := db.AskGate(ctx, r.ID, w.bob.ID, map[string]any{"why": "science"}, false, hub.Event{})
				must(t, err)
			}
			decide := func(to hub.GateState, code hub.Code) {
				t.Helper()
				_, err := db.DecideGate(ctx, r.ID, hub.GateUser, w.bob.ID, to, w.alice.ID, "no reason", time.Time{}, hub.Event{})
				wantCode(t, err, code)
			}
			decide(hub.GateAccepted, hub.NotFound)
			ask()
			first := hub.GatePending
			if mode == hub.GateAuto {
				first = hub.GateAccepted
			}
			state(first, "asked")
			ask()
			state(first, "asked again")
			if mode == hub.GateManual {
				must(t, db.CancelGate(ctx, r.ID, w.bob.ID, hub.Event{}))
				state(hub.GateNone, "taken back")
				ask()
				decide(hub.GateAccepted, "")
			}
			wantCode(t, db.CancelGate(ctx, r.ID, w.bob.ID, hub.Event{}), hub.NotFound)
			decide(hub.GateAccepted, hub.NotFound) // unchanged
			decide(hub.GatePending, "")
			state(hub.GatePending, "acceptance taken back")
			decide(hub.GateRejected, "")
			ask()
			state(hub.GateRejected, "asked after a rejection")
			decide(hub.GateReset, "")
			state(hub.GateReset, "put back")
			ask()
			state(hub.GatePending, "asked after it was put back")
			decide(hub.GateRejected, "")
			decide(hub.GateAccepted, "")
			state(hub.GateAccepted, "a rejection taken back")

			// The gate off and on again: what was decided returns.
			must(t, db.ChangeRepo(ctx, r.ID, hub.Event{}, func(r *hub.Repo) (string, error) { r.Gated = hub.Ungated; return "", nil }))
			decide(hub.GateRejected, hub.RepoNotGated)
			must(t, db.ChangeRepo(ctx, r.ID, hub.Event{}, func(r *hub.Repo) (string, error) { r.Gated = mode; return "", nil }))
			state(hub.GateAccepted, "off and on")
			list, err := db.GateRequests(ctx, r.ID, hub.GateUser, hub.GateAccepted, "", 10)
			must(t, err)
			if len(list) != 1 || list[0].SubjectName != "bob" || list[0].Email == "" || list[0].Fields["why"] != "science" {
				t.Errorf("listing: %+v", list)
			}
		}
		_, err := db.AskGate(ctx, ungated.ID, w.bob.ID, nil, false, hub.Event{})
		wantCode(t, err, hub.RepoNotGated)
		wantCode(t, db.GrantGate(ctx, ungated.ID, hub.GateUser, w.bob.ID, w.alice.ID, time.Time{}, hub.Event{}), hub.RepoNotGated)
	})
}

// TestGateGrants: people and more than people let in unasked, with an end or without, and what snapshots learn.
func TestGateGrants(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		r := addRepo(t, db, w.carol.ID, "gated", func(r *hub.Repo) { r.Gated = hub.GateManual })
		a := hub.ServiceAccount{ID: hub.NewID(), OrgID: w.acme.ID, Name: "robot"}
		must(t, db.CreateServiceAccount(ctx, a, hub.Event{}))
		g := hub.ResourceGroup{ID: hub.NewID(), OrgID: w.acme.ID, Name: "lab"}
		must(t, db.CreateGroup(ctx, g, []hub.GroupMember{{UserID: w.bob.ID, Role: hub.RoleRead}}, hub.Event{}))
		grant := func(kind hub.GateSubject, id hub.ID, until time.Time, code hub.Code) {
			t.Helper()
			wantCode(t, db.GrantGate(ctx, r.ID, kind, id, w.carol.ID, until, hub.Event{}), code)
		}
		gates := func() []hub.GateGrant {
			t.Helper()
			f, err := db.UserFacts(ctx, w.bob.ID)
			must(t, err)
			return f.Gates
		}
		grant(hub.GateUser, hub.NewID(), time.Time{}, hub.NotFound)
		until := testTime().Add(time.Hour)
		grant(hub.GateUser, w.bob.ID, until, "")
		grant(hub.GateUser, w.bob.ID, until, hub.InvalidInput)
		if got := gates(); len(got) != 1 || got[0].State != hub.GateAccepted || !got[0].Until.Equal(until) {
			t.Errorf("facts: %+v", got)
		}
		q, err := db.GateRequest(ctx, r.ID, hub.GateUser, w.bob.ID)
		must(t, err)
		if !q.Granted || q.Email != "" {
			t.Errorf("let in unasked, the address stays private: %+v", q)
		}
		grant(hub.GateOrg, w.acme.ID, time.Time{}, "")
		grant(hub.GateGroup, g.ID, time.Time{}, "")
		grant(hub.GateService, a.ID, time.Time{}, "")
		if got := gates(); len(got) != 3 {
			t.Errorf("facts with organization and group: %+v", got)
		}
		must(t, db.SetMember(ctx, w.acme.ID, w.bob.ID, hub.RoleNoAccess, hub.Event{}))
		if got := gates(); len(got) != 2 {
			t.Errorf("a member without access is not let in with the organization: %+v", got)
		}
		must(t, db.RemoveMember(ctx, w.acme.ID, w.bob.ID, hub.Event{}))
		if got := gates(); len(got) != 1 {
			t.Errorf("after leaving: %+v", got)
		}
		must(t, db.DeleteGroup(ctx, g.ID, hub.Event{}))
		must(t, db.DeleteServiceAccount(ctx, a.ID, hub.Event{}))
		list, err := db.GateRequests(ctx, r.ID, "", "", "", 10)
		must(t, err)
		if len(list) != 2 {
			t.Errorf("%d admissions left", len(list))
		}
		must(t, db.DeleteRepo(ctx, r.ID, hub.Event{}))
	})
}

// TestExpiredAcceptanceIsAskedAnew: in automatic mode too the owner decides then.
func TestExpiredAcceptanceIsAskedAnew(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		r := addRepo(t, db, w.carol.ID, "gated", func(r *hub.Repo) { r.Gated = hub.GateAuto })
		must(t, db.GrantGate(ctx, r.ID, hub.GateUser, w.bob.ID, w.carol.ID, testTime().Add(-time.Second), hub.Event{}))
		q, err := db.AskGate(ctx, r.ID, w.bob.ID, nil, false, hub.Event{})
		must(t, err)
		if q.State != hub.GatePending || !q.Until.IsZero() {
			t.Errorf("%+v", q)
		}
	})
}
