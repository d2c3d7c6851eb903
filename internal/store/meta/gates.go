package meta

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	gateColumns = `
		SELECT q.id, q.repo_id, q.kind, q.subject_id,
			COALESCE(n.name, g.name, a.name, ''), COALESCE(n.full_name, ''),
			CASE WHEN q.requested_at > 0 THEN COALESCE(n.email, '') ELSE '' END,
			q.state, q.fields, q.requested_at, q.decided_at, q.reviewer_id, COALESCE(v.name, ''), q.reason, q.granted, q.until
		FROM gate_requests q LEFT JOIN namespaces n ON n.id = q.subject_id LEFT JOIN resource_groups g ON g.id = q.subject_id
			LEFT JOIN service_accounts a ON a.id = q.subject_id LEFT JOIN namespaces v ON v.id = q.reviewer_id `
	selectGateRequest  = gateColumns + `WHERE q.repo_id = ? AND q.kind = ? AND q.subject_id = ?`
	selectGateRequests = gateColumns + `
		WHERE q.repo_id = ? AND (? = '' OR q.kind = ?) AND (? = '' OR q.state = ?) AND q.id > ? ORDER BY q.id LIMIT ?`
	upsertGateRequest = `
		INSERT INTO gate_requests (repo_id, kind, subject_id, id, state, fields, requested_at, decided_at, reviewer_id, reason, granted, until)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (repo_id, kind, subject_id) DO UPDATE SET state = excluded.state, fields = excluded.fields,
			requested_at = excluded.requested_at, decided_at = excluded.decided_at, reviewer_id = excluded.reviewer_id,
			reason = excluded.reason, granted = excluded.granted, until = excluded.until`
	deleteGateRequest   = `DELETE FROM gate_requests WHERE repo_id = ? AND kind = ? AND subject_id = ?`
	deleteGateRequests  = `DELETE FROM gate_requests WHERE repo_id = ?`
	selectGateOrgSize   = `SELECT COUNT(*) FROM orgs WHERE id = ?`
	selectGateGroupSize = `SELECT COUNT(*) FROM resource_groups WHERE id = ?`
	selectGateSASize    = `SELECT COUNT(*) FROM service_accounts WHERE id = ?`
	selectGateUserSize  = `SELECT COUNT(*) FROM users WHERE id = ?`
)

func scanGateRequest(s scanner) (q hub.GateRequest, err error) {
	return q, s.Scan(&q.ID, &q.RepoID, &q.Kind, &q.SubjectID, &q.SubjectName, &q.FullName, &q.Email, &q.State,
		asJSON{&q.Fields}, asTime{&q.RequestedAt}, asTime{&q.DecidedAt}, &q.ReviewerID, &q.Reviewer, &q.Reason, &q.Granted,
		asTime{&q.Until})
}

func noRequest() error { return hub.Errorf(hub.NotFound, "There is no such access request.") }

func notGated() error { return hub.Errorf(hub.RepoNotGated, "This repository is not gated.") }

func readGate(ctx context.Context, q queries, repoID hub.ID, kind hub.GateSubject, subject hub.ID) (hub.GateRequest, bool, error) {
	all, err := collect(ctx, q, scanGateRequest, selectGateRequest, repoID, string(kind), subject)
	if err != nil || len(all) == 0 {
		return hub.GateRequest{RepoID: repoID, Kind: kind, SubjectID: subject}, false, err
	}
	return all[0], true, nil
}

// GateRequest finds where somebody stands before the gate of a repository. NotFound when nobody asked or granted.
func (db *DB) GateRequest(ctx context.Context, repoID hub.ID, kind hub.GateSubject, subject hub.ID) (hub.GateRequest, error) {
	r, ok, err := readGate(ctx, db.single, repoID, kind, subject)
	if err == nil && !ok {
		err = noRequest()
	}
	return r, db.fail(err, "finding an access request")
}

// GateRequests lists requests and admissions of a repository in the order of their ids, which is that of first asking.
// An empty kind or state means all. InvalidInput for a limit that is not allowed.
func (db *DB) GateRequests(ctx context.Context, repoID hub.ID, kind hub.GateSubject, state hub.GateState, after hub.ID, limit int) ([]hub.GateRequest, error) {
	if limit < 1 || limit > MaxListLimit {
		return nil, hub.Errorf(hub.InvalidInput, "The limit of a listing is a number from 1 to %d.", MaxListLimit)
	}
	all, err := collect(ctx, db.single, scanGateRequest, selectGateRequests, repoID, string(kind), string(kind), string(state), string(state), after, limit)
	return all, db.fail(err, "listing access requests")
}

func (tx *Tx) putGate(ctx context.Context, q hub.GateRequest) error {
	fields := "{}"
	if len(q.Fields) > 0 {
		b, err := json.Marshal(q.Fields)
		if err != nil {
			return hub.Wrap(err, hub.InvalidInput, "The answers to the form are not valid JSON.")
		}
		fields = string(b)
	}
	_, err := tx.exec(ctx, upsertGateRequest, q.RepoID, string(q.Kind), q.SubjectID, q.ID, string(q.State), fields, q.RequestedAt,
		q.DecidedAt, q.ReviewerID, q.Reason, q.Granted, q.Until)
	return err
}

// gatedRepo locks a repository and returns it; RepoNotGated when it has no gate.
func (tx *Tx) gatedRepo(ctx context.Context, id hub.ID) (hub.Repo, error) {
	if err := tx.lockRepo(ctx, id); err != nil {
		return hub.Repo{}, err
	}
	r, ok, err := readRepo(ctx, tx.queries, selectRepoByID, id)
	switch {
	case err != nil:
		return hub.Repo{}, err
	case !ok:
		return hub.Repo{}, noRepo()
	case r.Gated == hub.Ungated || r.Type == hub.Space:
		return hub.Repo{}, notGated()
	}
	return r, nil
}

// AskGate is a person asking to pass a gate: at once in automatic mode unless review is set, else pending. Who is pending, accepted or
// rejected stays what they are. After a reset, and when the time of an acceptance is over, the owner decides in either
// mode. RepoNotFound; RepoNotGated.
func (db *DB) AskGate(ctx context.Context, repoID, userID hub.ID, fields map[string]any, review bool, ev hub.Event) (q hub.GateRequest, err error) {
	err = db.mutate(ctx, "asking for access", func(tx *Tx) error {
		r, err := tx.gatedRepo(ctx, repoID)
		if err != nil {
			return err
		}
		var found bool
		if q, found, err = readGate(ctx, tx.queries, repoID, hub.GateUser, userID); err != nil {
			return err
		}
		over := q.State == hub.GateAccepted && !q.Until.IsZero() && !tx.at.Before(q.Until)
		if found && q.State != hub.GateReset && !over {
			return nil
		}
		if !found {
			q.ID = hub.NewIDAt(tx.at)
		}
		q.State, q.DecidedAt = hub.GatePending, time.Time{}
		if r.Gated == hub.GateAuto && !found && !review {
			q.State, q.DecidedAt = hub.GateAccepted, tx.at
		}
		q.Fields, q.RequestedAt, q.ReviewerID, q.Reviewer, q.Reason, q.Granted, q.Until = fields, tx.at, "", "", "", false, time.Time{}
		if err := tx.putGate(ctx, q); err != nil {
			return err
		}
		return tx.recordGate(ctx, ev, r, q, "repo.access.request")
	})
	return q, err
}

// recordGate writes the event of a decision and marks whose snapshots hold the old one.
func (tx *Tx) recordGate(ctx context.Context, ev hub.Event, r hub.Repo, q hub.GateRequest, kind string) error {
	ev.RepoID, ev.TargetID = r.ID, q.SubjectID
	if err := tx.staleGate(ctx, q.Kind, q.SubjectID); err != nil {
		return err
	}
	return tx.record(ctx, about(ev, r.NamespaceID), kind)
}

func (tx *Tx) staleGate(ctx context.Context, kind hub.GateSubject, subject hub.ID) error {
	switch kind {
	case hub.GateOrg:
		tx.stale(orgChange(subject))
	case hub.GateGroup:
		members, err := collect(ctx, tx.queries, scanGroupMember, selectGroupMembers, subject)
		for _, m := range members {
			tx.stale(userChange(m.UserID))
		}
		return err
	default: // the snapshots of a service account hang on its id like those of a person
		tx.stale(userChange(subject))
	}
	return nil
}

// CancelGate is a person taking back a request that is pending. NotFound for any other.
func (db *DB) CancelGate(ctx context.Context, repoID, userID hub.ID, ev hub.Event) error {
	return db.mutate(ctx, "taking back an access request", func(tx *Tx) error {
		if err := tx.lockRepo(ctx, repoID); err != nil {
			return err
		}
		q, _, err := readGate(ctx, tx.queries, repoID, hub.GateUser, userID)
		if err != nil {
			return err
		}
		if q.State != hub.GatePending {
			return noRequest()
		}
		if _, err := tx.exec(ctx, deleteGateRequest, repoID, string(hub.GateUser), userID); err != nil {
			return err
		}
		return tx.recordGate(ctx, ev, hub.Repo{ID: repoID}, q, "repo.access.cancel")
	})
}

// DecideGate is an owner deciding about a request: accepted, rejected, pending again, or reset so that the person may
// ask anew. A zero until means without end. RepoNotFound; RepoNotGated; NotFound when there is no request, or when
// neither its state nor its end would change.
func (db *DB) DecideGate(ctx context.Context, repoID hub.ID, kind hub.GateSubject, subject hub.ID, to hub.GateState, reviewer hub.ID,
	reason string, until time.Time, ev hub.Event) (q hub.GateRequest, err error) {
	err = db.mutate(ctx, "deciding about an access request", func(tx *Tx) error {
		r, err := tx.gatedRepo(ctx, repoID)
		if err != nil {
			return err
		}
		var found bool
		if q, found, err = readGate(ctx, tx.queries, repoID, kind, subject); err != nil {
			return err
		}
		if !found {
			return noRequest()
		}
		if q.State == to && q.Until.Equal(until) {
			return hub.Errorf(hub.NotFound, "There is no access request to decide: this one is %s already.", to)
		}
		if to != hub.GateAccepted {
			until = time.Time{}
		}
		q.State, q.DecidedAt, q.ReviewerID, q.Reason, q.Until = to, tx.at, reviewer, reason, until
		if to == hub.GatePending {
			q.DecidedAt = time.Time{}
		}
		if err := tx.putGate(ctx, q); err != nil {
			return err
		}
		return tx.recordGate(ctx, ev, r, q, "repo.access."+string(to))
	})
	return q, err
}

// GrantGate lets somebody in who did not ask: a person, or an organization, a resource group or a service account. A
// zero until means without end. RepoNotFound; RepoNotGated; InvalidInput when they are in already; NotFound when there
// is no such person or thing.
func (db *DB) GrantGate(ctx context.Context, repoID hub.ID, kind hub.GateSubject, subject, reviewer hub.ID, until time.Time, ev hub.Event) error {
	return db.mutate(ctx, "granting access", func(tx *Tx) error {
		r, err := tx.gatedRepo(ctx, repoID)
		if err != nil {
			return err
		}
		if err := tx.gateSubject(ctx, kind, subject); err != nil {
			return err
		}
		q, found, err := readGate(ctx, tx.queries, repoID, kind, subject)
		if err != nil {
			return err
		}
		over := !q.Until.IsZero() && !tx.at.Before(q.Until)
		if q.State == hub.GateAccepted && !over {
			return hub.Errorf(hub.InvalidInput, "Access was already granted.")
		}
		if !found {
			q.ID = hub.NewIDAt(tx.at)
		}
		q.Granted = q.RequestedAt.IsZero()
		q.State, q.DecidedAt, q.ReviewerID, q.Reason, q.Until = hub.GateAccepted, tx.at, reviewer, "", until
		if err := tx.putGate(ctx, q); err != nil {
			return err
		}
		return tx.recordGate(ctx, ev, r, q, "repo.access.grant")
	})
}

// gateSubject tells whether there is such a thing to let in; NotFound.
func (tx *Tx) gateSubject(ctx context.Context, kind hub.GateSubject, id hub.ID) (err error) {
	var n int64
	switch kind {
	case hub.GateUser:
		err = tx.one(ctx, selectGateUserSize, []any{id}, &n)
	case hub.GateOrg:
		err = tx.one(ctx, selectGateOrgSize, []any{id}, &n)
	case hub.GateGroup:
		err = tx.one(ctx, selectGateGroupSize, []any{id}, &n)
	case hub.GateService:
		err = tx.one(ctx, selectGateSASize, []any{id}, &n)
	}
	if err == nil && n == 0 {
		err = hub.Errorf(hub.NotFound, "There is no such user, organization, group or service account.")
	}
	return err
}
