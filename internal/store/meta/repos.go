package meta

import (
	"cmp"
	"context"
	"errors"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	repoFields = `
		r.id, r.type, n.name, r.name, r.namespace_id, CASE WHEN n.kind = 'org' THEN 1 ELSE 0 END, r.creator_id,
			r.visibility, r.gated, r.disabled, r.discussions_disabled, r.sdk, r.gen, r.gc_epoch, r.head_oid,
			r.git_bytes, r.lfs_bytes, r.downloads, r.likes, r.trending, r.created_at, r.updated_at,
			r.pipeline_tag, r.library_name, r.tags, r.card, r.group_id, r.members_gated, r.gate_email, r.gate_notify`
	repoColumns = `SELECT ` + repoFields + `
		FROM repos r JOIN namespaces n ON n.id = r.namespace_id `
	selectRepoByID = repoColumns + `WHERE r.id = ?`
	// The way of looking a name up does not tell whether it is there. The index is read from the name on, so that one row
	// is found in any case: the one of that name or the next one. Past names, and a row for the end of the index, are
	// looked up too, and one whole row is read. how: 2 by name, 3 by a past name, 4 and 5 none, which are all stored as one
	// byte, as 0 and 1 are not.
	selectRepoByName = `SELECT ` + repoFields + `, f.how
		FROM (
			SELECT x.id, x.how FROM (
				SELECT c.id AS id,
					2 * CAST(c.full_key = ? AS INTEGER) + 4 * CAST(c.full_key <> ? AS INTEGER) AS how FROM (
					SELECT id, full_key FROM repos WHERE type = ? AND full_key >= ? ORDER BY full_key LIMIT 1
				) c
				UNION ALL
				SELECT a.repo_id, 3 FROM repo_aliases a JOIN namespaces o ON o.id = a.namespace_id
				WHERE o.name_key = ? AND a.type = ? AND a.name_key = ?
				UNION ALL
				SELECT MIN(id), 5 FROM repos
			) x ORDER BY x.how LIMIT 1
		) f JOIN repos r ON r.id = f.id JOIN namespaces n ON n.id = r.namespace_id`
	lockRepo   = `SELECT gen, gc_epoch FROM repos WHERE id = ? FOR UPDATE`
	insertRepo = `
		INSERT INTO repos (id, type, namespace_id, name, name_key, full_key, creator_id, visibility, gated, disabled,
			discussions_disabled, sdk, gen, gc_epoch, head_oid, git_bytes, lfs_bytes, downloads, likes, trending,
			created_at, updated_at, pipeline_tag, library_name, tags, card, group_id, members_gated, gate_email, gate_notify)
		SELECT ?, ?, n.id, ?, ?, n.name_key || '/' || ?, ?, ?, ?, ?, ?, ?, 0, 0, '', 0, 0, 0, 0, 0, ?, ?, '', '', '[]', NULL,
			?, ?, ?, ?
		FROM namespaces n WHERE n.id = ?`
	updateRepo = `
		UPDATE repos SET visibility = ?, gated = ?, disabled = ?, discussions_disabled = ?, sdk = ?, members_gated = ?,
			gate_email = ?, gate_notify = ?, updated_at = ?
		WHERE id = ?`
)

func scanRepo(s scanner) (r hub.Repo, err error) { return r, s.Scan(repoPlaces(&r)...) }

// repoPlaces is where the columns of repoFields go.
func repoPlaces(r *hub.Repo) []any {
	return []any{&r.ID, &r.Type, &r.Namespace, &r.Name, &r.NamespaceID, &r.OwnerIsOrg, &r.CreatorID,
		&r.Visibility, &r.Gated, &r.Disabled, &r.DiscussionsDisabled, &r.SDK, &r.Gen, &r.GCEpoch, asOID{&r.HeadOID},
		&r.GitBytes, &r.LFSBytes, &r.Downloads, &r.Likes, &r.Trending, asTime{&r.CreatedAt}, asTime{&r.UpdatedAt},
		&r.Card.PipelineTag, &r.Card.LibraryName, asJSON{&r.Card.Tags}, &r.Card.Data,
		&r.GroupID, &r.MembersGated, &r.GateEmail, &r.GateNotify}
}

func noRepo() *hub.Error {
	return &hub.Error{Code: hub.RepoNotFound, Message: "Repository not found"}
}

func repoChange(id hub.ID) hub.Change { return hub.Change{Kind: hub.ChangeRepo, ID: id} }

// readRepo returns the row and whether there is one.
func readRepo(ctx context.Context, q queries, text string, args ...any) (hub.Repo, bool, error) {
	repos, err := collect(ctx, q, scanRepo, text, args...)
	if errors.Is(err, errNotText) {
		err = nil
	}
	if err != nil || len(repos) == 0 {
		return hub.Repo{}, false, err
	}
	return repos[0], true, nil
}

// RepoByName finds a repository without regard to case; moved tells that it is found under a name that it had before
// it was moved and that nothing else has taken since. RepoNotFound.
func (db *DB) RepoByName(ctx context.Context, id hub.RepoID) (repo hub.Repo, moved bool, err error) {
	f, err := db.FindRepo(ctx, id)
	if err == nil && !f.Exists {
		err = noRepo()
	}
	if err != nil {
		return hub.Repo{}, false, err
	}
	return *f.Repo, f.Moved, nil
}

// FindRepo is RepoByName for those who decide about every request: they share one row, and a missing one is no error.
func (db *DB) FindRepo(ctx context.Context, id hub.RepoID) (hub.FoundRepo, error) {
	key := memoKey{"repo", hub.NameKey(id.Namespace), string(id.Type), hub.NameKey(id.Name)}
	return remember(db.memo, key, never, func() (hub.FoundRepo, error) { return db.findRepo(ctx, id) })
}

func isMissingRepo(err error) bool { return hub.Is(err, hub.RepoNotFound) }

// noRow stands in for the row of a repository that is not there.
var noRow = hub.NoRepo()

func (db *DB) findRepo(ctx context.Context, id hub.RepoID) (hub.FoundRepo, error) {
	const byName, byPastName, none, last = 2, 3, 4, 5
	space, name := hub.NameKey(id.Namespace), hub.NameKey(id.Name)
	full := space + "/" + name
	how := none
	scan := func(s scanner) (r hub.Repo, err error) { return r, s.Scan(append(repoPlaces(&r), &how)...) }
	rows, err := collect(ctx, db.single, scan, selectRepoByName, full, full, id.Type, full, space, id.Type, name)
	switch {
	case errors.Is(err, errNotText): // no name has bytes that are not text
	case err != nil:
		return hub.FoundRepo{}, db.fail(err, "finding a repository")
	}
	row, absent := noRow, *noRow
	if len(rows) > 0 { // always, but on a hub without repositories
		row, absent = &rows[0], rows[0].Absent()
	}
	found := [...]*hub.Repo{byName: row, byPastName: row, none: &absent, last: &absent}
	// Neither way has a branch or a piece of memory more than the other.
	return hub.FoundRepo{Repo: found[how].Gathered(), Exists: how < none, Moved: how == byPastName}, nil
}

// RepoByID finds a repository. RepoNotFound.
func (db *DB) RepoByID(ctx context.Context, id hub.ID) (hub.Repo, error) {
	r, ok, err := readRepo(ctx, db.single, selectRepoByID, id)
	if err == nil && !ok {
		err = noRepo()
	}
	return r, db.fail(err, "finding a repository")
}

// alreadyExists is the Conflict of a name that is taken.
func alreadyExists(id hub.RepoID, cause error) *hub.Error {
	err := hub.Wrap(cause, hub.Conflict, "A %s repository called %s already exists", id.Type, id.FullName())
	err.URL = id.WebPath()
	return err
}

// CreateRepo adds a repository together with its first publication, which may be empty: both or neither become
// visible. The caller chooses r.ID and has checked the name; of r, Gen, GCEpoch, HeadOID, sizes and counts start at zero
// whatever they hold, and r.NamespaceID may be left empty when r.Namespace names the owner. ev is the only event that is
// recorded. Called again with the same pub.ID it changes nothing and succeeds.
//
// Conflict with URL when the name is taken, and with hub.ErrTailTaken as cause; NotFound when there is no such namespace; and the
// errors of Publish.
func (db *DB) CreateRepo(ctx context.Context, r hub.Repo, pub hub.Publication, ev hub.Event) error {
	pub.ID, pub.RepoID = cmp.Or(pub.ID, hub.NewID()), r.ID
	var gen int64
	return db.publishing(ctx, "creating a repository", pub, func(tx *Tx) error {
		if err := tx.addRepo(ctx, r); err != nil {
			return err
		}
		if _, err := tx.applyPublication(ctx, pub, ev.ActorID); err != nil {
			return err
		}
		ev.RepoID = r.ID
		return tx.record(ctx, ev, "repo.create", repoChange(r.ID))
	}, &gen)
}

func (tx *Tx) addRepo(ctx context.Context, r hub.Repo) error {
	if r.NamespaceID == "" {
		n, err := namespaceByName(ctx, tx.queries, r.Namespace)
		if err != nil {
			return err
		}
		r.NamespaceID = n.ID
	}
	if r.Visibility == "" {
		r.Visibility = hub.Private
	}
	if r.GroupID != "" {
		if err := tx.groupOf(ctx, r.GroupID, r.NamespaceID); err != nil {
			return err
		}
	}
	// Asked before the INSERT, because a failed INSERT ends PostgreSQL's transaction and the answer names what exists.
	if old, ok, err := readRepo(ctx, tx.queries, selectRepoAt, r.NamespaceID, r.Type, hub.NameKey(r.Name)); err != nil {
		return err
	} else if ok {
		return alreadyExists(old.RepoID, nil)
	}
	if err := tx.claimTail(ctx, r.ID); err != nil {
		return err
	}
	key := hub.NameKey(r.Name)
	created := tx.when(r.CreatedAt)
	n, err := tx.exec(ctx, insertRepo, r.ID, r.Type, r.Name, key, key, r.CreatorID, r.Visibility, string(r.Gated),
		r.Disabled, r.DiscussionsDisabled, r.SDK, created, created, r.GroupID, r.MembersGated, r.GateEmail,
		notifyOr(r.GateNotify), r.NamespaceID)
	if err != nil && tx.db.eng.unique(err) {
		return alreadyExists(r.RepoID, err)
	}
	if err != nil {
		return err
	}
	if n == 0 {
		return hub.Errorf(hub.NotFound, "There is no user or organization of this name.")
	}
	_, err = tx.exec(ctx, deleteAlias, r.NamespaceID, r.Type, key)
	return err
}

// UpdateRepo stores visibility, gate with its settings, disabled, discussions and SDK of the repository r.ID. RepoNotFound.
func (db *DB) UpdateRepo(ctx context.Context, r hub.Repo, ev hub.Event) error {
	return db.mutate(ctx, "changing a repository", func(tx *Tx) error {
		n, err := tx.exec(ctx, updateRepo, settingsArgs(tx, r)...)
		if err != nil {
			return err
		}
		if n == 0 {
			return noRepo()
		}
		ev.RepoID = r.ID
		return tx.record(ctx, ev, "repo.update", repoChange(r.ID))
	})
}
