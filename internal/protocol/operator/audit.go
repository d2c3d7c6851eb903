package operator

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/auditchain"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/audit"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// AddAudit adds the calls about the audit log. To be called before the handler serves.
func (h *Handler) AddAudit(a *audit.Service) {
	h.calls[operatorapi.AuditList] = call(func(ctx context.Context, g access.Grant, q operatorapi.AuditQuery) (operatorapi.AuditEvents, error) {
		return auditList(ctx, a, g, q)
	})
	h.calls[operatorapi.AuditVerify] = call(func(ctx context.Context, g access.Grant, _ operatorapi.Empty) (operatorapi.AuditReport, error) {
		return auditVerify(ctx, a, g)
	})
	h.calls[operatorapi.AuditProof] = call(func(ctx context.Context, g access.Grant, q operatorapi.AuditProve) (auditchain.Proof, error) {
		return a.ProveAny(ctx, g, q.Event)
	})
}

func auditList(ctx context.Context, a *audit.Service, g access.Grant, q operatorapi.AuditQuery) (p operatorapi.AuditEvents, err error) {
	query := audit.Query{Type: q.Type, Actor: q.Actor, Token: q.Token, Repo: q.Repo, Text: q.Text,
		Since: instant(q.Since), Until: instant(q.Until), Before: q.Before, Limit: q.Limit}
	if q.Export {
		if err := a.NoteExport(ctx, g, q.Org, query, hub.Event{ActorName: orgs.OperatorName}); err != nil {
			return p, err
		}
	}
	rows, err := a.Events(ctx, g, q.Org, query)
	for _, r := range rows {
		p.Items = append(p.Items, operatorapi.AuditEvent{Seq: r.Seq, ID: r.ID, At: r.At, Type: r.Type, ActorID: r.ActorID, ActorName: r.ActorName,
			TokenID: r.TokenID, NamespaceID: r.NamespaceID, RepoID: r.RepoID, TargetID: r.TargetID, Message: r.Message, IP: r.IP,
			UserAgent: r.UserAgent, Hash: hex.EncodeToString(r.Hash)})
	}
	return p, err
}

func auditVerify(ctx context.Context, a *audit.Service, g access.Grant) (operatorapi.AuditReport, error) {
	r, err := a.Verify(ctx, g)
	out := operatorapi.AuditReport{First: r.First, Events: r.Events, Checkpoints: r.Checkpoints, Outside: r.Outside, File: a.File(),
		Keys: r.Keys, Problems: []operatorapi.AuditProblem{}, More: r.More}
	for _, p := range r.Problems {
		out.Problems = append(out.Problems, operatorapi.AuditProblem{Seq: p.Seq, ID: p.ID, Text: p.Text})
	}
	return out, err
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
