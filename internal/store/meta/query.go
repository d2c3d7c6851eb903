package meta

import (
	"context"
	"database/sql"
)

// queries runs queries somewhere: on a pool, in a transaction that reads, or in one that writes. Every query text is a
// constant of this package with ? for each value, which a test prepares on both engines; only listings compose theirs.
type queries struct{ executor }

// executor is what runs a query: see executor.go.
type executor interface {
	execute(ctx context.Context, text string, args []any) (sql.Result, error)
	query(ctx context.Context, text string, args []any) (*sql.Rows, error)
}

// exec returns the number of changed rows.
func (q queries) exec(ctx context.Context, text string, args ...any) (int64, error) {
	bound, err := bind(args)
	if err != nil {
		return 0, err
	}
	res, err := q.execute(ctx, text, bound)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// one reads the first row into dest; sql.ErrNoRows when there is none.
func (q queries) one(ctx context.Context, text string, args []any, dest ...any) error {
	bound, err := bind(args)
	if err != nil {
		return err
	}
	rows, err := q.query(ctx, text, bound)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := rows.Scan(dest...); err != nil {
		return err
	}
	return rows.Close()
}

// scanner is a row to be read.
type scanner interface{ Scan(dest ...any) error }

// collect reads all rows with scan.
func collect[T any](ctx context.Context, q queries, scan func(scanner) (T, error), text string, args ...any) ([]T, error) {
	bound, err := bind(args)
	if err != nil {
		return nil, err
	}
	rows, err := q.query(ctx, text, bound)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// scanOne reads a column of one of the basic types.
func scanOne[T any](s scanner) (v T, err error) { return v, s.Scan(&v) }
