package operatorapi

import (
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// ExplainQuery asks why: an action on a target, for a token, a person or one that is supposed.
type ExplainQuery struct {
	Action  string   `json:"action"`
	Target  string   `json:"target"` // model:NS/NAME, new:model:NS/NAME, namespace:NAME, group:ORG/ID, self, hub
	Token   hub.ID   `json:"token,omitempty"`
	User    string   `json:"user,omitempty"`
	Service string   `json:"service,omitempty"` // account: ORG/NAME or ORG/ID
	Kind    string   `json:"kind,omitempty"`    // of a token that is not made yet, or ssh for a key
	Scopes  []string `json:"scopes,omitempty"`
	Gated   bool     `json:"gated,omitempty"`
	Org     string   `json:"org,omitempty"` // of Role and Policy
	Role    string   `json:"role,omitempty"`
	Policy  string   `json:"policy,omitempty"`

	Group      string `json:"group,omitempty"`      // what the target is supposed to be in: name or id, or "none"
	GroupRole  string `json:"groupRole,omitempty"`  // of the person there
	Visibility string `json:"visibility,omitempty"` // what the target is supposed to be
}

// Explanation is the answer. It is also the body of GET /api/access/explain.
type Explanation struct {
	Allowed bool   `json:"allowed"`
	Action  string `json:"action"`
	Target  string `json:"target"`
	Subject struct {
		Kind  string `json:"kind"`
		Name  string `json:"name,omitempty"`
		Token hub.ID `json:"token,omitempty"`
	} `json:"subject"`
	Code    hub.Code `json:"code,omitempty"`
	Reason  string   `json:"reason,omitempty"`
	Message string   `json:"message,omitempty"`
	Told    string   `json:"told"`
	Exists  *bool    `json:"exists,omitempty"`
	As      string   `json:"as,omitempty"` // what was supposed about the target
	Note    string   `json:"note,omitempty"`
	Layers  []struct {
		Layer  string `json:"layer"`
		Allows bool   `json:"allows"`
		Says   string `json:"says"`
	} `json:"layers,omitempty"`
	Changes []struct {
		Layer string `json:"layer"`
		What  string `json:"what"`
		Where string `json:"where"`
	} `json:"changes,omitempty"`
}

// PolicyQuery asks what a token policy would do.
type PolicyQuery struct {
	Org    string          `json:"org"`
	Policy hub.TokenPolicy `json:"policy"`
}

// PolicyEffect is the answer.
type PolicyEffect struct {
	Policy   hub.TokenPolicy `json:"policy"`
	Tokens   int             `json:"tokens"`
	Stops    []PolicyToken   `json:"stops"`
	Starts   []PolicyToken   `json:"starts"`
	Sentence string          `json:"sentence"`
}

// PolicyToken is one token that a policy concerns.
type PolicyToken struct {
	ID    hub.ID         `json:"id"`
	Owner string         `json:"owner"`
	Kind  hub.TokenKind  `json:"kind"`
	Last4 string         `json:"last4"`
	State hub.TokenState `json:"state"`
}

// Refusals are what was refused in one request.
type Refusals struct {
	Items []Refusal `json:"items"`
}

// Refusal is one refusal, and how the same question would be answered now.
type Refusal struct {
	RequestID string       `json:"requestId"`
	At        time.Time    `json:"at"`
	Action    string       `json:"action"`
	Target    string       `json:"target"`
	Code      hub.Code     `json:"code"`
	Reason    string       `json:"reason"`
	Message   string       `json:"message"`
	Now       *Explanation `json:"now,omitempty"`
}

// The calls that explain.
const (
	AccessExplain Call = "access.explain" // ExplainQuery → Explanation
	AccessPolicy  Call = "access.policy"  // PolicyQuery → PolicyEffect
	AccessRefused Call = "access.refused" // ID, a request's → Refusals
)
