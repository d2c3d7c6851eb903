package hubapi

import (
	"net/http"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/tokens"
)

// insightAnswer is what a token can do, what it did, and what it could do without. Ours.
type insightAnswer struct {
	ID       hub.ID         `json:"_id"`
	Name     *string        `json:"displayName"` // null where the asker may not know it
	Kind     hub.TokenKind  `json:"role"`
	Last4    string         `json:"last4"`
	Since    string         `json:"since"`   // uses before are not looked at
	Can      []insightAtoms `json:"can"`     // as far as its owner may
	Private  []insightRepo  `json:"private"` // repositories that not everybody may read and that it reaches now
	Did      []insightUse   `json:"did"`
	Unused   []insightAtoms `json:"unused"`   // of can, what was not used since then
	Proposal []insightAtoms `json:"proposal"` // a fine-grained token that could have done all of it
	More     bool           `json:"truncated"`
}

type insightEntity struct {
	Type hub.EntityType `json:"type"`
	Name string         `json:"name"`
}

type insightAtoms struct {
	Entity      *insightEntity   `json:"entity"` // null: everything
	Permissions []hub.Permission `json:"permissions"`
}

type insightRepo struct {
	Type  hub.RepoType `json:"type"`
	Name  string       `json:"name"`
	Write bool         `json:"write"`
}

type insightUse struct {
	Permission hub.Permission `json:"permission"`
	Entity     *insightEntity `json:"entity"` // null: gone, or out of sight
	First      string         `json:"firstUsedAt"`
	Last       string         `json:"lastUsedAt"`
	Uses       int64          `json:"uses"`
}

func entityOf(e tokens.Entity) *insightEntity {
	if e.Name == "" {
		return nil
	}
	return &insightEntity{e.Type, e.Name}
}

func atomsOf(list []tokens.EntityAtoms) []insightAtoms {
	out := []insightAtoms{}
	for _, x := range list {
		out = append(out, insightAtoms{entityOf(x.Entity), notNil(x.Permissions)})
	}
	return out
}

func answerInsight(w http.ResponseWriter, in tokens.Insight) error {
	t := in.Token
	out := insightAnswer{ID: t.ID, Name: optionalText(t.Name), Kind: t.Kind, Last4: t.Last4, Since: date(in.Since), Can: atomsOf(in.Can),
		Private: []insightRepo{}, Did: []insightUse{}, Unused: atomsOf(in.Unused), Proposal: atomsOf(in.Proposal), More: in.More}
	for _, x := range in.Private {
		out.Private = append(out.Private, insightRepo{x.Repo.Type, x.Repo.FullName(), x.Write})
	}
	for _, u := range in.Did {
		out.Did = append(out.Did, insightUse{u.Permission, entityOf(u.On), date(u.First), date(u.Last), u.Uses})
	}
	noStore(w)
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}

func (a *API) tokenInsight(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	if a.Insights == nil {
		return hub.Errorf(hub.NotImplemented, "This hub does not note what tokens are used for.")
	}
	in, err := a.Tokens.Insight(r.Context(), g, a.Insights, tokenID(r))
	if err != nil {
		return err
	}
	return answerInsight(w, in)
}

// orgTokenInsight tells an organization's admins about a token what concerns the organization.
func (a *API) orgTokenInsight(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	in, err := a.Tokens.InsightIn(r.Context(), g, a.Insights, tokenID(r))
	if err != nil {
		return err
	}
	return answerInsight(w, in)
}
