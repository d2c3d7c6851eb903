package meta

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/ambit-hub/ambit/internal/hub"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// versionTable is where goose keeps which migrations have run.
const versionTable = "schema_versions"

// migrate runs the migrations that are missing, each in its own transaction. Two processes that start at once may
// both try: the one that loses finds the work done.
func (db *DB) migrate(ctx context.Context, on *sql.DB) error {
	steps, err := db.migrations()
	if err != nil {
		return err
	}
	dialect := goose.DialectSQLite3
	if db.eng.name == "postgres" {
		dialect = goose.DialectPostgres
	}
	for attempt := 1; ; attempt++ {
		p, err := goose.NewProvider(dialect, on, nil,
			goose.WithGoMigrations(steps...), goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))
		if err != nil {
			return fmt.Errorf("reading the migrations: %w", err)
		}
		err = db.migrateOnce(ctx, p, steps[len(steps)-1].Version)
		if err == nil || attempt == maxAttempts || hub.Is(err, hub.Conflict) || ctx.Err() != nil || db.eng.unreachable(err) {
			return db.fail(err, "bringing the database to the newest schema")
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

func (db *DB) migrateOnce(ctx context.Context, p *goose.Provider, newest int64) error {
	current, err := p.GetDBVersion(ctx)
	if err != nil {
		return err
	}
	if current > newest {
		return hub.Errorf(hub.Conflict, "The database has schema version %d, made by a newer Ambit; this one knows %d.", current, newest)
	}
	if current == newest {
		return nil
	}
	_, err = p.Up(ctx)
	return err
}

// migrations reads NNNN_name.sql in order and puts the engine's words in.
func (db *DB) migrations() ([]*goose.Migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	slices.Sort(names)
	var steps []*goose.Migration
	for _, name := range names {
		number, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the migration %s has no number", name)
		}
		text, err := fs.ReadFile(migrationFiles, name)
		if err != nil {
			return nil, fmt.Errorf("reading the migration %s: %w", name, err)
		}
		up := db.eng.words.Replace(string(text))
		steps = append(steps, goose.NewGoMigration(version, &goose.GoFunc{
			RunTx: func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, up); err != nil {
					return err
				}
				if more := db.beyondSQL()[version]; more != nil {
					return more(ctx, tx)
				}
				return nil
			},
		}, nil))
	}
	return steps, nil
}

// beyondSQL are the parts of migrations that SQL cannot do, by their version. They run after the text, in its
// transaction.
func (db *DB) beyondSQL() map[int64]func(context.Context, *sql.Tx) error {
	return map[int64]func(context.Context, *sql.Tx) error{4: db.chainOldAudit, 15: db.tailsOfOld}
}
