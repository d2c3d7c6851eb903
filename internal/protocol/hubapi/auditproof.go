package hubapi

import (
	"encoding/json"
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/audit"
)

// auditProof asks for the proof that one event of an organization is in the log. Ours alone: upstream has none.
type auditProof struct {
	org   string
	event hub.ID
}

// Needs says that who may export the log may have its events proved.
func (q auditProof) Needs() []access.Need {
	return []access.Need{{Action: audit.ExportAction, Target: access.Namespace(q.org)}}
}

func parseAuditProof(r *httpd.Request) (q auditProof, err error) {
	q.org = r.Param("name")
	if q.event, err = hub.ParseID(r.Param("id")); err != nil {
		return q, hub.Errorf(hub.InvalidInput, "The id of an event has 24 hexadecimal digits.")
	}
	return q, nil
}

func (a *API) auditProof(w http.ResponseWriter, r *httpd.Request, q auditProof, g access.Grant) error {
	p, err := a.Audit.Prove(r.Context(), g, q.event, r.Event(""))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(p)
}
