package meta

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	insertTail = `INSERT INTO id_tails (tail) VALUES (?) ON CONFLICT (tail) DO NOTHING`

	// noTail is what an id's last digits never are: the access engine's word for no row at all.
	noTail = "00000000"
)

// claimTail gives the last 8 digits of a new user, organization, service account, resource group or repository to it
// for good: deleting it leaves them claimed. Every mutation that adds one calls it before the row is added. Conflict with
// hub.ErrTailTaken as cause when something has or had these digits, or when they are all zero.
func (tx *Tx) claimTail(ctx context.Context, id hub.ID) error {
	if _, err := hub.ParseID(string(id)); err != nil {
		return fmt.Errorf("%q was to become an id", string(id)) // the caller's mistake, and no client's
	}
	tail := string(id[len(id)-len(noTail):])
	n := int64(0)
	if tail != noTail {
		var err error
		if n, err = tx.exec(ctx, insertTail, tail); err != nil {
			return err
		}
	}
	if n == 0 {
		return hub.Wrap(hub.ErrTailTaken, hub.Conflict, "This id cannot be given. Try again.")
	}
	return nil
}

// tailsOfOld is the part of migration 15 that tells an operator what is wrong: it claims the tails of everything that is in the
// database. Conflict, naming ids, when that cannot be.
func (db *DB) tailsOfOld(ctx context.Context, t *sql.Tx) error {
	// Constants in here, because they speak of the tables as they were at version 15. Who created a repository is compared with
	// whoever asks, also when he was deleted. Of what else was deleted the audit log tells, as far as it goes back;
	// two of those may share a tail, because nothing is compared with them.
	const (
		compared = `
			SELECT id FROM namespaces UNION SELECT id FROM service_accounts UNION SELECT id FROM resource_groups
			UNION SELECT id FROM repos UNION SELECT creator_id FROM repos WHERE LENGTH(creator_id) = 24`
		twins = `
			SELECT MIN(id), MAX(id) FROM (` + compared + `) x
			GROUP BY SUBSTR(id, 17) HAVING COUNT(*) > 1 OR SUBSTR(id, 17) = '` + noTail + `' ORDER BY 1 LIMIT 1`
		claim    = `INSERT INTO id_tails (tail) SELECT SUBSTR(id, 17) FROM (` + compared + `) x`
		targeted = ` WHERE type IN ('resource_group.create', 'org.service_account.create')`
		gone     = `
			INSERT INTO id_tails (tail)
			SELECT DISTINCT SUBSTR(id, 17) FROM (
				SELECT namespace_id AS id FROM audit_log UNION SELECT repo_id FROM audit_log UNION SELECT target_id FROM audit_log` + targeted + `
				UNION SELECT namespace_id FROM audit_pending UNION SELECT repo_id FROM audit_pending UNION SELECT target_id FROM audit_pending` + targeted + `
			) x WHERE LENGTH(id) = 24 AND SUBSTR(id, 17) <> '` + noTail + `'
			ON CONFLICT (tail) DO NOTHING`
	)
	var a, b hub.ID
	switch err := t.QueryRowContext(ctx, twins).Scan(&a, &b); {
	case err == nil && a == b:
		return hub.Errorf(hub.Conflict, "The id %s ends in %s, which no id may from this version on: delete what has it with the version that "+
			"was here before, make it anew, and upgrade then.", a, noTail)
	case err == nil:
		return hub.Errorf(hub.Conflict, "The ids %s and %s end in the same eight digits, by which this version tells them apart: delete one of the "+
			"two with the version that was here before, make it anew, and upgrade then.", a, b)
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	if _, err := t.ExecContext(ctx, claim); err != nil {
		return err
	}
	_, err := t.ExecContext(ctx, gone)
	return err
}
