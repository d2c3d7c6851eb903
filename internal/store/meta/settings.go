package meta

import (
	"context"
	"database/sql"
	"errors"
)

const (
	selectSetting = `SELECT value FROM settings WHERE name = ?`
	upsertSetting = `
		INSERT INTO settings (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`
)

// Setting returns a value that PutSetting stored, and whether there is one.
func (db *DB) Setting(ctx context.Context, name string) (string, bool, error) {
	v, ok, err := setting(ctx, db.single, name)
	return v, ok, db.fail(err, "reading a setting")
}

// Setting is DB.Setting within a transaction.
func (tx *Tx) Setting(ctx context.Context, name string) (string, bool, error) {
	return setting(ctx, tx.queries, name)
}

func setting(ctx context.Context, q queries, name string) (v string, ok bool, err error) {
	err = q.one(ctx, selectSetting, []any{name}, &v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return v, err == nil, err
}

// PutSetting stores a value of the instance, such as its id. Secrets do not belong here.
func (tx *Tx) PutSetting(ctx context.Context, name, value string) error {
	_, err := tx.exec(ctx, upsertSetting, name, value)
	return err
}

// PutSetting is Tx.PutSetting in a transaction of its own.
func (db *DB) PutSetting(ctx context.Context, name, value string) error {
	return db.mutate(ctx, "storing a setting", func(tx *Tx) error { return tx.PutSetting(ctx, name, value) })
}
