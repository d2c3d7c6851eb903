package meta

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ambit-hub/ambit/internal/hub"
)

// callAll calls every method of db with empty arguments and returns the errors by name.
func callAll(t *testing.T, db *DB, c context.Context) map[string]error {
	t.Helper()
	errs := map[string]error{}
	v := reflect.ValueOf(db)
	for i := range v.NumMethod() {
		name := v.Type().Method(i).Name
		if name == "Close" || name == "OnChange" || name == "OnQuery" || name == "Engine" {
			continue
		}
		m := v.Method(i)
		var args []reflect.Value
		for j := range m.Type().NumIn() {
			in := m.Type().In(j)
			switch {
			case in == reflect.TypeFor[context.Context]():
				args = append(args, reflect.ValueOf(c))
			case in == reflect.TypeFor[func(*Tx) error]():
				args = append(args, reflect.ValueOf(func(*Tx) error { return nil }))
			case in == reflect.TypeFor[[]byte]():
				args = append(args, reflect.ValueOf(newDigest()))
			case in == reflect.TypeFor[hub.Rotation]():
				args = append(args, reflect.ValueOf(hub.Rotation{Digest: newDigest()}))
			case in == reflect.TypeFor[hub.Role]():
				args = append(args, reflect.ValueOf(hub.RoleAdmin))
			case in.Kind() == reflect.Int: // a limit
				args = append(args, reflect.ValueOf(1).Convert(in))
			case in.Kind() == reflect.Struct && hasLimit(in): // a query
				q := reflect.New(in).Elem()
				q.FieldByName("Limit").SetInt(1)
				args = append(args, q)
			case m.Type().IsVariadic() && j == m.Type().NumIn()-1:
				args = append(args, reflect.Zero(in.Elem()))
			case in.Kind() == reflect.Map:
				m := reflect.MakeMap(in)
				m.SetMapIndex(reflect.ValueOf(hub.NewID()).Convert(in.Key()), reflect.Zero(in.Elem()))
				args = append(args, m)
			case in.Kind() == reflect.Slice && in.Elem().Kind() == reflect.Struct: // nothing to store is no call
				args = append(args, reflect.MakeSlice(in, 1, 1))
			default:
				args = append(args, reflect.Zero(in))
			}
		}
		out := m.Call(args)
		err, _ := out[len(out)-1].Interface().(error)
		errs[name] = err
	}
	return errs
}

func hasLimit(t reflect.Type) bool {
	f, ok := t.FieldByName("Limit")
	return ok && f.Type.Kind() == reflect.Int
}

// TestClosed calls every method of a closed store: each says so.
func TestClosed(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		must(t, db.Close())
		errs := callAll(t, db, ctx)
		if len(errs) < 60 {
			t.Errorf("only %d methods", len(errs))
		}
		for name, err := range errs {
			if err == nil {
				t.Errorf("%s succeeds", name)
			} else if e := (*hub.Error)(nil); errors.As(err, &e) && strings.Contains(e.Message, "SELECT") {
				t.Errorf("%s shows SQL: %s", name, e.Message)
			}
		}
	})
}

// TestGone calls every method for a caller who has gone: nothing happens.
func TestGone(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		makeWorld(t, db)
		before, err := db.ListEvents(ctx, "", 1000)
		must(t, err)
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		for name, err := range callAll(t, db, cancelled) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
		after, err := db.ListEvents(ctx, "", 1000)
		must(t, err)
		if len(after) != len(before) {
			t.Error("something happened")
		}
	})
}

// TestFull fills the database up: writers are told, nothing is half done, and all goes on when there is space again.
func TestFull(t *testing.T) {
	db := openAt(t, sqlitePath(t))
	alice := addUser(t, db, "alice")
	limit := func(pages string) {
		t.Helper()
		var n int64
		must(t, db.writer.on.one(ctx, "PRAGMA max_page_count = "+pages, nil, &n))
	}
	limit("1") // which SQLite takes as the present number
	var wg sync.WaitGroup
	var full, done atomic.Int64
	for range 16 { // so that some share a transaction
		wg.Go(func() {
			for range 40 {
				r := hub.Repo{ID: hub.NewID(), NamespaceID: alice.ID}
				r.Type, r.Name = hub.Model, "r"+string(r.ID)
				pub := hub.Publication{ID: hub.NewID(), Pack: &hub.Pack{ID: hub.NewID(), Bytes: 30000}, Inline: make([]byte, 30000)}
				switch err := db.CreateRepo(ctx, r, pub, hub.Event{}); {
				case err == nil:
					done.Add(1)
				case hub.Is(err, hub.InsufficientStorage):
					full.Add(1)
					if _, err := db.RepoByID(ctx, r.ID); !hub.Is(err, hub.RepoNotFound) {
						t.Errorf("half a repository: %v", err)
					}
				default:
					t.Errorf("got %v", err)
				}
			}
		})
	}
	wg.Wait()
	if full.Load() == 0 {
		t.Fatal("the database never got full")
	}
	limit("1000000")
	addRepo(t, db, alice.ID, "after")
	repos, _, err := db.ListRepos(ctx, hub.RepoQuery{Limit: 1000, Visible: hub.Visible{Everything: true}})
	must(t, err)
	if int64(len(repos)) != done.Load()+1 {
		t.Errorf("%d repositories, %d were created", len(repos), done.Load()+1)
	}
}

// TestSharedCommit runs transactions that succeed, fail and panic at once: each has its own fate.
func TestSharedCommit(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		boom := errors.New("boom")
		var wg sync.WaitGroup
		for i := range 48 {
			wg.Go(func() {
				name := "k" + string(rune('A'+i))
				defer func() {
					if p := recover(); (p != nil) != (i%3 == 2) {
						t.Errorf("%d: panic %v", i, p)
					}
				}()
				err := db.InTx(ctx, func(tx *Tx) error {
					if err := tx.PutSetting(ctx, name, "v"); err != nil {
						return err
					}
					switch i % 3 {
					case 1:
						return boom
					case 2:
						panic("boom")
					}
					return nil
				})
				if want := map[int]error{0: nil, 1: boom}[i%3]; err != want {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		wg.Wait()
		for i := range 48 {
			_, ok, err := db.Setting(ctx, "k"+string(rune('A'+i)))
			must(t, err)
			if ok != (i%3 == 0) {
				t.Errorf("%d: stored %v", i, ok)
			}
		}
	})
}

// TestRetry gives a transaction up as engines do, and expects it to be run again.
func TestRetry(t *testing.T) {
	db := openAt(t, sqlitePath(t))
	transient := errors.New("give up")
	eng := sqliteEngineCopy()
	eng.retryable = func(err error) bool { return errors.Is(err, transient) }
	db.eng = eng
	tries := 0
	must(t, db.InTx(ctx, func(tx *Tx) error {
		if tries++; tries < 4 {
			return transient
		}
		return nil
	}))
	tries = 0
	err := db.InTx(ctx, func(tx *Tx) error { tries++; return transient })
	if !errors.Is(err, transient) || tries != maxAttempts {
		t.Errorf("%d tries, %v", tries, err)
	}
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	err = db.InTx(short, func(tx *Tx) error { return transient })
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, transient) {
		t.Errorf("got %v", err)
	}
}

func sqliteEngineCopy() *engine {
	return &engine{name: sqliteEngine.name, words: sqliteEngine.words, rewrite: sqliteEngine.rewrite, retryable: sqliteEngine.retryable,
		ambiguous: sqliteEngine.ambiguous, unique: sqliteEngine.unique, foreign: sqliteEngine.foreign, full: sqliteEngine.full,
		unreachable: sqliteEngine.unreachable}
}

// TestPostgresErrors holds what PostgreSQL's codes mean to us.
func TestPostgresErrors(t *testing.T) {
	for code, want := range map[string]hub.Code{"53100": hub.InsufficientStorage, "57P01": hub.Unavailable, "08006": hub.Unavailable,
		"53300": hub.Unavailable, "23505": hub.Conflict, "23503": hub.Conflict, "42601": hub.Internal} {
		db := &DB{eng: postgresEngine}
		err := db.fail(&pgconn.PgError{Code: code, Message: "SELECT secret"}, "doing something")
		wantCode(t, err, want)
		if e := (*hub.Error)(nil); errors.As(err, &e) && strings.Contains(e.Message, "SELECT") {
			t.Errorf("%s shows SQL", code)
		}
	}
	for _, code := range []string{"40001", "40P01"} {
		if !postgresEngine.retryable(&pgconn.PgError{Code: code}) {
			t.Errorf("%s is not tried again", code)
		}
	}
	_, err := Open(ctx, Options{URL: "postgres://user:hunter2@host:notaport/db"})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}
