package hub

import (
	"net/netip"
	"time"
)

// TokenPolicy says which tokens of its members an organization lets in.
type TokenPolicy string

// The token policies. The first is the default.
// Source: Hub documentation, "Tokens management"; the names are ours.
const (
	AllowAllTokens  TokenPolicy = "allow_all"
	FineGrainedOnly TokenPolicy = "fine_grained_only"
	RequireApproval TokenPolicy = "require_approval"
)

// ParseTokenPolicy accepts the three names; anything else is InvalidInput.
func ParseTokenPolicy(s string) (TokenPolicy, error) {
	switch p := TokenPolicy(s); p {
	case AllowAllTokens, FineGrainedOnly, RequireApproval:
		return p, nil
	}
	return "", Errorf(InvalidInput, "Unknown token policy %q: use allow_all, fine_grained_only or require_approval.", s)
}

// TokenState is what an organization decided about one token.
type TokenState string

// The states. Revoked is for good.
const (
	TokenNone     TokenState = "none"
	TokenPending  TokenState = "pending"
	TokenApproved TokenState = "approved"
	TokenDenied   TokenState = "denied"
	TokenRevoked  TokenState = "revoked"
)

// ParseTokenState accepts the five names; anything else is InvalidInput.
func ParseTokenState(s string) (TokenState, error) {
	switch st := TokenState(s); st {
	case TokenNone, TokenPending, TokenApproved, TokenDenied, TokenRevoked:
		return st, nil
	}
	return "", Errorf(InvalidInput, "Unknown token state %q: use none, pending, approved, denied or revoked.", s)
}

// TokenGrant is the state of one token in one organization.
type TokenGrant struct {
	TokenID      ID
	OrgID        ID
	State        TokenState
	AdminMade    bool      // its owner was an admin there at creation or at the latest change of permissions
	RequestedAt  time.Time // when it last became pending, zero if never
	ReviewerID   ID        // empty for decisions of the system
	ReviewerName string    // empty when the reviewer is gone
	ReviewedAt   time.Time // zero while nobody has decided
	Reason       string    // of the reviewer, for the owner
}

// TokenDecision is what a reviewer says of a token in an organization.
type TokenDecision struct {
	TokenID    ID
	OrgID      ID
	To         TokenState // approved, denied or revoked
	ReviewerID ID
	Reason     string
	Seen       int64 // the Gen of the token that the reviewer looked at; 0: whatever it is now
}

// SSHRule says whether SSH keys of members reach an organization.
type SSHRule string

// SSHByPolicy denies SSH while approval of tokens is required, and allows it otherwise.
const (
	SSHByPolicy SSHRule = ""
	SSHAllowed  SSHRule = "allow"
	SSHDenied   SSHRule = "deny"
)

// OrgRules are the settings of an organization about credentials. Access decisions read all but the last four, which
// tokens are made, rotated and looked for by.
type OrgRules struct {
	OrgID         ID
	Tokens        TokenPolicy
	SSH           SSHRule
	PrivateOnly   bool           // only admins may make anything public
	MembersPublic bool           // everybody may see who is a member, which a new organization allows; decisions do not read it
	GroupCreation Role           // the least role that may create resource groups
	IPRanges      []netip.Prefix // members come from here; empty: from anywhere
	Features      map[Feature]FeatureRule

	MaxLifetime time.Duration // that a value of a token with access may live, in whole seconds; 0: as the hub says
	Lifetime    time.Duration // of a token that is made without an end, in whole seconds; 0: as the hub says
	MaxTokens   int           // live tokens with access that one member may have; 0: as many as the hub allows
	Leaks       LeakRule      // what follows a token in a file that is pushed to a repository of the organization
}

// LeakRule says what follows an access token in a file that somebody pushes, besides its owner and the log being told.
type LeakRule string

// The rules, from the mildest on.
const (
	LeakByHub  LeakRule = ""       // as the hub says
	LeakReport LeakRule = "report" // nothing
	LeakRevoke LeakRule = "revoke" // the token is revoked everywhere
	LeakRefuse LeakRule = "refuse" // the push is turned away
)

// ParseLeakRule accepts the three names and the empty one; anything else is InvalidInput.
func ParseLeakRule(s string) (LeakRule, error) {
	switch r := LeakRule(s); r {
	case LeakByHub, LeakReport, LeakRevoke, LeakRefuse:
		return r, nil
	}
	return "", Errorf(InvalidInput, "Unknown rule %q for access tokens in files: use report, revoke or refuse, or nothing to do as the hub does.", s)
}

// NoSSH tells whether SSH keys are kept out.
func (r OrgRules) NoSSH() bool {
	return r.SSH == SSHDenied || r.SSH == SSHByPolicy && r.Tokens == RequireApproval
}

// Feature is a part of the hub that an organization may open to some of its members only.
type Feature string

// The features. Source: Hub documentation, "Resource groups", granular feature access.
const (
	FeatureBlog        Feature = "blog"
	FeatureCollections Feature = "collections"
	FeatureJobs        Feature = "jobs"
	FeatureEndpoints   Feature = "inferenceEndpoints"
	FeatureInference   Feature = "inferenceProviders"
)

// Features lists them all.
var Features = []Feature{FeatureBlog, FeatureCollections, FeatureJobs, FeatureEndpoints, FeatureInference}

// FeatureAccess says to whom a feature is open.
type FeatureAccess string

// The kinds of feature access: everyone as far as the role goes, admins only, or the members of some groups.
const (
	FeatureEveryone FeatureAccess = "everyone"
	FeatureAdmins   FeatureAccess = "admins"
	FeatureGroups   FeatureAccess = "groups"
)

// FeatureRule opens one feature. The zero rule opens it to everyone.
type FeatureRule struct {
	Access FeatureAccess `json:"access"`
	Groups []ID          `json:"groups,omitempty"` // only with FeatureGroups
}

// OrgToken is a token in the listing of an organization's administrators.
type OrgToken struct {
	Token
	OwnerName  string
	OwnerRole  Role
	OwnerEmail string
	Grant      TokenGrant // State is TokenNone when nothing was decided
}

// WaitingTokens says how many tokens wait for approval in an organization.
type WaitingTokens struct {
	OrgID   ID
	OrgName string
	Count   int
	Oldest  time.Time // since when the first of them waits
}

// OrgTokenQuery selects tokens with access to an organization: those of its members that are unscoped or have a
// scope there.
type OrgTokenQuery struct {
	OrgID       ID
	OwnerID     ID
	Kind        TokenKind // empty for all
	State       TokenState
	WithRevoked bool       // also those that the organization revoked; implied by State
	UnusedSince time.Time  // not used since then; zero for all
	Carries     Permission // has this atom on the organization or something in it
	After       ID         // of the last token of the previous page
	Limit       int        // 1 to 1000
}
