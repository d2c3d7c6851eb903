package hubapi

import (
	"net/http"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/policies"
)

// orgRulesAnswer are the rules of an organization. The route and its names are ours: the Hub's are not public.
type orgRulesAnswer struct {
	TokenPolicy   hub.TokenPolicy                 `json:"tokenPolicy"`
	SSH           *hub.SSHRule                    `json:"ssh"` // null: follows the token policy
	PrivateOnly   bool                            `json:"privateOnly"`
	MembersPublic bool                            `json:"membersPublic"`
	GroupCreation string                          `json:"resourceGroupCreation"` // least role
	Features      map[hub.Feature]hub.FeatureRule `json:"features"`
	MaxLifetime   *int64                          `json:"tokenMaxLifetime"` // seconds; null: as the hub says
	Lifetime      *int64                          `json:"tokenLifetime"`    // seconds; null: as the hub says
	MaxTokens     *int                            `json:"tokenMaxCount"`    // null: as the hub says
	Leaks         *hub.LeakRule                   `json:"leaks"`            // null: as the hub does
}

// secondsOf is a lifetime in seconds, nil for none.
func secondsOf(d time.Duration) *int64 {
	if d == 0 {
		return nil
	}
	n := int64(d / time.Second)
	return &n
}

func rulesOf(r hub.OrgRules) orgRulesAnswer {
	out := orgRulesAnswer{TokenPolicy: r.Tokens, PrivateOnly: r.PrivateOnly, MembersPublic: r.MembersPublic, GroupCreation: r.GroupCreation.String(), Features: map[hub.Feature]hub.FeatureRule{}}
	if r.SSH != hub.SSHByPolicy {
		out.SSH = &r.SSH
	}
	out.MaxLifetime, out.Lifetime = secondsOf(r.MaxLifetime), secondsOf(r.Lifetime)
	if r.MaxTokens > 0 {
		out.MaxTokens = &r.MaxTokens
	}
	if r.Leaks != hub.LeakByHub {
		out.Leaks = &r.Leaks
	}
	for _, f := range hub.Features {
		out.Features[f] = hub.FeatureRule{Access: hub.FeatureEveryone}
		if x, ok := r.Features[f]; ok && x.Access != "" {
			out.Features[f] = x
		}
	}
	return out
}

func (a *API) orgRules(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	rules, err := a.Policies.Rules(r.Context(), g, "")
	if err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, rulesOf(rules))
	return nil
}

func (a *API) setOrgRules(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b struct {
		TokenPolicy   *hub.TokenPolicy                `json:"tokenPolicy"`
		SSH           *hub.SSHRule                    `json:"ssh"`
		PrivateOnly   *bool                           `json:"privateOnly"`
		MembersPublic *bool                           `json:"membersPublic"`
		GroupCreation *string                         `json:"resourceGroupCreation"`
		Features      map[hub.Feature]hub.FeatureRule `json:"features"`
		MaxLifetime   *int64                          `json:"tokenMaxLifetime"`
		Lifetime      *int64                          `json:"tokenLifetime"`
		MaxTokens     *int                            `json:"tokenMaxCount"`
		Leaks         *hub.LeakRule                   `json:"leaks"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	c := policies.Change{Tokens: b.TokenPolicy, SSH: b.SSH, PrivateOnly: b.PrivateOnly, MembersPublic: b.MembersPublic, Features: b.Features, MaxTokens: b.MaxTokens, Leaks: b.Leaks}
	for _, x := range []struct {
		to   **time.Duration
		from *int64
	}{{&c.MaxLifetime, b.MaxLifetime}, {&c.Lifetime, b.Lifetime}} {
		if x.from != nil {
			d := hub.Seconds(*x.from)
			*x.to = &d
		}
	}
	if b.GroupCreation != nil {
		role, err := hub.ParseRole(*b.GroupCreation)
		if err != nil {
			return err
		}
		c.GroupCreation = &role
	}
	rules, err := a.Policies.Set(r.Context(), g, "", c, r.Event(""))
	if err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, rulesOf(rules))
	return nil
}

// networkBody are the address ranges from which members may come; empty: from anywhere.
type networkBody struct {
	Ranges *[]string `json:"ipRanges"`
}

func (a *API) orgNetwork(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	rules, err := a.Policies.Network(r.Context(), g, "")
	if err != nil {
		return err
	}
	return answerNetwork(w, rules)
}

func answerNetwork(w http.ResponseWriter, rules hub.OrgRules) error {
	list := []string{}
	for _, p := range rules.IPRanges {
		list = append(list, p.String())
	}
	httpd.WriteJSON(w, http.StatusOK, networkBody{&list})
	return nil
}

// setOrgNetwork changes from where members may come. One's own address has to be among them, so that nobody locks the door
// from outside.
func (a *API) setOrgNetwork(w http.ResponseWriter, r *httpd.Request, g access.Grant) error {
	var b networkBody
	if err := r.JSON(&b); err != nil {
		return err
	}
	if b.Ranges == nil {
		return a.orgNetwork(w, r, g)
	}
	rules, err := a.Policies.SetNetwork(r.Context(), g, "", *b.Ranges, r.IP, r.Event(""))
	if err != nil {
		return err
	}
	return answerNetwork(w, rules)
}
