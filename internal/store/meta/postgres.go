package meta

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

var postgresEngine = &engine{
	name: "postgres",
	// Bytes decide about order and equality, whatever the locale of the database, so that both engines agree.
	words: strings.NewReplacer("BYTES", "BYTEA", "CLUSTERED", "", " TEXT ", ` TEXT COLLATE "C" `),
	rewrite: func(query string) string {
		return numbered(strings.ReplaceAll(query, "IN_LIST(?)",
			"= ANY (ARRAY(SELECT json_array_elements_text(CAST(? AS json))))"))
	},
	retryable: func(err error) bool {
		switch postgresCode(err) {
		case "40001", "40P01": // serialization_failure, deadlock_detected
			return true
		}
		return false
	},
	ambiguous: func(err error) bool {
		code := postgresCode(err)
		return errors.Is(err, driver.ErrBadConn) || connectionLost(err) ||
			strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P")
	},
	unique:  func(err error) bool { return postgresCode(err) == "23505" },
	foreign: func(err error) bool { return postgresCode(err) == "23503" },
	full:    func(err error) bool { return postgresCode(err) == "53100" },
	unreachable: func(err error) bool {
		code := postgresCode(err)
		return errors.Is(err, driver.ErrBadConn) || connectionLost(err) ||
			strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P") || code == "53300"
	},
}

func postgresCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func connectionLost(err error) bool {
	var refused *pgconn.ConnectError
	var network *net.OpError
	return errors.As(err, &refused) || errors.As(err, &network) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) ||
		strings.Contains(err.Error(), "conn closed") // pgconn has no value for it
}

// numbered gives each ? its number. Queries hold no question mark within a literal.
func numbered(query string) string {
	var b strings.Builder
	n := 0
	for {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		query = after
	}
}

// openPostgres opens one pool. Statements are prepared once for each connection by pgx.
func openPostgres(ctx context.Context, o Options) (*DB, error) {
	cfg, err := pgx.ParseConfig(o.URL)
	if err != nil {
		// The text of pgx may hold parts of the URL, which may hold a password.
		return nil, fmt.Errorf("the address of the database is not valid")
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "ambit"
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 10 * time.Second
	}
	d := stdlib.OpenDB(*cfg)
	d.SetMaxOpenConns(o.MaxConns)
	d.SetMaxIdleConns(o.MaxConns)
	d.SetConnMaxIdleTime(5 * time.Minute)
	db := &DB{eng: postgresEngine, pool: d, single: queries{direct{eng: postgresEngine, on: d}}}
	if err := db.migrate(ctx, d); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return db, nil
}
