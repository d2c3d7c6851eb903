package meta

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit/pgtest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestSchemaGolden holds the whole schema of each engine in a file, so that a review sees it.
func TestSchemaGolden(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		text := `SELECT sql || ';' FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name <> ? AND tbl_name NOT LIKE 'sqlite_%'
			ORDER BY tbl_name, type DESC, name`
		if db.Engine() == "postgres" {
			text = `
			SELECT line FROM (
				SELECT c.table_name AS tab, 1 AS part, c.ordinal_position AS pos, c.table_name || '.' || c.column_name || ' ' ||
					c.data_type || CASE WHEN c.is_nullable = 'NO' THEN ' not null' ELSE '' END ||
					COALESCE(' collate ' || c.collation_name, '') || COALESCE(' default ' || c.column_default, '') AS line
				FROM information_schema.columns c WHERE c.table_schema = current_schema()
				UNION ALL
				SELECT t.relname, 2, 0, t.relname || ' ' || pg_get_constraintdef(k.oid)
				FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace s ON s.oid = t.relnamespace
				WHERE s.nspname = current_schema()
				UNION ALL
				SELECT tablename, 3, 0, REPLACE(indexdef, current_schema() || '.', '') FROM pg_indexes WHERE schemaname = current_schema()
			) lines WHERE tab <> ? ORDER BY tab, part, pos, line`
		}
		lines, err := collect(ctx, db.single, scanOne[string], text, versionTable)
		must(t, err)
		got := strings.Join(lines, "\n") + "\n"
		file := "testdata/schema." + db.Engine() + ".sql"
		if *update {
			must(t, os.WriteFile(file, []byte(got), 0o644))
		}
		want, err := os.ReadFile(file)
		must(t, err)
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s differs (-file +database); run the test with -update when that is meant:\n%s", file, d)
		}
	})
}

// TestOpenAgain opens a database that is there already, and refuses one that a newer program made.
func TestOpenAgain(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		must(t, db.PutSetting(ctx, "instance", "one"))
		again := openAt(t, testURL(t, db))
		v, ok, err := again.Setting(ctx, "instance")
		if err != nil || !ok || v != "one" {
			t.Fatalf("got %q %v %v", v, ok, err)
		}
		must(t, db.InTx(ctx, func(tx *Tx) error {
			_, err := tx.exec(ctx, `INSERT INTO `+versionTable+` (version_id, is_applied) VALUES (9999, `+map[string]string{
				"sqlite": "1", "postgres": "true"}[db.Engine()]+`)`)
			return err
		}))
		_, err = Open(ctx, Options{URL: testURL(t, db)})
		wantCode(t, err, hub.Conflict)
	})
}

// TestOpenAtOnce opens a new database from several sides, as nodes that start together do.
func TestOpenAtOnce(t *testing.T) {
	for name, url := range map[string]string{"sqlite": sqlitePath(t), "postgres": pgtest.URL(t)} {
		t.Run(name, func(t *testing.T) {
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					db, err := Open(ctx, Options{URL: url})
					if err != nil {
						t.Error(err)
						return
					}
					if err := db.PutSetting(ctx, "a", "b"); err != nil {
						t.Error(err)
					}
					if err := errors.Join(db.Ping(ctx), db.Close()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}

// TestSQLitePath opens files whose names mean something in a URL.
func TestSQLitePath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a?mode=ro&b#c%20d")
	must(t, os.Mkdir(dir, 0o700))
	db := openAt(t, "sqlite:"+filepath.Join(dir, "ambit.db"))
	must(t, db.PutSetting(ctx, "a", "b"))
	if _, err := os.Stat(filepath.Join(dir, "ambit.db-wal")); err != nil {
		t.Error(err)
	}
	_, err := Open(ctx, Options{URL: filepath.Join(dir, "no", "such", "folder.db")})
	if err == nil {
		t.Error("a folder that is not there was made")
	}
}

// TestSQLiteSettings holds what durability depends on.
func TestSQLiteSettings(t *testing.T) {
	path := sqlitePath(t)
	db := openAt(t, path)
	must(t, db.PutSetting(ctx, "a", "b"))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		must(t, db.writer.on.one(ctx, "PRAGMA "+pragma, nil, &got))
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", suffix, info.Mode().Perm())
		}
	}
	if _, err := db.single.exec(ctx, deleteTokensOf, "x"); err == nil {
		t.Error("a reader could write")
	}
}
