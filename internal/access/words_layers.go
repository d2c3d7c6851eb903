package access

import "github.com/ambit-hub/ambit/internal/hub"

// policyWords says why an organization does not take the credential. Nothing in it depends on what the request is
// about, so that it reads the same for what is there and for what is not. Pending and denied read alike: an
// administrator's no is for the administrator to explain.
func policyWords(s *Subject, d *denial) string {
	org := s.orgName(d.space)
	switch d.state.restricted() {
	case restrictRevoked:
		return "This token was revoked for the organization " + org + " by one of its administrators: contact them, or use another token."
	case restrictNetwork:
		return "The organization " + org + " is open to its members from its own networks only, and this request comes from elsewhere."
	case restrictSSH:
		return "The organization " + org + " does not accept SSH keys: use git over HTTPS with a fine-grained token."
	case restrictKind:
		need := "a fine-grained token with permissions on " + org
		if d.state.policy() == policyApproval {
			need += ", which one of its administrators approves"
		}
		return "The token policy of the organization " + org + " does not accept this " + s.Kind().String() + " token: use " + need + "."
	}
	asks := "The token policy of the organization " + org + " requires that one of its administrators approves "
	if d.state.tokenState() == tokenNone {
		return asks + "a fine-grained token before it is used there. They are asked when one gets permissions on " + org + "; about this one nobody was asked."
	}
	return asks + "this fine-grained token before it is used there."
}

// gatedWords begins as a test of the Python client expects it for callers who are not let in.
// Source: huggingface_hub, tests for gated repositories.
func gatedWords(s *Subject, d *denial) string {
	restricted := "Access to " + string(d.repo.Type) + " " + d.repo.FullName() + " is restricted"
	const enable = "enable reading of gated repositories on the token, or give it repo.content.read on this repository"
	gate, token := d.missingIn(d.layers.Gate) != 0, d.missingIn(d.layers.Token) != 0
	switch {
	case d.state.relation() == nobody:
		return restricted + ". You must be in the authorized list, and log in to show that you are: no access token was sent with this request."
	case gate && s.Kind() == KindService:
		return restricted + " and this service account is not in the authorized list: the repository's owners can let it in."
	case gate && token:
		return restricted + " and you are not in the authorized list. " + standingWords(d) + " Your fine-grained token needs a change as well: " + enable + "."
	case gate:
		return restricted + " and you are not in the authorized list. " + standingWords(d)
	case s.Kind() == KindService:
		return restricted + ": this service account may read it, but its token lacks " + string(hub.PermRepoContentRead) + "."
	}
	return restricted + ": your account may read it, but your fine-grained token may not; " + enable + "."
}

// standingWords says what somebody who is not let in can do about it.
func standingWords(d *denial) string {
	switch d.state.standing() {
	case standPending:
		return "Your request is awaiting a review by the repository's authors."
	case standRejected:
		return "Your request was rejected by the repository's authors."
	case standReset:
		return "Your request was put back by the repository's authors: visit its page to ask again."
	case standOver:
		return "The time for which you were let in is over: visit its page to ask again."
	}
	return "Visit its page to ask for access."
}
