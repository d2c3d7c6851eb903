package client

import (
	"context"
	"net/http"
	"time"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// insight is the answer of GET /api/settings/tokens/{id}/insight.
type insight struct {
	ID      hub.ID         `json:"_id"`
	Name    string         `json:"displayName"`
	Kind    hub.TokenKind  `json:"role"`
	Last4   string         `json:"last4"`
	Since   time.Time      `json:"since"`
	Can     []insightAtoms `json:"can"`
	Private []struct {
		Type  hub.RepoType `json:"type"`
		Name  string       `json:"name"`
		Write bool         `json:"write"`
	} `json:"private"`
	Did []struct {
		Permission hub.Permission `json:"permission"`
		Entity     *insightEntity `json:"entity"`
		First      time.Time      `json:"firstUsedAt"`
		Last       time.Time      `json:"lastUsedAt"`
		Uses       int64          `json:"uses"`
	} `json:"did"`
	Unused   []insightAtoms `json:"unused"`
	Proposal []insightAtoms `json:"proposal"`
	More     bool           `json:"truncated"`
}

type insightEntity struct {
	Type hub.EntityType `json:"type"`
	Name string         `json:"name"`
}

type insightAtoms struct {
	Entity      *insightEntity   `json:"entity"`
	Permissions []hub.Permission `json:"permissions"`
}

// text writes an entity as people do; none is what stands for a missing one.
func (e *insightEntity) text(none string) string {
	if e == nil {
		return none
	}
	return string(e.Type) + ":" + e.Name
}

func scopesOf(list []insightAtoms) (out []operatorapi.Scope) {
	for _, x := range list {
		out = append(out, operatorapi.Scope{Entity: x.Entity.text("everything"), Permissions: x.Permissions})
	}
	return out
}

// Insight tells what a token can do, did, and could do without, in the shape in which the operator is told. Of the token only
// id, name, kind and last letters are there.
func (s *Session) Insight(ctx context.Context, id hub.ID) (operatorapi.TokenInsight, error) {
	var in insight
	if _, err := s.send(ctx, http.MethodGet, tokenPath(id)+"/insight", nil, &in); err != nil {
		return operatorapi.TokenInsight{}, err
	}
	out := operatorapi.TokenInsight{Token: operatorapi.Token{ID: in.ID, Name: in.Name, Kind: in.Kind, Last4: in.Last4}, Since: in.Since,
		Can: scopesOf(in.Can), Unused: scopesOf(in.Unused), Proposal: scopesOf(in.Proposal), More: in.More}
	for _, r := range in.Private {
		out.Private = append(out.Private, operatorapi.ReachableRepo{Repo: string(r.Type) + ":" + r.Name, Write: r.Write})
	}
	for _, u := range in.Did {
		out.Did = append(out.Did, operatorapi.TokenUse{Permission: u.Permission, On: u.Entity.text(""), First: u.First, Last: u.Last, Uses: u.Uses})
	}
	return out, nil
}
