package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// startTimeout is how long a server may take to come up on a busy machine.
const startTimeout = time.Minute

// supervise runs the server until standard input ends, which happens when this process does, however it does. It then
// stops the server and removes its folder.
const supervise = `"$@" >"$PGTEST/log" 2>&1 & read x; kill -QUIT $!; wait $!; rm -rf "$PGTEST"`

// lifeline is kept open for as long as the process lives: the collector would close a pipe that nobody holds.
//
//lint:ignore U1000 it is held, not read
var lifeline io.Closer

// start starts a server on a Unix socket in a new folder. The locale sorts unlike bytes do, so that a query that
// forgets about collation shows it.
func start() (*url.URL, error) {
	bin, err := newest()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		return nil, err
	}
	who, err := owner(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync",
		"-E", "UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US")
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	initdb.Dir = dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	sh := exec.Command("/bin/sh", "-c", supervise, "sh", filepath.Join(bin, "postgres"), "-D", data, "-k", dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200",
		"-c", "max_locks_per_transaction=256", "-c", "wal_level=minimal", "-c", "max_wal_senders=0")
	sh.Env = append(os.Environ(), "PGTEST="+dir)
	sh.Dir = dir
	sh.SysProcAttr = &syscall.SysProcAttr{Credential: who, Setpgid: true} // an interrupt is for us alone
	if lifeline, err = sh.StdinPipe(); err != nil {
		return nil, err
	}
	if err := sh.Start(); err != nil {
		return nil, err
	}
	u := &url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres",
		RawQuery: url.Values{"host": {dir}, "sslmode": {"disable"}}.Encode()}
	return u, wait(u, filepath.Join(dir, "log"))
}

// newest finds the folder of the newest server's programs.
func newest() (string, error) {
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	if len(dirs) == 0 {
		return "", errors.New("no PostgreSQL server is installed under /usr/lib/postgresql")
	}
	version := func(dir string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		return n
	}
	return slices.MaxFunc(dirs, func(a, b string) int { return version(a) - version(b) }), nil
}

// owner returns whom the server runs as: us, or the user postgres when we are root, which a server refuses to be. The
// folder becomes theirs.
func owner(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, uid, gid)
}

func wait(u *url.URL, log string) error {
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		return err
	}
	defer db.Close()
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		err := db.PingContext(context.Background())
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log)
			return fmt.Errorf("the server does not answer: %w: %s", err, text)
		}
	}
}
