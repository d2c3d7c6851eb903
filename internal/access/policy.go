package access

// restriction is why an organization does not take a credential of its member.
type restriction uint8

// The restrictions, in the order in which they are told.
const (
	unrestricted restriction = iota
	restrictRevoked
	restrictNetwork
	restrictSSH
	restrictKind     // fine-grained tokens only
	restrictApproval // approved tokens only
)

// restrictions of whoami. Source: Hub OpenAPI, securityRestrictions.
var restrictionNames = [...]string{
	unrestricted: "", restrictRevoked: "token-revoked", restrictNetwork: "ip", restrictSSH: "token-policy",
	restrictKind: "token-policy", restrictApproval: "token-policy",
}

// restrictions yields every reason that there is, the first one to be told first. Browser sessions are no tokens, a
// service account's tokens were issued by admins, and neither are what a token policy is about.
func (s State) restrictions() (all [int(restrictApproval) + 1]bool) {
	if !s.isMember() {
		return all
	}
	all[restrictNetwork] = s.has(stateOutsideNetwork)
	switch s.kind() {
	case KindSSH:
		all[restrictSSH] = s.has(stateNoSSH)
	case KindRead, KindWrite:
		all[restrictRevoked] = s.tokenState() == tokenRevoked
		all[restrictKind] = s.policy() != policyAllowAll
	case KindFineGrained:
		all[restrictRevoked] = s.tokenState() == tokenRevoked
		all[restrictApproval] = s.policy() == policyApproval && s.tokenState() != tokenApproved && s.tokenState() != tokenRevoked
	}
	return all
}

// restricted is the first restriction. It says in one go what restrictions lists, because every decision asks.
func (s State) restricted() restriction {
	if !s.isMember() {
		return unrestricted
	}
	k := s.kind()
	tokens := k == KindRead || k == KindWrite || k == KindFineGrained
	switch {
	case tokens && s.tokenState() == tokenRevoked:
		return restrictRevoked
	case s.has(stateOutsideNetwork):
		return restrictNetwork
	case k == KindSSH && s.has(stateNoSSH):
		return restrictSSH
	case !tokens || s.policy() == policyAllowAll:
		return unrestricted
	case k != KindFineGrained:
		return restrictKind
	case s.policy() == policyApproval && s.tokenState() != tokenApproved:
		return restrictApproval
	}
	return unrestricted
}

// policyState is everything that restrictions and private-only read of what an organization said.
const policyState = State(policyMask)<<policyShift | State(verdictedMask)<<verdictedShift | stateOutsideNetwork | stateNoSSH | statePrivateOnly

// decidePolicy leaves of an organization what anonymous callers have when it does not take the credential, and what is
// to be public to its admins when it says so.
func decidePolicy(s State) Bits {
	if s&policyState == 0 {
		return allBits // an organization without rules, or none
	}
	if s.restricted() == unrestricted {
		if s.has(statePrivateOnly) && s.relation() != memberAdmin {
			return allBits &^ (bitPublish | bitCreatePublic)
		}
		return allBits
	}
	switch {
	case s.has(statePrivate):
		return bitPublic
	case s.has(stateGated):
		return bitsOpen &^ bitContent
	}
	return bitsOpen
}
