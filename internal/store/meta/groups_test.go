package meta

import (
	"slices"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestGroups: members, roles, automatic joining, repositories, and who is told when something changes.
func TestGroups(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		dave := addUser(t, db, "dave")
		must(t, db.SetMember(ctx, w.acme.ID, dave.ID, hub.RoleNoAccess, hub.Event{}))
		lab := hub.ResourceGroup{ID: hub.NewID(), OrgID: w.acme.ID, Name: "Lab"}
		in := func(id hub.ID, role hub.Role) []hub.GroupMember { return []hub.GroupMember{{UserID: id, Role: role}} }
		wantCode(t, db.CreateGroup(ctx, lab, in(w.carol.ID, hub.RoleAdmin), hub.Event{}), hub.Forbidden)
		wantCode(t, db.CreateGroup(ctx, lab, in(hub.NewID(), hub.RoleAdmin), hub.Event{}), hub.NotFound)
		must(t, db.CreateGroup(ctx, lab, in(w.bob.ID, hub.RoleAdmin), hub.Event{}))
		again := lab
		again.ID, again.Name = hub.NewID(), "lab"
		wantCode(t, db.CreateGroup(ctx, again, nil, hub.Event{}), hub.Conflict)
		wantCode(t, db.AddGroupMembers(ctx, lab.ID, in(w.bob.ID, hub.RoleRead), hub.Event{}), hub.Forbidden)
		wantCode(t, db.SetGroupMember(ctx, lab.ID, w.carol.ID, hub.RoleRead, hub.Event{}), hub.NotFound)

		roles := func() map[hub.ID]hub.Role {
			t.Helper()
			list, err := db.GroupMembers(ctx, lab.ID)
			must(t, err)
			got := map[hub.ID]hub.Role{}
			for _, m := range list {
				got[m.UserID] = m.Role
			}
			return got
		}
		// read_plus leaves out those without access; all does not; switching off removes nobody.
		lab.AutoJoinRole, lab.AutoJoinScope = hub.RoleRead, hub.AutoJoinReadPlus
		must(t, putGroup(db, lab, hub.Event{}))
		if got := roles(); len(got) != 2 || got[w.alice.ID] != hub.RoleRead || got[w.bob.ID] != hub.RoleAdmin {
			t.Errorf("read_plus: %v", got)
		}
		must(t, db.SetMember(ctx, w.acme.ID, dave.ID, hub.RoleRead, hub.Event{}))
		if got := roles(); got[dave.ID] != hub.RoleRead {
			t.Errorf("promoted to read: %v", got)
		}
		must(t, db.SetMember(ctx, w.acme.ID, w.carol.ID, hub.RoleWrite, hub.Event{}))
		if got := roles(); got[w.carol.ID] != hub.RoleRead {
			t.Errorf("joined: %v", got)
		}
		lab.AutoJoinRole, lab.AutoJoinScope = hub.RoleNone, hub.AutoJoinOff
		must(t, putGroup(db, lab, hub.Event{}))
		if got := roles(); len(got) != 4 {
			t.Errorf("switched off: %v", got)
		}

		// The documented role call: a role and the whole list of groups.
		must(t, db.SetMemberRole(ctx, w.acme.ID, w.carol.ID, hub.RoleNoAccess, []hub.GroupMember{{GroupID: lab.ID, Role: hub.RoleWrite}}, hub.Event{}))
		if got := roles(); got[w.carol.ID] != hub.RoleWrite {
			t.Errorf("role call: %v", got)
		}
		must(t, db.SetMemberRole(ctx, w.acme.ID, w.carol.ID, hub.RoleRead, nil, hub.Event{}))
		if _, ok := roles()[w.carol.ID]; ok {
			t.Error("an empty list leaves all groups")
		}
		wantCode(t, db.SetMemberRole(ctx, w.acme.ID, w.alice.ID, hub.RoleRead, nil, hub.Event{}), hub.Conflict)
		wantCode(t, db.SetMemberRole(ctx, w.acme.ID, addUser(t, db, "eve").ID, hub.RoleRead, nil, hub.Event{}), hub.NotFound)

		// Repositories
		wantCode(t, db.SetRepoGroup(ctx, w.public.ID, lab.ID, hub.Event{}), hub.NotFound)
		must(t, db.SetRepoGroup(ctx, w.private.ID, lab.ID, hub.Event{}))
		repos, err := db.GroupRepos(ctx, lab.ID, hub.Visible{Everything: true})
		must(t, err)
		if len(repos) != 1 || repos[0].GroupID != lab.ID {
			t.Errorf("repositories: %+v", repos)
		}
		wantCode(t, db.DeleteGroup(ctx, lab.ID, hub.Event{}), hub.Conflict)
		f, err := db.UserFacts(ctx, w.bob.ID)
		must(t, err)
		if len(f.Groups) != 1 || f.Groups[0].Role != hub.RoleAdmin {
			t.Errorf("facts: %+v", f.Groups)
		}
		// Moving a repository out of the organization takes it out of its groups.
		must(t, db.MoveRepo(ctx, w.private.ID, hub.RepoID{Type: hub.Model, Name: "away"}, w.alice.ID, hub.Event{}))
		moved, err := db.RepoByID(ctx, w.private.ID)
		must(t, err)
		if moved.GroupID != "" {
			t.Errorf("moved away with group %s", moved.GroupID)
		}
		tok, _ := addToken(t, db, w.bob.ID, hub.Scope{EntityType: hub.EntityGroup, EntityID: lab.ID, Permissions: []hub.Permission{hub.PermRepoWrite}})
		facts, err := db.TokenFactsByID(ctx, tok.ID)
		must(t, err)
		if sc := facts.Token.Scopes[0]; sc.EntityName != "Acme/Lab" || sc.NamespaceID != w.acme.ID || sc.GroupID != lab.ID {
			t.Errorf("scope on a group: %+v", sc)
		}
		must(t, db.DeleteGroup(ctx, lab.ID, hub.Event{}))
		must(t, db.RemoveMember(ctx, w.acme.ID, w.bob.ID, hub.Event{}))
	})
}

// TestGroupWithRepositories: a group and the repositories that it begins with are there together or not at all.
func TestGroupWithRepositories(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		mine := addRepo(t, db, w.acme.ID, "first", func(r *hub.Repo) { r.OwnerIsOrg, r.Visibility = true, hub.Private })
		other := addRepo(t, db, w.carol.ID, "own", func(*hub.Repo) {})
		lab := hub.ResourceGroup{ID: hub.NewID(), OrgID: w.acme.ID, Name: "Lab"}
		wantCode(t, db.CreateGroup(ctx, lab, nil, hub.Event{}, hub.Event{RepoID: mine.ID}, hub.Event{RepoID: other.ID}), hub.NotFound)
		wantCode(t, db.CreateGroup(ctx, lab, nil, hub.Event{}, hub.Event{RepoID: mine.ID}, hub.Event{RepoID: hub.NewID()}), hub.RepoNotFound)
		if _, err := db.GroupByID(ctx, lab.ID); !hub.Is(err, hub.NotFound) {
			t.Errorf("the group is there after a refusal: %v", err)
		}
		var told []hub.Change
		db.OnChange(func(cs []hub.Change) { told = append(told, cs...) })
		must(t, db.CreateGroup(ctx, lab, nil, hub.Event{}, hub.Event{RepoID: mine.ID, Message: "put it in"}))
		list, err := db.GroupRepos(ctx, lab.ID, hub.Visible{Everything: true})
		must(t, err)
		if len(list) != 1 || list[0].ID != mine.ID {
			t.Errorf("it holds %v", list)
		}
		if list, err := db.GroupRepos(ctx, lab.ID, hub.Visible{}); err != nil || len(list) != 0 {
			t.Errorf("to nobody it holds %v %v", list, err)
		}
		if !slices.Contains(told, repoChange(mine.ID)) {
			t.Errorf("nobody was told of the repository: %v", told)
		}
		rows, err := db.AuditEvents(ctx, hub.AuditQuery{Limit: 2})
		must(t, err)
		if rows[0].Type != "repo.update_resource_group" || rows[0].RepoID != mine.ID || rows[1].Type != "resource_group.create" {
			t.Errorf("the log says %s, then %s", rows[1].Type, rows[0].Type)
		}
	})
}
