package meta

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// On PostgreSQL several processes write. If each transaction took its place in the chain itself, the lock of the log's head
// would make all of them wait for one another's COMMIT. So a transaction leaves its events in audit_pending, and
// whoever comes next, this process or another, seals them some milliseconds later: moves all that are committed into the
// chain at once. Nothing is lost in between, since the rows are as durable as the change that they tell of, and whoever
// reads the log seals first. Events of changes that followed one another stay in that order: the later one's position
// was given after the earlier one's COMMIT.

const (
	insertPendingColumns = `INSERT INTO audit_pending (` + eventColumns + `) VALUES `
	pendingRow           = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	pendingRows4         = pendingRow + `, ` + pendingRow + `, ` + pendingRow + `, ` + pendingRow
	pendingRows16        = pendingRows4 + `, ` + pendingRows4 + `, ` + pendingRows4 + `, ` + pendingRows4
	pendingRows64        = pendingRows16 + `, ` + pendingRows16 + `, ` + pendingRows16 + `, ` + pendingRows16

	insertPending1  = insertPendingColumns + pendingRow
	insertPending4  = insertPendingColumns + pendingRows4
	insertPending16 = insertPendingColumns + pendingRows16
	insertPending64 = insertPendingColumns + pendingRows64

	// In the order of the key, so that PostgreSQL looks into the key: without, it goes through the pages of the table, which
	// may hold a hundred thousand rows that were sealed since the last vacuum.
	selectPending = `SELECT pos FROM audit_pending ORDER BY pos LIMIT 1`
	takePending   = `
		DELETE FROM audit_pending WHERE pos IN_THOSE((SELECT pos FROM audit_pending ORDER BY pos LIMIT 1024))
		RETURNING pos, ` + eventColumns
	noTableScans = `SET LOCAL enable_seqscan = off`
)

var insertPending = []insertion{{64, insertPending64}, {16, insertPending16}, {4, insertPending4}, {1, insertPending1}}

func putPending(ctx context.Context, q queries, events []hub.Event) error {
	values := make([]any, 0, len(events)*eventValuesLen)
	for i := range events {
		values = appendEvent(values, &events[i])
	}
	return insertRows(ctx, q, values, eventValuesLen, insertPending)
}

// SealEvents gives every event of a committed transaction its number in the log. On SQLite they have theirs.
func (db *DB) SealEvents(ctx context.Context) error {
	if db.writer != nil {
		return db.Ping(ctx)
	}
	return db.seal(ctx)
}

// seal is SealEvents for methods that read the log: they call it first.
func (db *DB) seal(ctx context.Context) error {
	if db.writer != nil {
		return nil
	}
	for {
		waiting, err := collect(ctx, db.single, scanOne[int64], selectPending)
		if err != nil || len(waiting) == 0 {
			return db.fail(err, "reading events that wait")
		}
		if err := db.sealSome(ctx); err != nil && !errors.Is(err, errNoSetting) {
			return err
		}
	}
}

// sealSome seals a number of events. The head's lock comes first, so that those who seal at the same time do it one
// after another, each finding what is left.
func (db *DB) sealSome(ctx context.Context) error {
	leave, err := db.queue.Enter(ctx, sealQueue)
	if err != nil {
		return db.fail(err, "sealing events")
	}
	defer leave()
	sealed := 0
	err = db.mutate(ctx, "sealing events", func(tx *Tx) error {
		if err := tx.alongPendingKey(ctx); err != nil {
			return err
		}
		var seq int64
		var last []byte
		if err := tx.one(ctx, lockAuditHead, nil, &seq, &last); err != nil {
			return err
		}
		rows, err := collect(ctx, tx.queries, func(s scanner) (r pendingEvent, err error) {
			e := &r.Event
			return r, s.Scan(&r.pos, &e.ID, &e.Type, &e.ActorID, &e.ActorName, &e.TokenID, &e.NamespaceID, &e.RepoID,
				&e.TargetID, &e.Message, &e.IP, &e.UserAgent, asTime{&e.At})
		}, takePending)
		if err != nil || len(rows) == 0 {
			return err
		}
		slices.SortFunc(rows, func(a, b pendingEvent) int { return int(a.pos - b.pos) })
		events := make([]hub.Event, len(rows))
		for i, r := range rows {
			events[i] = r.Event
		}
		sealed = len(events)
		return appendEvents(ctx, tx.queries, events)
	})
	if err == nil {
		db.sealed.Add(int64(sealed))
	}
	return err
}

// alongPendingKey makes PostgreSQL find events that wait by their key. It plans takePending when the table is small, for which
// going through all of it is cheaper, and keeps the plan while the table gets large, mostly of what was sealed already.
func (tx *Tx) alongPendingKey(ctx context.Context) error {
	if tx.db.noSetting.Load() {
		return nil
	}
	_, err := tx.exec(ctx, noTableScans)
	if postgresCode(err) == "42704" { // undefined_object: a database that only speaks like PostgreSQL
		tx.db.noSetting.Store(true)
		return errNoSetting // the transaction is lost
	}
	return err
}

// errNoSetting asks for another attempt without the setting.
var errNoSetting = errors.New("the database does not know the setting")

type pendingEvent struct {
	pos int64
	hub.Event
}

// sealQueue is the key under which those who seal in this process queue; no row has it as its id.
const sealQueue hub.ID = "sealing"

// waker is told of events that wait.
type waker chan struct{}

func (w waker) kick(events int) {
	if events == 0 {
		return
	}
	select {
	case w <- struct{}{}:
	default: // it has been told
	}
}

// Sealer seals events soon after their commit, and those that another process left behind. SQLite needs none: there
// it does nothing.
type Sealer struct {
	db       *DB
	logError func(ctx context.Context, msg string, err error)
}

// NewSealer starts nothing; logError hears of what Run gets over.
func NewSealer(db *DB, logError func(ctx context.Context, msg string, err error)) *Sealer {
	return &Sealer{db, logError}
}

const (
	sealAfter = 20 * time.Millisecond // so that many come together: a seal costs a commit of its own
	sealEvery = time.Second           // what others left behind

	vacuumAfter = 1 << 15 // sealed events
)

// Run seals until ctx ends, and once more then.
func (s *Sealer) Run(ctx context.Context) error {
	t := time.NewTicker(sealEvery)
	defer t.Stop()
	for {
		select {
		case <-s.db.pending:
			select {
			case <-time.After(sealAfter):
			case <-ctx.Done():
			}
		case <-t.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			return s.db.SealEvents(last)
		}
		if err := s.db.SealEvents(ctx); err != nil && ctx.Err() == nil {
			s.logError(ctx, "sealing audit events", err)
		}
		if s.db.sealed.Load() >= vacuumAfter {
			s.vacuum(ctx)
		}
	}
}

// vacuum frees the rows of sealed events. Who looks for the first one that waits goes over the entries of all that were before it,
// and the server's own vacuum comes once a minute at best: a millisecond for each look after some hundred thousand. It
// waits for nobody and nobody for it; the table keeps its size, as the rows to come need it.
func (s *Sealer) vacuum(ctx context.Context) {
	s.db.sealed.Store(0)
	_, err := s.db.pool.ExecContext(ctx, "VACUUM (TRUNCATE FALSE) audit_pending")
	if postgresCode(err) == "" && err != nil && ctx.Err() == nil { // a database that only speaks like PostgreSQL may not know it, and need it not
		s.logError(ctx, "vacuuming the events that waited", err)
	}
}
