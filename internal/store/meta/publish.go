package meta

import (
	"cmp"
	"context"
	"errors"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	// The first statement of a publication: a second one of the same id waits here for the end of the first.
	claimPublication = `
		INSERT INTO publications (id, repo_id, gen, at) VALUES (?, ?, 0, ?) ON CONFLICT (id) DO NOTHING`
	selectPublication = `SELECT repo_id, gen FROM publications WHERE id = ?`
	closePublication  = `UPDATE publications SET gen = ? WHERE id = ?`
	advanceRepo       = `UPDATE repos SET gen = ?, git_bytes = git_bytes + ?, updated_at = ? WHERE id = ?`
	updateHead        = `UPDATE repos SET head_oid = ? WHERE id = ?`
	updateCard        = `UPDATE repos SET pipeline_tag = ?, library_name = ?, tags = ?, card = ? WHERE id = ?`
	insertTag         = `INSERT INTO repo_tags (repo_id, tag) VALUES (?, ?)`
	selectLinked      = `
		SELECT digest FROM repo_lfs WHERE repo_id = ? AND digest IN_LIST(?)
		UNION
		SELECT l.digest FROM xet_links l JOIN xet_files f ON f.id = l.file_id
		WHERE l.repo_id = ? AND l.digest IN_LIST(?) AND (f.digest = '' OR f.digest = l.digest)`
)

// Publish makes a change of a repository visible, whole or not at all, and returns the repository's new generation.
// Publishing the same pub.ID again changes nothing and returns the first generation, so a caller who did not learn the
// outcome may repeat the call; pub.ID empty gives up that.
//
// PreconditionFailed with *hub.RefMismatch as cause when a ref is not at its Old; Conflict when a new ref's name is a
// folder of another's, when the pack's intent was swept, and with hub.ErrEpoch as cause; Unprocessable, naming the digest,
// when a large file is not linked to the repository; RepoNotFound; InvalidInput for two updates of one ref.
func (db *DB) Publish(ctx context.Context, pub hub.Publication) (gen int64, err error) {
	pub.ID = cmp.Or(pub.ID, hub.NewID())
	err = db.publishing(ctx, "publishing a change", pub, func(tx *Tx) error {
		if _, err := tx.applyPublication(ctx, pub, pub.Event.ActorID); err != nil {
			return err
		}
		pub.Event.RepoID = pub.RepoID
		return tx.record(ctx, pub.Event, "repo.publish")
	}, &gen)
	return gen, err
}

// publishing runs body in a transaction unless pub has been published before, and repeats it when the outcome of the
// COMMIT is not known: if it happened, the second time finds the publication.
func (db *DB) publishing(ctx context.Context, doing string, pub hub.Publication, body func(*Tx) error, gen *int64) error {
	if db.writer == nil { // SQLite's committer is a queue already
		leave, err := db.queue.Enter(ctx, pub.RepoID)
		if err != nil {
			return err
		}
		defer leave()
	}
	for attempt := 1; ; attempt++ {
		err := db.InTx(ctx, func(tx *Tx) error { return tx.publishOnce(ctx, pub, body, gen) })
		if err == nil || !errors.Is(err, errAmbiguous) || attempt == maxAttempts {
			return db.fail(err, doing)
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

func (tx *Tx) publishOnce(ctx context.Context, pub hub.Publication, body func(*Tx) error, gen *int64) error {
	n, err := tx.exec(ctx, claimPublication, pub.ID, pub.RepoID, tx.at)
	if err != nil {
		return err
	}
	if n == 1 {
		if err := body(tx); err != nil {
			return err
		}
	}
	var repo hub.ID
	if err := tx.one(ctx, selectPublication, []any{pub.ID}, &repo, gen); err != nil {
		return err
	}
	if repo != pub.RepoID {
		return hub.Errorf(hub.Conflict, "This publication was made for another repository.")
	}
	return nil
}

func (tx *Tx) applyPublication(ctx context.Context, pub hub.Publication, actor hub.ID) (gen int64, err error) {
	var epoch int64
	if err := tx.one(ctx, lockRepo, []any{pub.RepoID}, &gen, &epoch); err != nil {
		return 0, orMissing(err, hub.RepoNotFound, noRepo().Message)
	}
	if epoch != pub.GCEpoch {
		return 0, hub.Wrap(hub.ErrEpoch, hub.Conflict, "The repository was cleaned up at the same time. Try again.")
	}
	gen++
	if err := tx.moveRefs(ctx, pub, gen, actor); err != nil {
		return 0, err
	}
	if err := tx.linkedAll(ctx, pub.RepoID, pub.LFS); err != nil {
		return 0, err
	}
	var grown int64
	if pub.Pack != nil {
		grown = pub.Pack.Bytes
		if err := tx.bringPack(ctx, pub.RepoID, *pub.Pack, pub.Inline, gen); err != nil {
			return 0, err
		}
	}
	if _, err := tx.exec(ctx, advanceRepo, gen, grown, tx.when(pub.Event.At), pub.RepoID); err != nil {
		return 0, err
	}
	if pub.Head != nil {
		if _, err := tx.exec(ctx, updateHead, *pub.Head, pub.RepoID); err != nil {
			return 0, err
		}
	}
	if pub.Card != nil {
		if err := tx.putCard(ctx, pub.RepoID, *pub.Card); err != nil {
			return 0, err
		}
	}
	_, err = tx.exec(ctx, closePublication, gen, pub.ID)
	return gen, err
}

// linkedAll makes sure that the repository owns every large file that the change names.
func (tx *Tx) linkedAll(ctx context.Context, repo hub.ID, digests []hub.Digest) error {
	if len(digests) == 0 {
		return nil
	}
	// The sweeper takes registrations that no commit took up: from here on these are.
	if _, err := tx.exec(ctx, commitXetLinks, repo, list(digests)); err != nil {
		return err
	}
	found, err := collect(ctx, tx.queries, scanOne[hub.Digest], selectLinked, repo, list(digests), repo, list(digests))
	if err != nil {
		return err
	}
	have := make(map[hub.Digest]bool, len(found))
	for _, d := range found {
		have[d] = true
	}
	for _, d := range digests {
		if !have[d] {
			return hub.Errorf(hub.Unprocessable, "The large file with SHA-256 %s has not been uploaded to this repository.", d)
		}
	}
	return nil
}

func (tx *Tx) putCard(ctx context.Context, repo hub.ID, c hub.Card) error {
	if _, err := tx.exec(ctx, updateCard, c.PipelineTag, c.LibraryName, list(c.Tags), c.Data, repo); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, deleteTagsOf, repo); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, t := range c.Tags {
		if seen[t] {
			continue
		}
		seen[t] = true
		if _, err := tx.exec(ctx, insertTag, repo, t); err != nil {
			return err
		}
	}
	return nil
}
