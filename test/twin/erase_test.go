package twin

import (
	"database/sql"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver behind the hub's own rows
)

// unseenTables are not read by anybody who cannot see the repositories that their rows are about, or not at all by
// anybody outside: their rows are chained or counted and stay.
var unseenTables = []string{"audit", "audit_log", "denials"}

// erase takes out of the hub in dir what a caller cannot see, as if it had never been: the given repositories with every
// row that names them and every byte that only they had, and other people's business. No hub may be using the folder.
func erase(t *testing.T, dir string, c caller, gone []repo) {
	t.Helper()
	db, err := sql.Open("sqlite", settings(dir).SQLitePath())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	e := eraser{t: t, db: db}
	e.exec(`PRAGMA foreign_keys = OFF`)
	e.exec(`CREATE TEMP TABLE gone (id TEXT PRIMARY KEY)`)
	for _, r := range gone {
		e.exec(`INSERT INTO gone VALUES (?)`, string(r.row))
	}
	var names []string // parts of the names of files that go
	for _, r := range gone {
		names = append(names, string(r.row))
	}
	for _, table := range e.strings(`SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'repo_id' WHERE m.type = 'table'`) {
		if !slices.Contains(unseenTables, table) {
			e.exec(`DELETE FROM ` + table + ` WHERE repo_id IN (SELECT id FROM gone)`)
		}
	}
	e.exec(`DELETE FROM token_scopes WHERE entity_id IN (SELECT id FROM gone)`)
	e.exec(`DELETE FROM repos WHERE id IN (SELECT id FROM gone)`)
	e.exec(`DELETE FROM id_tails WHERE tail IN (SELECT SUBSTR(id, 17) FROM gone)`)
	e.exec(`DELETE FROM upload_parts WHERE upload_id NOT IN (SELECT id FROM uploads)`)
	const orphan = ` FROM lfs_objects WHERE digest NOT IN (SELECT digest FROM repo_lfs)`
	names = append(names, e.strings(`SELECT digest`+orphan)...)
	e.exec(`DELETE` + orphan)
	e.exec(`DELETE FROM xet_files WHERE id NOT IN (SELECT file_id FROM xet_links)`)
	e.exec(`DELETE FROM xet_file_xorbs WHERE file_id NOT IN (SELECT id FROM xet_files)`)
	const unused = ` FROM xet_xorbs WHERE hash NOT IN (SELECT xorb FROM xet_file_xorbs)`
	for _, h := range e.strings(`SELECT hash` + unused) {
		names = append(names, hex.EncodeToString([]byte(h)))
	}
	e.exec(`DELETE` + unused)
	for _, table := range []string{"xet_holdings", "xet_chunks"} {
		e.exec(`DELETE FROM ` + table + ` WHERE xorb NOT IN (SELECT hash FROM xet_xorbs)`)
	}
	e.erasePeople(c)
	if left := e.strings(`SELECT "table" || ' refers to ' || parent FROM pragma_foreign_key_check`); len(left) > 0 {
		t.Fatalf("rows of erased repositories are left: %v; this function must learn about new tables", left)
	}
	err = filepath.WalkDir(settings(dir).BlobsPath(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.ContainsFunc(names, func(n string) bool { return strings.Contains(path, n) }) {
			err = os.Remove(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// erasePeople takes out memberships of organizations whose members the caller cannot read, everybody else's sessions
// and, unless the caller administers an organization and so reviews them, everybody else's tokens.
func (e eraser) erasePeople(c caller) {
	const others = ` WHERE user_id NOT IN (SELECT id FROM namespaces WHERE name = ?)`
	e.exec(`DELETE FROM sessions`+others, c.user)
	for org, ms := range members {
		if !slices.ContainsFunc(ms, func(m [2]string) bool { return m[0] == c.user && m[1] != "no_access" }) {
			e.exec(`DELETE FROM members`+others+` AND org_id IN (SELECT id FROM namespaces WHERE name = ?)`, c.user, org)
		}
		if ms[0][0] == c.user {
			return
		}
	}
	e.exec(`DELETE FROM tokens`+others, c.user)
	for _, table := range e.strings(`SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'token_id' WHERE m.type = 'table'`) {
		if !slices.Contains(unseenTables, table) {
			e.exec(`DELETE FROM ` + table + ` WHERE token_id NOT IN (SELECT id FROM tokens UNION SELECT id FROM service_tokens)`)
		}
	}
}

type eraser struct {
	t  *testing.T
	db *sql.DB
}

func (e eraser) exec(text string, args ...any) {
	e.t.Helper()
	if _, err := e.db.Exec(text, args...); err != nil {
		e.t.Fatalf("%s: %v", text, err)
	}
}

func (e eraser) strings(text string) (out []string) {
	e.t.Helper()
	rows, err := e.db.Query(text)
	if err != nil {
		e.t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			e.t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		e.t.Fatal(err)
	}
	return out
}
