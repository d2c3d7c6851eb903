package tokens_test

import (
	"fmt"
	"net/netip"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/tokens"
)

const day = 24 * time.Hour

// outbox returns the messages that wait, as "kind to data", in order, and takes them.
func (w *world) outbox() []string {
	w.t.Helper()
	rows, err := w.db.ClaimOutbox(w.ctx, w.clock().Add(time.Second), w.clock().Add(1000*day), 1000)
	w.must(err)
	var out []string
	for _, r := range rows {
		u, err := w.db.UserByID(w.ctx, r.To)
		w.must(err)
		var data []string
		for k, v := range r.Data {
			if k != "id" && k != "last4" && k != "used" {
				data = append(data, k+"="+v)
			}
		}
		sort.Strings(data)
		out = append(out, fmt.Sprint(r.Kind, " ", u.Name, " ", strings.Join(data, " ")))
	}
	sort.Strings(out)
	return out
}

func (w *world) same(what string, got []string, want ...string) {
	w.t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		w.t.Errorf("%s: got\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestOverlap rotates with an overlap: both values work, and then only the new one. A second rotation ends the first
// value whatever was left of its time.
func TestOverlap(t *testing.T) {
	onEachEngine(t, tokens.Options{MaxOverlap: 7 * day}, func(w *world) {
		w.user("alice")
		g := w.operator()
		c, err := w.svc.Create(w.ctx, g, tokens.NewToken{User: "alice", Name: "ci", Kind: hub.TokenWrite})
		w.must(err)
		for _, bad := range []time.Duration{-time.Second, 7*day + time.Second} {
			if _, err := w.svc.Rotate(w.ctx, g, c.ID, tokens.Rotation{Overlap: bad}); !hub.Is(err, hub.InvalidInput) {
				t.Errorf("an overlap of %s: %v", bad, err)
			}
		}
		w.alive(c.Value)
		second, err := w.svc.Rotate(w.ctx, g, c.ID, tokens.Rotation{Overlap: day})
		w.must(err)
		w.alive(c.Value)
		w.alive(second.Value)
		s, err := w.use(c.Value)
		w.must(err)
		if v := s.Superseded(); v == nil || v.Last4 != c.Last4 || !v.Until.Equal(w.clock().Add(day)) || s.TokenID() != c.ID {
			t.Errorf("the old value is %+v", v)
		}
		if s, _ := w.use(second.Value); s.Superseded() != nil {
			t.Error("the new value counts as an old one")
		}
		w.pass(day - time.Second)
		w.alive(c.Value)
		w.pass(time.Second)
		w.dead(c.Value)
		w.alive(second.Value)

		third, err := w.svc.Rotate(w.ctx, g, c.ID, tokens.Rotation{Overlap: day})
		w.must(err)
		fourth, err := w.svc.Rotate(w.ctx, g, c.ID, tokens.Rotation{Overlap: day})
		w.must(err)
		w.dead(second.Value)
		w.alive(third.Value)
		w.must(w.svc.Delete(w.ctx, g, c.ID))
		w.dead(third.Value)
		w.dead(fourth.Value)
	})
}

// TestReuse uses a value after its time: its owner is told once, and the token ends where the hub wants that.
func TestReuse(t *testing.T) {
	for _, fatal := range []bool{false, true} {
		t.Run(fmt.Sprint("fatal ", fatal), func(t *testing.T) {
			onEachEngine(t, tokens.Options{MaxOverlap: 7 * day}, func(w *world) {
				w.user("alice")
				g := w.operator()
				queue := tokens.NewReuseQueue()
				auth := identity.New(w.db, w.keys, instance, identity.Options{Now: w.clock, OnUnknown: queue.Offer})
				watcher := w.svc.Watcher(tokens.WatchOptions{Queue: queue, ReuseRevokes: fatal})
				report := func(v secret.String) {
					t.Helper()
					auth.Authenticate(w.ctx, identity.Credentials{Authorization: "Bearer " + v.Reveal(), Addr: netip.MustParseAddr("203.0.113.7"), Agent: "forgotten-cron/1"})
					for {
						select {
						case u := <-queue:
							if u.At.IsZero() {
								t.Error("nobody knows when")
							}
							w.must(watcher.Reused(w.ctx, u))
							continue
						default:
						}
						return
					}
				}
				c, err := w.svc.Create(w.ctx, g, tokens.NewToken{User: "alice", Name: "ci", Kind: hub.TokenWrite})
				w.must(err)
				r, err := w.svc.Rotate(w.ctx, g, c.ID, tokens.Rotation{Overlap: time.Hour})
				w.must(err)
				report(c.Value)
				w.same("within its time", w.outbox())
				w.pass(time.Hour)
				report(c.Value)
				action := "the value was refused"
				if fatal {
					action += ", and the token has been revoked"
				}
				w.same("after its time", w.outbox(), "token.reuse alice action="+action+" address=203.0.113.7 agent=forgotten-cron/1 token=ci")
				w.pass(time.Minute)
				report(c.Value)
				w.same("again", w.outbox())
				if fatal {
					w.dead(r.Value)
				} else {
					w.alive(r.Value)
				}
				events, err := w.db.ListEvents(w.ctx, "", 100)
				w.must(err)
				if last := events[len(events)-1]; last.Type != "token.reuse" || last.IP != "203.0.113.7" || last.UserAgent != "forgotten-cron/1" || strings.Contains(last.Message, c.Value.Reveal()) {
					t.Errorf("the last event is %+v", last)
				}
				report(secret.New("hf_" + strings.Repeat("a", 34)))
			})
		})
	}
}

// TestExpiryWarnings warns seven days and one day before, once each, and not of dead tokens.
func TestExpiryWarnings(t *testing.T) {
	onEachEngine(t, tokens.Options{}, func(w *world) {
		w.user("alice")
		g := w.operator()
		watcher := w.svc.Watcher(tokens.WatchOptions{})
		start := w.clock()
		for name, life := range map[string]time.Duration{"short": 3 * day, "long": 10 * day, "dead": 2 * day} {
			c, err := w.svc.Create(w.ctx, g, tokens.NewToken{User: "alice", Name: name, Kind: hub.TokenRead, ExpiresAt: start.Add(life)})
			w.must(err)
			if name == "dead" {
				w.must(w.svc.Delete(w.ctx, g, c.ID))
			}
		}
		_, err := w.svc.Create(w.ctx, g, tokens.NewToken{User: "alice", Name: "for ever", Kind: hub.TokenRead})
		w.must(err)
		warn := func() []string {
			t.Helper()
			w.must(watcher.Warn(w.ctx, w.clock()))
			return w.outbox()
		}
		text := func(name string, life time.Duration) string {
			return "token.expiring alice expires=" + start.Add(life).Format("2006-01-02 15:04 UTC") + " token=" + name
		}
		w.same("day 0", warn(), text("short", 3*day))
		w.same("day 0 again", warn())
		w.pass(2*day + time.Hour)
		w.same("day 2", warn(), text("short", 3*day))
		w.pass(day)
		w.same("day 3", warn(), text("long", 10*day))
		w.pass(6 * day)
		w.same("day 9", warn(), text("long", 10*day))
		w.pass(day)
		w.same("day 10", warn())
	})
}

// TestUsualLifetime gives tokens the hub's lifetime unless somebody wants another.
func TestUsualLifetime(t *testing.T) {
	onEachEngine(t, tokens.Options{Lifetime: 90 * day}, func(w *world) {
		w.user("alice")
		for name, c := range map[string]struct {
			n    tokens.NewToken
			want time.Time
		}{
			"usual": {tokens.NewToken{}, w.clock().Add(90 * day)},
			"own":   {tokens.NewToken{ExpiresAt: w.clock().Add(day)}, w.clock().Add(day)},
			"never": {tokens.NewToken{Never: true}, time.Time{}},
		} {
			c.n.User, c.n.Name, c.n.Kind = "alice", name, hub.TokenRead
			made, err := w.svc.Create(w.ctx, w.operator(), c.n)
			w.must(err)
			if !made.ExpiresAt.Equal(c.want) {
				t.Errorf("%s: %s, want %s", name, made.ExpiresAt, c.want)
			}
		}
	})
}

func TestSigns(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	in := now.Add(30 * day)
	org := hub.Scope{EntityType: hub.EntityOrg, Permissions: []hub.Permission{hub.PermRepoWrite}}
	repo := hub.Scope{EntityType: hub.EntityModel, Permissions: []hub.Permission{hub.PermRepoWrite}}
	for name, c := range map[string]struct {
		t    hub.Token
		want string
	}{
		"young":         {hub.Token{Kind: hub.TokenRead, CreatedAt: ago(day), ExpiresAt: in}, ""},
		"never used":    {hub.Token{Kind: hub.TokenRead, CreatedAt: ago(90 * day), ExpiresAt: in}, "unused"},
		"not used":      {hub.Token{Kind: hub.TokenRead, CreatedAt: ago(100 * day), LastUsedAt: ago(90 * day), ExpiresAt: in}, "unused"},
		"used":          {hub.Token{Kind: hub.TokenRead, CreatedAt: ago(100 * day), LastUsedAt: ago(day), ExpiresAt: in}, ""},
		"old":           {hub.Token{Kind: hub.TokenRead, CreatedAt: ago(180 * day), LastUsedAt: ago(day), ExpiresAt: in}, "never_rotated"},
		"rotated":       {hub.Token{Kind: hub.TokenRead, CreatedAt: ago(180 * day), RotatedAt: ago(day), LastUsedAt: ago(day), ExpiresAt: in}, ""},
		"write":         {hub.Token{Kind: hub.TokenWrite, CreatedAt: ago(day), ExpiresAt: in}, "over_broad"},
		"all of an org": {hub.Token{Kind: hub.TokenFineGrained, Scopes: []hub.Scope{org}, CreatedAt: ago(day), ExpiresAt: in}, "over_broad"},
		"one repo":      {hub.Token{Kind: hub.TokenFineGrained, Scopes: []hub.Scope{repo}, CreatedAt: ago(day), ExpiresAt: in}, ""},
		"expiring":      {hub.Token{Kind: hub.TokenRead, CreatedAt: ago(day), ExpiresAt: now.Add(7 * day)}, "expiring"},
		"for ever":      {hub.Token{Kind: hub.TokenRead, CreatedAt: ago(day)}, "no_expiry"},
		"dead":          {hub.Token{Kind: hub.TokenWrite, CreatedAt: ago(day), RevokedAt: ago(time.Hour)}, ""},
	} {
		if got := strings.Trim(fmt.Sprint(tokens.Signs(c.t, hub.Lifetimes{}, now)), "[]"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
