package meta

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
	zombiezen "zombiezen.com/go/sqlite"
)

// sqliteMmap is how many bytes of the file may be mapped instead of read.
const sqliteMmap = 256 << 20

var sqliteEngine = &engine{
	name:  "sqlite",
	words: strings.NewReplacer("BYTES", "BLOB", "CLUSTERED", "WITHOUT ROWID", "COUNTED", "INTEGER"),
	rewrite: strings.NewReplacer(
		" FOR UPDATE", "", // the writer is alone
		"IN_LIST(?)", "IN (SELECT value FROM json_each(?))",
		"IN_THOSE((", "IN (SELECT * FROM (",
		// A statement of many rows keeps all pages it changes, to undo itself when a row fails. Here nobody would go on then: it
		// is the last of its transaction, which is rolled back.
		"INSERT INTO audit_log ", "INSERT OR FAIL INTO audit_log ",
	).Replace,
	retryable: func(err error) bool {
		switch sqliteCode(err) & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return true
		}
		return false
	},
	ambiguous: func(err error) bool { return sqliteCode(err)&0xff == sqlite3.SQLITE_IOERR },
	unique: func(err error) bool {
		code := sqliteCode(err)
		return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	},
	foreign: func(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY },
	full: func(err error) bool {
		return sqliteCode(err)&0xff == sqlite3.SQLITE_FULL || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	},
	room: func(err error, folder string) bool {
		// What is wrong with a sync or a new file SQLite does not say.
		switch sqliteCode(err) & 0xff {
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
			return noRoom(folder)
		}
		return false
	},
	unreachable: func(error) bool { return false },
}

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	if code := zombiezen.ErrCode(err); code != zombiezen.ResultError { // which is also that of anything else
		return int(code)
	}
	return 0
}

// openSQLite opens one connection that writes and several that read. A writer never waits for readers nor they for
// it (WAL), and a COMMIT returns after its fsync (synchronous=FULL).
func openSQLite(ctx context.Context, o Options) (*DB, error) {
	path, err := filepath.Abs(strings.TrimPrefix(o.URL, "sqlite:"))
	if err != nil {
		return nil, fmt.Errorf("finding the database file: %w", err)
	}
	// SQLite gives its -wal and -shm files the mode of the main file, so it is made here, before SQLite would.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making the database file: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("making the database file: %w", err)
	}
	w, err := sql.Open("sqlite", sqliteURL(path,
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-16384)", "journal_size_limit(67108864)"))
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	w.SetMaxOpenConns(1)
	db := &DB{eng: sqliteEngine, folder: filepath.Dir(path)}
	if err := db.migrate(ctx, w); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	conn, err := w.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database: %w", err), w.Close())
	}
	db.memo = newMemo()
	db.writer = newCommitter(w, conn, keeping{eng: sqliteEngine, on: conn, stmts: &sync.Map{}}, db.memo, db.over)
	db.writer.trial = o.Trial
	r, err := sql.Open("sqlite", sqliteURL(path, "query_only(1)"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database: %w", err), db.writer.close())
	}
	r.SetMaxOpenConns(2 * o.MaxConns) // half of them for transactions
	r.SetMaxIdleConns(2 * o.MaxConns)
	db.pool, db.readers = r, newReaders(r, o.MaxConns, db.over)
	db.auditors = newAuditReaders(path, o.MaxConns)
	db.single = db.over(keeping{eng: sqliteEngine, on: r, stmts: &sync.Map{}})
	return db, nil
}

// noRoom tells whether a file of some pages cannot be written to the disk because that is full.
func noRoom(folder string) bool {
	f, err := os.CreateTemp(folder, ".room-*")
	if err == nil {
		_, err = f.Write(make([]byte, 64<<10))
		err = errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()))
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func sqliteURL(path string, pragmas ...string) string {
	pragmas = append([]string{"busy_timeout(10000)", fmt.Sprintf("mmap_size(%d)", sqliteMmap)}, pragmas...)
	u := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	return u.String()
}
