package meta

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestFiveAdminsAreTold: a message to an organization goes to all of its admins or, where it says so, to five of them, those
// with a confirmed address first, then in the order in which they came; one to a person goes to that person alone.
func TestFiveAdminsAreTold(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		name := map[hub.ID]string{w.alice.ID: w.alice.Name, w.bob.ID: w.bob.Name}
		for i := range 7 {
			u := addUser(t, db, fmt.Sprint("admin", i))
			if u.EmailVerified = i == 6; u.EmailVerified {
				u.Email = "six@example.org"
				must(t, putUser(db, u, hub.Event{}))
			}
			must(t, db.SetMember(ctx, w.acme.ID, u.ID, hub.RoleAdmin, hub.Event{}))
			name[u.ID] = u.Name
		}
		told := func(to hub.ID, most int) (out []string) {
			t.Helper()
			must(t, db.Enqueue(ctx, hub.Notice{Kind: "test", To: to, Most: most}))
			rows, err := db.ClaimOutbox(ctx, time.Now().Add(time.Hour), time.Now().Add(48*time.Hour), 100)
			must(t, err)
			for _, r := range rows {
				out = append(out, name[r.To])
			}
			slices.Sort(out)
			return out
		}
		same(t, "an organization", told(w.acme.ID, 5), []string{"Alice", "admin0", "admin1", "admin2", "admin6"})
		same(t, "all of it", told(w.acme.ID, 0), []string{"Alice", "admin0", "admin1", "admin2", "admin3", "admin4", "admin5", "admin6"})
		same(t, "a person", told(w.bob.ID, 5), []string{"bob"})

		// What is claimed and not closed waits; what is closed does not.
		n, since, err := db.OutboxWaiting(ctx)
		must(t, err)
		if n == 0 || since.IsZero() || since.After(time.Now()) {
			t.Errorf("%d messages wait since %v", n, since)
		}
		rows, err := db.ClaimOutbox(ctx, time.Now().Add(100*time.Hour), time.Now().Add(200*time.Hour), 100)
		must(t, err)
		same(t, "waiting", n, int64(len(rows)))
		for _, r := range rows {
			must(t, db.CloseOutbox(ctx, r.ID, "sent"))
		}
		if n, since, err = db.OutboxWaiting(ctx); err != nil || n != 0 || !since.IsZero() {
			t.Errorf("when all are closed: %d since %v, %v", n, since, err)
		}
	})
}
