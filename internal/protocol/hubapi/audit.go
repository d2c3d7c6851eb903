package hubapi

import (
	"encoding/json"
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/audit"
)

func (a *API) registerAudit(s *httpd.Server) {
	httpd.Add(s, httpd.Root, "GET /api/organizations/{name}/audit-log/export", parseAuditExport, a.auditExport)
	httpd.Add(s, httpd.Root, "GET /api/organizations/{name}/audit-log/{id}/proof", parseAuditProof, a.auditProof)
}

type auditExport struct {
	org   string
	query audit.Query
}

// Needs says that admins alone export.
func (q auditExport) Needs() []access.Need {
	return []access.Need{{Action: audit.ExportAction, Target: access.Namespace(q.org)}}
}

func parseAuditExport(r *httpd.Request) (q auditExport, err error) {
	q.org = r.Param("name")
	q.query, err = audit.ParseQuery(r.URL.Query().Get("q"))
	return q, err
}

// auditEntry is an event on the wire.
// Source: Hub OpenAPI, audit log export.
type auditEntry struct {
	ID        hub.ID      `json:"_id"`
	CreatedAt string      `json:"createdAt"`
	Type      string      `json:"type"`
	Message   string      `json:"message"`
	IP        string      `json:"ip,omitempty"`
	UserAgent string      `json:"userAgent,omitempty"`
	Author    auditAuthor `json:"author"`
	Token     *auditToken `json:"token,omitempty"`
}

type auditAuthor struct {
	Type string `json:"type"` // user or system
	ID   hub.ID `json:"_id,omitempty"`
	Name string `json:"user,omitempty"`
}

type auditToken struct {
	Type    string `json:"type"`
	ID      hub.ID `json:"id"`
	Role    string `json:"role,omitempty"`
	Last4   string `json:"last4,omitempty"`
	Deleted bool   `json:"deleted"`
}

// auditExport streams a JSON array. When reading fails in the middle the connection is cut, so that nobody takes a part
// for the whole.
func (a *API) auditExport(w http.ResponseWriter, r *httpd.Request, q auditExport, g access.Grant) error {
	began := false
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	begin := func(text string) error {
		if !began {
			began = true
			h := w.Header()
			h.Set("Content-Type", "application/json; charset=utf-8")
			h.Set("Content-Disposition", `attachment; filename="audit-log.json"`)
			h.Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusOK)
			text = "["
		}
		_, err := w.Write([]byte(text))
		return err
	}
	err := a.Audit.Export(r.Context(), g, q.query, r.Event(""), func(e audit.Entry) error {
		if err := begin(","); err != nil {
			return err
		}
		return enc.Encode(auditEntryOf(e))
	})
	if err != nil {
		return err
	}
	if !began {
		if err := begin(""); err != nil {
			return err
		}
	}
	_, err = w.Write([]byte("]\n"))
	return err
}

func auditEntryOf(e audit.Entry) auditEntry {
	out := auditEntry{ID: e.ID, CreatedAt: date(e.At), Type: e.Type, Message: e.Message, IP: e.AnonymousIP,
		UserAgent: e.UserAgent, Author: auditAuthor{Type: "system", Name: e.ActorName}}
	if e.ActorID != "" {
		out.Author = auditAuthor{Type: "user", ID: e.ActorID, Name: e.ActorName}
	}
	if e.Token != nil {
		out.Token = &auditToken{Type: "access_token", ID: e.Token.ID, Role: string(e.Token.Kind), Last4: e.Token.Last4, Deleted: e.Token.Deleted}
	}
	return out
}
