package tokens_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/serviceaccounts"
	"github.com/ambit-hub/ambit/internal/service/tokens"
)

// TestServiceTokensAreWatched: tokens of service accounts are rotated with an overlap, warned of, and watched like those of
// people; all admins of the organization hear of it, and nobody else.
func TestServiceTokensAreWatched(t *testing.T) {
	for _, fatal := range []bool{false, true} {
		t.Run(fmt.Sprint("fatal ", fatal), func(t *testing.T) {
			onEachEngine(t, tokens.Options{}, func(w *world) {
				alice, bob, carol := w.user("alice"), w.user("bob"), w.user("carol")
				acme := hub.Organization{ID: hub.NewID(), Name: "acme", DefaultVisibility: hub.Public, CreatedAt: w.clock()}
				w.must(w.db.CreateOrg(w.ctx, acme, alice.ID, hub.Event{}))
				w.must(w.db.SetMember(w.ctx, acme.ID, bob.ID, hub.RoleAdmin, hub.Event{}))
				w.must(w.db.SetMember(w.ctx, acme.ID, carol.ID, hub.RoleWrite, hub.Event{}))
				machines := serviceaccounts.New(w.db, w.keys, instance, serviceaccounts.Options{MaxOverlap: day, Now: w.clock})
				g := w.operator()
				account, _, err := machines.Create(w.ctx, g, "acme", serviceaccounts.NewAccount{Name: "ci"}, hub.Event{})
				w.must(err)
				end := w.clock().Add(10 * day)
				c, err := machines.CreateToken(w.ctx, g, "acme", account.ID, serviceaccounts.NewToken{Name: "deploy", Permissions: []hub.Permission{hub.PermRepoContentRead}, ExpiresAt: end}, hub.Event{})
				w.must(err)
				watcher := w.svc.Watcher(tokens.WatchOptions{ReuseRevokes: fatal})
				report := func(v secret.String) {
					t.Helper()
					_, digest := w.keys.TokenDigest(v)
					w.must(watcher.Reused(w.ctx, tokens.UnknownUse{Digests: [][]byte{digest}, IP: "203.0.113.7"}))
				}
				both := func(kind, rest string) []string {
					return []string{kind + " alice account=ci " + rest, kind + " bob account=ci " + rest}
				}
				reused := func(action string) (out []string) {
					for _, who := range []string{"alice", "bob"} {
						out = append(out, "service_token.reuse "+who+" account=ci action="+action+" address=203.0.113.7 agent=a program without a name organization=acme token=deploy")
					}
					return out
				}

				for _, bad := range []time.Duration{-1, day + 1} {
					if _, err := machines.RotateToken(w.ctx, g, "acme", account.ID, c.ID, serviceaccounts.Rotation{Overlap: bad}, hub.Event{}); !hub.Is(err, hub.InvalidInput) {
						t.Errorf("overlap %v: %v", bad, err)
					}
				}
				r, err := machines.RotateToken(w.ctx, g, "acme", account.ID, c.ID, serviceaccounts.Rotation{Overlap: time.Hour}, hub.Event{})
				w.must(err)
				if !r.ExpiresAt.Equal(end) {
					t.Errorf("the end moved to %s", r.ExpiresAt)
				}
				w.alive(c.Value)
				w.alive(r.Value)
				s, err := w.use(c.Value)
				w.must(err)
				if f := s.Superseded(); f == nil || f.Last4 != c.Last4 || s.Service() == nil || s.Service().ID != account.ID {
					t.Errorf("facts of the old value: %+v", f)
				}
				report(c.Value)
				w.same("within its time", w.outbox())
				w.pass(time.Hour)
				if _, err := identity.New(w.db, w.keys, instance, identity.Options{Now: w.clock}).Authenticate(w.ctx, identity.Credentials{Authorization: "Bearer " + c.Value.Reveal()}); !hub.Is(err, hub.InvalidCredentials) {
					t.Errorf("after its time: %v", err)
				}
				report(c.Value)
				action := "the value was refused"
				if fatal {
					action += ", and the token has been revoked"
				}
				w.same("after its time", w.outbox(), reused(action)...)
				report(c.Value)
				w.same("again", w.outbox())
				events, err := w.db.ListEvents(w.ctx, "", 100)
				w.must(err)
				if last := events[len(events)-1]; last.Type != "token.reuse" || last.NamespaceID != acme.ID {
					t.Errorf("the last event is %+v", last)
				}
				if fatal {
					w.dead(r.Value)
					return
				}
				w.alive(r.Value)

				warn := func() []string {
					t.Helper()
					w.must(watcher.Warn(w.ctx, w.clock()))
					return w.outbox()
				}
				text := both("service_token.expiring", "expires="+end.Format("2006-01-02 15:04 UTC")+" organization=acme token=deploy")
				w.same("early", warn())
				w.pass(3 * day)
				w.same("a week before", warn(), text...)
				w.same("once", warn())
				w.pass(6*day + time.Hour)
				w.same("a day before", warn(), text...)
				w.must(machines.Delete(w.ctx, g, "acme", account.ID, hub.Event{})) // with all that hangs on it
				w.dead(r.Value)
			})
		})
	}
}

// TestReminders: admins are reminded of tokens that wait, after three days and then each week, until somebody decides.
func TestReminders(t *testing.T) {
	onEachEngine(t, tokens.Options{}, func(w *world) {
		alice, bob := w.user("alice"), w.user("bob")
		acme := hub.Organization{ID: hub.NewID(), Name: "acme", DefaultVisibility: hub.Public, CreatedAt: w.clock()}
		w.must(w.db.CreateOrg(w.ctx, acme, alice.ID, hub.Event{}))
		w.must(w.db.SetMember(w.ctx, acme.ID, bob.ID, hub.RoleWrite, hub.Event{}))
		w.must(w.db.ChangeOrgRules(w.ctx, acme.ID, hub.Event{}, func(r *hub.OrgRules) (string, error) {
			r.Tokens = hub.RequireApproval
			return "", nil
		}))
		var ids []hub.ID
		start := w.clock()
		for range 2 {
			c, err := w.svc.Create(w.ctx, w.session(bob), tokens.NewToken{Name: "app", Kind: hub.TokenFineGrained,
				Scopes: []tokens.NewScope{{Entity: tokens.Entity{Type: hub.EntityOrg, Name: "acme"}, Permissions: []hub.Permission{hub.PermRepoContentRead}}}})
			w.must(err)
			ids = append(ids, c.ID)
		}
		w.outbox()
		watcher := w.svc.Watcher(tokens.WatchOptions{})
		remind := func() []string {
			t.Helper()
			w.must(watcher.Remind(w.ctx, w.clock()))
			return w.outbox()
		}
		text := func(n int) string {
			return fmt.Sprintf("org.tokens_waiting alice count=%d organization=acme since=%s", n, start.Format(time.DateOnly))
		}
		w.pass(3 * day)
		w.same("early", remind())
		w.pass(time.Hour)
		w.same("three days", remind(), text(2))
		w.pass(day)
		w.same("the next day", remind())
		w.pass(6 * day)
		w.same("a week later", remind(), text(2))
		_, err := w.db.DecideToken(w.ctx, hub.TokenDecision{TokenID: ids[1], OrgID: acme.ID, To: hub.TokenApproved, ReviewerID: alice.ID}, hub.Event{})
		w.must(err)
		w.pass(7 * day)
		w.same("one is left", remind(), text(1))
		w.must(w.svc.Delete(w.ctx, w.session(bob), ids[0]))
		w.pass(7 * day)
		w.same("deleted", remind())
	})
}
