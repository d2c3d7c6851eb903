package policies

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// Bounds of the lifetimes that an organization may set.
const (
	minLifetime = time.Hour
	maxLifetime = orgs.MaxYears * 365 * 24 * time.Hour
	maxCount    = 100_000 // tokens of one member
)

// maxRanges is how many address ranges an organization may have.
const maxRanges = 256

// Set changes the rules of an organization, for every credential from the moment it returns. Needs OrgWrite on it, or
// InstanceAdmin. InvalidInput, NotFound.
func (s *Service) Set(ctx context.Context, g access.Grant, org string, c Change, from hub.Event) (rules hub.OrgRules, err error) {
	o, err := orgs.Find(ctx, s.store, g, access.OrgWrite, org)
	if err != nil {
		return rules, err
	}
	if err := s.check(ctx, o, c); err != nil {
		return rules, err
	}
	return s.change(ctx, g, o, c, from)
}

// change stores what was checked.
func (s *Service) change(ctx context.Context, g access.Grant, o hub.Organization, c Change, from hub.Event) (rules hub.OrgRules, err error) {
	before, err := s.store.OrgRules(ctx, o.ID)
	if err != nil {
		return rules, err
	}
	after := before
	c.apply(&after)
	kind, _ := describe(before, after)
	ev := orgs.Event(g, from, kind, "", o.ID, o.ID)
	if kind == "org.token_approval.enabled" {
		ev.Notices = []hub.Notice{{Kind: NoticeReview, To: o.ID, Data: map[string]string{"organization": o.Name}}}
	}
	err = s.store.ChangeOrgRules(ctx, o.ID, ev, func(r *hub.OrgRules) (string, error) {
		was := *r
		c.apply(r)
		if err := checkLifetimes(*r); err != nil {
			return "", err
		}
		r.MaxLifetime, r.Lifetime = r.MaxLifetime.Truncate(time.Second), r.Lifetime.Truncate(time.Second)
		rules = *r
		_, changes := describe(was, *r)
		return "changed rules of " + o.Name + ": " + changes, nil
	})
	return rules, err
}

func (s *Service) check(ctx context.Context, o hub.Organization, c Change) error {
	if c.Tokens != nil {
		if _, err := hub.ParseTokenPolicy(string(*c.Tokens)); err != nil {
			return err
		}
	}
	if c.SSH != nil && !slices.Contains([]hub.SSHRule{hub.SSHByPolicy, hub.SSHAllowed, hub.SSHDenied}, *c.SSH) {
		return hub.Errorf(hub.InvalidInput, "Unknown rule %q for SSH keys: use allow, deny, or nothing to follow the token policy.", string(*c.SSH))
	}
	if r := c.GroupCreation; r != nil && (*r < hub.RoleRead || *r > hub.RoleAdmin) {
		return hub.Errorf(hub.InvalidInput, "The least role that creates resource groups is admin, write, contributor or read.")
	}
	if c.IPRanges != nil && len(*c.IPRanges) > maxRanges {
		return hub.Errorf(hub.InvalidInput, "An organization has at most %d address ranges.", maxRanges)
	}
	if n := c.MaxTokens; n != nil && (*n < 0 || *n > maxCount) {
		return hub.Errorf(hub.InvalidInput, "The number of tokens that a member may have is between 1 and %d, or nothing.", maxCount)
	}
	if c.Leaks != nil {
		if _, err := hub.ParseLeakRule(string(*c.Leaks)); err != nil {
			return err
		}
	}
	for _, d := range []*time.Duration{c.MaxLifetime, c.Lifetime} {
		if d != nil && *d != 0 && (*d < minLifetime || *d > maxLifetime) {
			return hub.Errorf(hub.InvalidInput, "A lifetime of tokens is between an hour and %d years, or nothing.", orgs.MaxYears)
		}
	}
	return s.checkFeatures(ctx, o, c.Features)
}

// checkLifetimes holds the lifetimes of changed rules together.
func checkLifetimes(r hub.OrgRules) error {
	if r.MaxLifetime > 0 && r.Lifetime > r.MaxLifetime {
		return hub.Errorf(hub.InvalidInput, "The usual lifetime of tokens is longer than the longest.")
	}
	return nil
}

func (s *Service) checkFeatures(ctx context.Context, o hub.Organization, fs map[hub.Feature]hub.FeatureRule) error {
	if len(fs) == 0 {
		return nil
	}
	groups, err := s.store.Groups(ctx, o.ID)
	if err != nil {
		return err
	}
	for f, r := range fs {
		if !slices.Contains(hub.Features, f) {
			return hub.Errorf(hub.InvalidInput, "Unknown feature %q: there are %q.", string(f), hub.Features)
		}
		switch r.Access {
		case hub.FeatureEveryone, hub.FeatureAdmins:
			if len(r.Groups) > 0 {
				return hub.Errorf(hub.InvalidInput, "The feature %s names groups, but is not open to groups.", f)
			}
		case hub.FeatureGroups:
			if len(r.Groups) == 0 {
				return hub.Errorf(hub.InvalidInput, "The feature %s is open to groups: name at least one.", f)
			}
			for _, id := range r.Groups {
				if !slices.ContainsFunc(groups, func(x hub.ResourceGroup) bool { return x.ID == id }) {
					return hub.Errorf(hub.InvalidInput, "The feature %s names a resource group that %s does not have.", f, o.Name)
				}
			}
		default:
			return hub.Errorf(hub.InvalidInput, "A feature is open to everyone, admins or groups, not to %q.", string(r.Access))
		}
	}
	return nil
}

func (c Change) apply(r *hub.OrgRules) {
	if c.Tokens != nil {
		r.Tokens = *c.Tokens
	}
	if c.SSH != nil {
		r.SSH = *c.SSH
	}
	if c.PrivateOnly != nil {
		r.PrivateOnly = *c.PrivateOnly
	}
	if c.MembersPublic != nil {
		r.MembersPublic = *c.MembersPublic
	}
	if c.GroupCreation != nil {
		r.GroupCreation = *c.GroupCreation
	}
	if c.IPRanges != nil {
		r.IPRanges = *c.IPRanges
	}
	if c.MaxLifetime != nil {
		r.MaxLifetime = *c.MaxLifetime
	}
	if c.Lifetime != nil {
		r.Lifetime = *c.Lifetime
	}
	if c.MaxTokens != nil {
		r.MaxTokens = *c.MaxTokens
	}
	if c.Leaks != nil {
		r.Leaks = *c.Leaks
	}
	features := map[hub.Feature]hub.FeatureRule{}
	for f, x := range r.Features {
		features[f] = x
	}
	for f, x := range c.Features {
		if features[f] = x; x.Access == hub.FeatureEveryone {
			delete(features, f) // the default is not kept
		}
	}
	r.Features = features
}

// describe tells what changed from what to what, and the type of the event, which is that of the weightiest change.
func describe(before, after hub.OrgRules) (kind, changes string) {
	var parts []string
	kind = "org.update_settings"
	say := func(event, what string, a, b any) {
		if x, y := fmt.Sprint(a), fmt.Sprint(b); x != y {
			parts = append(parts, what+" "+x+" → "+y)
			kind = event
		}
	}
	say("org.update_settings", "SSH", orPolicy(before.SSH), orPolicy(after.SSH))
	say("org.settings.security.repo_visibility", "private only", before.PrivateOnly, after.PrivateOnly)
	say("org.settings.security.members_privacy."+map[bool]string{true: "disable", false: "enable"}[after.MembersPublic], "members public", before.MembersPublic, after.MembersPublic)
	say("org.settings.resource_groups", "groups are created from role", before.GroupCreation, after.GroupCreation)
	for _, f := range hub.Features {
		say("org.settings.features", "feature "+string(f), openTo(before.Features[f]), openTo(after.Features[f]))
	}
	say("org.settings.token_lifetime", "longest lifetime of tokens", lifetime(before.MaxLifetime), lifetime(after.MaxLifetime))
	say("org.settings.token_lifetime", "usual lifetime of tokens", lifetime(before.Lifetime), lifetime(after.Lifetime))
	say("org.settings.token_count", "tokens of one member", count(before.MaxTokens), count(after.MaxTokens))
	say("org.settings.leaks", "tokens in files", orHub(before.Leaks), orHub(after.Leaks))
	say(networkEvent(before, after), "address ranges", ranges(before.IPRanges), ranges(after.IPRanges))
	say(tokenEvent(before.Tokens, after.Tokens), "token policy", before.Tokens, after.Tokens)
	return kind, strings.Join(parts, "; ")
}

func orPolicy(r hub.SSHRule) string {
	if r == hub.SSHByPolicy {
		return "by policy"
	}
	return string(r)
}

func orHub(r hub.LeakRule) string {
	if r == hub.LeakByHub {
		return "as the hub does"
	}
	return string(r)
}

func count(n int) string {
	if n == 0 {
		return "as the hub says"
	}
	return strconv.Itoa(n)
}

func lifetime(d time.Duration) string {
	if d == 0 {
		return "as the hub says"
	}
	return d.String()
}

func openTo(r hub.FeatureRule) string {
	switch r.Access {
	case "":
		return string(hub.FeatureEveryone)
	case hub.FeatureGroups:
		return fmt.Sprintf("groups %v", r.Groups)
	}
	return string(r.Access)
}

func ranges(ps []netip.Prefix) string {
	if len(ps) == 0 {
		return "none"
	}
	return fmt.Sprint(ps)
}

// networkEvent and tokenEvent name the switches of the Hub's audit log; changes in between have our own names.
func networkEvent(before, after hub.OrgRules) string {
	switch {
	case len(before.IPRanges) == 0:
		return "org.settings.network.ip_restriction.enable"
	case len(after.IPRanges) == 0:
		return "org.settings.network.ip_restriction.disable"
	}
	return "org.settings.network"
}

func tokenEvent(before, after hub.TokenPolicy) string {
	switch {
	case after == hub.RequireApproval:
		return "org.token_approval.enabled"
	case before == hub.RequireApproval:
		return "org.token_approval.disabled"
	}
	return "org.token_policy.change"
}
