package meta

import (
	"cmp"
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

// ChangeRepo reads the repository under its lock, lets change alter it, and stores what UpdateRepo stores, so that of
// two changes of different settings at once neither undoes the other. change returns the sentence for the audit log;
// it may run more than once, as a transaction is repeated, and nothing is stored or recorded when it alters nothing or
// fails. RepoNotFound; and the errors of change, as they are.
func (db *DB) ChangeRepo(ctx context.Context, id hub.ID, ev hub.Event, change func(*hub.Repo) (message string, err error)) error {
	return db.mutate(ctx, "changing a repository", func(tx *Tx) error {
		if err := tx.lockRepo(ctx, id); err != nil {
			return err
		}
		r, ok, err := readRepo(ctx, tx.queries, selectRepoByID, id)
		if err != nil {
			return err
		}
		if !ok {
			return noRepo()
		}
		before := settingsOf(r)
		message, err := change(&r)
		if err != nil || settingsOf(r) == before {
			return err
		}
		r.ID = id
		if _, err := tx.exec(ctx, updateRepo, settingsArgs(tx, r)...); err != nil {
			return err
		}
		ev.RepoID, ev.Message = id, message
		return tx.record(ctx, ev, "repo.update", repoChange(id))
	})
}

type repoSettings struct {
	visibility           hub.Visibility
	gated                hub.GateMode
	disabled, discussOff bool
	sdk                  string
	membersGated         bool
	gateEmail            string
	gateNotify           hub.GateNotify
}

// settingsOf are the fields that UpdateRepo and ChangeRepo store.
func settingsOf(r hub.Repo) repoSettings {
	return repoSettings{r.Visibility, r.Gated, r.Disabled, r.DiscussionsDisabled, r.SDK,
		r.MembersGated, r.GateEmail, r.GateNotify}
}

// settingsArgs are the values of updateRepo.
func settingsArgs(tx *Tx, r hub.Repo) []any {
	return []any{r.Visibility, string(r.Gated), r.Disabled, r.DiscussionsDisabled, r.SDK, r.MembersGated, r.GateEmail,
		notifyOr(r.GateNotify), tx.at, r.ID}
}

func notifyOr(n hub.GateNotify) string { return string(cmp.Or(n, hub.GateNotifyBulk)) }
