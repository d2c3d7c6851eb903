package meta

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

// tailed is one kind of thing that has a tail of its own.
type tailed struct {
	kind   string
	add    func(db *DB, w *world, id hub.ID, name string) error
	remove func(db *DB, id hub.ID) error
}

var allTailed = []tailed{
	{"user", func(db *DB, w *world, id hub.ID, name string) error {
		return db.CreateUser(ctx, hub.User{ID: id, Name: name}, "", hub.Event{})
	}, func(db *DB, id hub.ID) error { return db.DeleteUser(ctx, id, hub.Event{}) }},
	{"organization", func(db *DB, w *world, id hub.ID, name string) error {
		return db.CreateOrg(ctx, hub.Organization{ID: id, Name: name}, w.alice.ID, hub.Event{})
	}, func(db *DB, id hub.ID) error { return db.DeleteOrg(ctx, id, hub.Event{}) }},
	{"group", func(db *DB, w *world, id hub.ID, name string) error {
		return db.CreateGroup(ctx, hub.ResourceGroup{ID: id, OrgID: w.acme.ID, Name: name}, nil, hub.Event{})
	}, func(db *DB, id hub.ID) error { return db.DeleteGroup(ctx, id, hub.Event{}) }},
	{"service", func(db *DB, w *world, id hub.ID, name string) error {
		return db.CreateServiceAccount(ctx, hub.ServiceAccount{ID: id, OrgID: w.acme.ID, Name: name}, hub.Event{})
	}, func(db *DB, id hub.ID) error { return db.DeleteServiceAccount(ctx, id, hub.Event{}) }},
	{"repository", func(db *DB, w *world, id hub.ID, name string) error {
		return db.CreateRepo(ctx, hub.Repo{ID: id, RepoID: hub.RepoID{Type: hub.Model, Name: name}, NamespaceID: w.alice.ID}, hub.Publication{}, hub.Event{})
	}, func(db *DB, id hub.ID) error { return db.DeleteRepo(ctx, id, hub.Event{}) }},
}

// twin returns another id with the same tail.
func twin(id hub.ID) hub.ID { return hub.NewID()[:16] + id[16:] }

// TestTailsAreGivenOnce holds what lets decisions compare tails alone: nothing gets the tail of anything, of whatever kind,
// that there is or was.
func TestTailsAreGivenOnce(t *testing.T) {
	const everything = `
		SELECT 'namespace ' || id FROM namespaces UNION ALL SELECT 'user ' || id FROM users UNION ALL SELECT 'org ' || id FROM orgs
		UNION ALL SELECT 'group ' || id FROM resource_groups UNION ALL SELECT 'service ' || id FROM service_accounts
		UNION ALL SELECT 'repo ' || id FROM repos UNION ALL SELECT 'member ' || user_id || org_id FROM members
		UNION ALL SELECT 'publication ' || id FROM publications UNION ALL SELECT 'tail ' || tail FROM id_tails
		UNION ALL SELECT 'change ' || seq FROM auth_changes ORDER BY 1`
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		state := func() (all []string) {
			t.Helper()
			all, err := collect(ctx, db.single, scanOne[string], everything)
			must(t, err)
			events, err := db.ListEvents(ctx, "", 1000)
			must(t, err)
			return append(all, fmt.Sprint(len(events), " events"))
		}
		refused := func(what string, x tailed, id hub.ID) {
			t.Helper()
			before := state()
			err := x.add(db, w, id, "taker")
			if !errors.Is(err, hub.ErrTailTaken) || !hub.Is(err, hub.Conflict) {
				t.Errorf("%s got the tail of %s: %v", x.kind, what, err)
			}
			same(t, x.kind+" with the tail of "+what, state(), before)
		}
		for i, owner := range allTailed {
			id := hub.NewID()
			must(t, owner.add(db, w, id, fmt.Sprint("owner", i)))
			for _, taker := range allTailed {
				refused("a "+owner.kind, taker, twin(id))
			}
			must(t, owner.remove(db, id))
			for _, taker := range allTailed {
				refused("a deleted "+owner.kind, taker, twin(id))
				refused("itself", taker, id)
			}
		}
		for _, x := range allTailed {
			refused("nothing", x, hub.NewID()[:16]+"00000000")
			before := state()
			for _, bad := range []hub.ID{"", "alice", hub.ID(strings.ToUpper(string(hub.NewID()[:16])) + "ABCDEF12")} {
				if err := x.add(db, w, bad, "taker"); err == nil || errors.Is(err, hub.ErrTailTaken) {
					t.Errorf("%s with the id %q: %v", x.kind, bad, err)
				}
			}
			same(t, x.kind+" with something that is no id", state(), before)
		}
		// What fails for another reason leaves the tail to others.
		id := hub.NewID()
		wantCode(t, allTailed[0].add(db, w, id, "ALICE"), hub.Conflict)
		must(t, allTailed[4].add(db, w, id, "free"))
	})
}

// TestTailsRace lets two things of different kinds want one tail at once.
func TestTailsRace(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		for round := range 10 {
			id := hub.NewID()
			errs := make([]error, len(allTailed))
			var wg sync.WaitGroup
			for i, x := range allTailed {
				wg.Go(func() { errs[i] = x.add(db, w, twin(id), fmt.Sprintf("racer%d-%d", round, i)) })
			}
			wg.Wait()
			won := 0
			for _, err := range errs {
				if err == nil {
					won++
				} else if !errors.Is(err, hub.ErrTailTaken) {
					t.Error(err)
				}
			}
			if won != 1 {
				t.Errorf("%d things got one tail", won)
			}
		}
	})
}

// oldDatabase makes an empty database as it was before the given migration, and returns its address.
func oldDatabase(t *testing.T, db *DB, before int64) (url string, old *sql.DB) {
	t.Helper()
	url = sqlitePath(t)
	driver, dialect := "sqlite", goose.DialectSQLite3
	if db.Engine() == "postgres" {
		url, driver, dialect = pgtest.URL(t), "pgx", goose.DialectPostgres
	} else {
		f, err := os.OpenFile(url, os.O_CREATE|os.O_RDWR, 0o600)
		must(t, err)
		must(t, f.Close())
	}
	old, err := sql.Open(driver, url)
	must(t, err)
	t.Cleanup(func() { old.Close() })
	steps, err := db.migrations()
	must(t, err)
	i := slices.IndexFunc(steps, func(m *goose.Migration) bool { return m.Version == before })
	p, err := goose.NewProvider(dialect, old, nil, goose.WithGoMigrations(steps[:i]...), goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))
	must(t, err)
	_, err = p.Up(ctx)
	must(t, err)
	return url, old
}

// TestOldTailsAreClaimed brings a database of before the tails to the newest schema: everything in it has its tail,
// and so has what was deleted.
func TestOldTailsAreClaimed(t *testing.T) {
	const (
		prefix  = "0123456789abcdef"
		user    = prefix + "00000001"
		org     = prefix + "00000002"
		group   = prefix + "00000003"
		service = prefix + "00000004"
		repo    = prefix + "00000005"
		creator = prefix + "abcdef06" // of the repository; deleted
		loggedU = prefix + "00000007" // deleted things that the log tells of
		loggedR = prefix + "00000008"
		loggedG = prefix + "00000009"
		waiting = prefix + "0000000a" // of which an event tells that is not sealed yet
		token   = prefix + "0000000b" // has no tail of its own
	)
	fill := []string{
		`INSERT INTO namespaces (id, name, name_key, kind, full_name, email, created_at) VALUES ('` + user + `', 'alice', 'alice', 'user', '', '', 1), ('` + org + `', 'acme', 'acme', 'org', '', '', 1)`,
		`INSERT INTO users (id, email_verified, admin, suspended, password_hash) VALUES ('` + user + `', 0, 0, 0, '')`,
		`INSERT INTO orgs (id, default_visibility) VALUES ('` + org + `', 'public')`,
		`INSERT INTO resource_groups (id, org_id, name, name_key, description, auto_join_role, auto_join_scope, created_by, created_at) VALUES ('` + group + `', '` + org + `', 'g', 'g', '', 0, '', '', 1)`,
		`INSERT INTO service_accounts (id, org_id, name, description, created_by, created_at) VALUES ('` + service + `', '` + org + `', 's', '', '', 1)`,
		oldRepo(repo, creator, "r"),
		oldEvent(`audit_log (seq, hash, `, `1, '', `, "user.create", loggedU, "", loggedU),
		oldEvent(`audit_log (seq, hash, `, `2, '', `, "repo.create", user, loggedR, ""),
		oldEvent(`audit_log (seq, hash, `, `3, '', `, "resource_group.create", org, "", loggedG),
		oldEvent(`audit_log (seq, hash, `, `4, '', `, "token.create", "n", "", token),
		oldEvent(`audit_log (seq, hash, `, `5, '', `, "repo.delete", user, loggedR, ""),
		oldEvent(`audit_log (seq, hash, `, `6, '', `, "repo.create", user, "fedcba9876543210"+loggedR[16:], ""), // another one, whose tail is the same
		oldEvent(`audit_pending (`, ``, "org.service_account.create", org, "", waiting),
	}
	both(t, func(t *testing.T, db *DB) {
		url, old := oldDatabase(t, db, 15)
		for _, text := range fill {
			if _, err := old.ExecContext(ctx, text); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		must(t, old.Close())
		now := openAt(t, url)
		const text = `SELECT tail FROM id_tails ORDER BY tail`
		got, err := collect(ctx, now.single, scanOne[string], text)
		must(t, err)
		var want []string
		for _, id := range []string{user, org, group, service, repo, loggedU, loggedR, loggedG, waiting, creator} {
			want = append(want, id[16:])
		}
		same(t, "tails", got, want)
	})
}

func oldRepo(id, creator, name string) string {
	return `INSERT INTO repos (id, type, namespace_id, name, name_key, full_key, creator_id, visibility, gated, disabled, discussions_disabled, sdk,
		gen, gc_epoch, head_oid, git_bytes, lfs_bytes, downloads, likes, trending, created_at, updated_at, pipeline_tag, library_name, tags)
		SELECT '` + id + `', 'model', MIN(id), '` + name + `', '` + name + `', '` + name + `', '` + creator + `', 'public', '', 0, 0, '',
		1, 0, '', 0, 0, 0, 0, 0, 1, 1, '', '', '[]' FROM namespaces`
}

func oldEvent(into, values, kind, namespace, repo, target string) string {
	return `INSERT INTO ` + into + `id, type, actor_id, actor_name, token_id, namespace_id, repo_id, target_id, message, ip, user_agent, at)
		VALUES (` + values + `'` + string(hub.NewID()) + `', '` + kind + `', '', '', '', '` + namespace + `', '` + repo + `', '` + target + `', '', '', '', 1)`
}

// TestEqualOldTails refuses to upgrade a database in which two things cannot be told apart by their tails, and says which.
func TestEqualOldTails(t *testing.T) {
	const user, repo = "0123456789abcdef12345678", "fedcba987654321012345678"
	for name, c := range map[string]struct{ user, repo, creator, want string }{
		"a user and a repository":            {user, repo, "", "The ids " + user + " and " + repo + " end in the same eight digits"},
		"a user and a creator that was":      {user, "fedcba987654321012345679", repo, "The ids " + user + " and " + repo + " end in the same eight digits"},
		"none that an id may not have":       {user, "fedcba987654321000000000", "", "The id fedcba987654321000000000 ends in 00000000"},
		"a creator and himself is no matter": {user, "fedcba987654321012345679", user, ""},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, db *DB) {
				url, old := oldDatabase(t, db, 15)
				for _, text := range []string{
					`INSERT INTO namespaces (id, name, name_key, kind, full_name, email, created_at) VALUES ('` + c.user + `', 'alice', 'alice', 'user', '', '', 1)`,
					oldRepo(c.repo, c.creator, "r"),
				} {
					_, err := old.ExecContext(ctx, text)
					must(t, err)
				}
				now, err := Open(ctx, Options{URL: url})
				if c.want == "" {
					must(t, err)
					must(t, now.Close())
					return
				}
				if !hub.Is(err, hub.Conflict) || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("got %v, want %s", err, c.want)
				}
				// The database is as it was: the version of before runs on, and the upgrade is tried again when one is gone.
				_, err = old.ExecContext(ctx, `DELETE FROM repos`)
				must(t, err)
				now, err = Open(ctx, Options{URL: url})
				must(t, err)
				must(t, now.Close())
			})
		})
	}
}
