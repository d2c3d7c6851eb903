// Package policies is an organization's hold on the tokens of its members: the token policy and the other rules that
// decisions read, the listing of tokens with access, and approving, denying and revoking them.
package policies

import (
	"context"
	"net/netip"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// Store is what the service needs of the metadata store. Error codes are those of store/meta.
type Store interface {
	orgs.Finder
	UserByName(ctx context.Context, name string) (hub.User, error)
	OrgRules(ctx context.Context, orgID hub.ID) (hub.OrgRules, error)
	// ChangeOrgRules lets change alter the rules under the organization's lock. A switch to approval enters the fine-grained
	// tokens with scopes there into the flow.
	ChangeOrgRules(ctx context.Context, orgID hub.ID, ev hub.Event, change func(*hub.OrgRules) (message string, err error)) error
	OrgTokens(ctx context.Context, q hub.OrgTokenQuery) ([]hub.OrgToken, error)
	// DecideToken is Conflict where the state does not allow the decision or the token is no longer the one that was seen, NotFound for a token without access to the
	// organization.
	DecideToken(ctx context.Context, d hub.TokenDecision, ev hub.Event) (before hub.TokenState, err error)
	TokenByID(ctx context.Context, id hub.ID) (hub.Token, error)
	TokenFacts(ctx context.Context, digest []byte) (hub.SubjectFacts, error)
	Groups(ctx context.Context, orgID hub.ID) ([]hub.ResourceGroup, error)
}

// Digester makes the digests under which values are kept; identity.Keys is one.
type Digester interface {
	TokenDigests(value secret.String) [][]byte // under every key, the newest first
}

// Service does what a grant allows. Safe for concurrent use.
type Service struct {
	store    Store
	digester Digester
	now      func() time.Time
}

// New makes a Service. now may be nil for the machine's clock.
func New(store Store, d Digester, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{store: store, digester: d, now: now}
}

// Rules returns the rules of an organization. Needs OrgWrite on it, or InstanceAdmin. NotFound.
func (s *Service) Rules(ctx context.Context, g access.Grant, org string) (hub.OrgRules, error) {
	o, err := orgs.Find(ctx, s.store, g, access.OrgWrite, org)
	if err != nil {
		return hub.OrgRules{}, err
	}
	return s.store.OrgRules(ctx, o.ID)
}

// Change is what Set changes; nil fields stay as they are.
type Change struct {
	Tokens        *hub.TokenPolicy
	SSH           *hub.SSHRule
	PrivateOnly   *bool
	MembersPublic *bool
	GroupCreation *hub.Role
	IPRanges      *[]netip.Prefix
	Features      map[hub.Feature]hub.FeatureRule // those that change
	MaxLifetime   *time.Duration                  // of values of tokens; 0: as the hub says
	Lifetime      *time.Duration                  // of tokens that are made without an end; 0: as the hub says
	MaxTokens     *int                            // live tokens of one member; 0: as the hub says
	Leaks         *hub.LeakRule
}
