package operatorapi

import (
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TokenInsight is what a token can do, what it did, and what it could do without.
type TokenInsight struct {
	Token    Token           `json:"token"`
	Since    time.Time       `json:"since"` // uses before are not looked at for unused and proposal
	Can      []Scope         `json:"can"`
	Private  []ReachableRepo `json:"private"` // repositories not open to everybody that it reaches now
	Did      []TokenUse      `json:"did"`
	Unused   []Scope         `json:"unused"`
	Proposal []Scope         `json:"proposal"` // scopes of a fine-grained token that would have been enough
	More     bool            `json:"more,omitempty"`
}

// ReachableRepo is a repository that a token reaches.
type ReachableRepo struct {
	Repo  string `json:"repo"`
	Write bool   `json:"write"`
}

// TokenUse is one thing that a token did. On is empty when it is gone.
type TokenUse struct {
	Permission hub.Permission `json:"permission"`
	On         string         `json:"on"`
	First      time.Time      `json:"first"`
	Last       time.Time      `json:"last"`
	Uses       int64          `json:"uses"`
}

// TokenInsightShow asks for what a token does.
const TokenInsightShow Call = "token.insight" // ID → TokenInsight
