package meta

import (
	"fmt"
	"sync"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// A group that is deleted while something is put into it takes nothing along: either the repository and the member are in
// and the group stays, or they are told that there is none.
func TestGroupsThatGoAway(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		repo := addRepo(t, db, w.acme.ID, "first", func(r *hub.Repo) { r.OwnerIsOrg = true })
		for round := range 30 {
			g := hub.ResourceGroup{ID: hub.NewID(), OrgID: w.acme.ID, Name: fmt.Sprint("group ", round)}
			must(t, db.CreateGroup(ctx, g, nil, hub.Event{}))
			var put, added, deleted error
			var wg sync.WaitGroup
			wg.Go(func() { put = db.SetRepoGroup(ctx, repo.ID, g.ID, hub.Event{}) })
			wg.Go(func() {
				added = db.AddGroupMembers(ctx, g.ID, []hub.GroupMember{{UserID: w.bob.ID, Role: hub.RoleRead}}, hub.Event{})
			})
			wg.Go(func() { deleted = db.DeleteGroup(ctx, g.ID, hub.Event{}) })
			wg.Wait()
			r, err := db.RepoByID(ctx, repo.ID)
			must(t, err)
			_, gone := db.GroupByID(ctx, g.ID)
			switch {
			case (deleted == nil) != (gone != nil), deleted != nil && !hub.Is(deleted, hub.Conflict):
				t.Fatalf("deleting: %v, looking for it afterwards: %v", deleted, gone)
			case put == nil && (deleted == nil || r.GroupID != g.ID), put != nil && !hub.Is(put, hub.NotFound):
				t.Fatalf("put: %v, deleted: %v; the repository is in %q", put, deleted, r.GroupID)
			case added != nil && !hub.Is(added, hub.NotFound):
				t.Fatalf("adding a member: %v", added)
			}
			must(t, db.SetRepoGroup(ctx, repo.ID, "", hub.Event{}))
		}
	})
}
