package outbox

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/ambit-hub/ambit/internal/hub"
)

// template is the words of one kind of message. {key} stands for a value of its data.
type template struct{ subject, text string }

var templates = map[string]template{
	"token.expiring": {"Your access token {token} expires on {expires}",
		"Your access token {token} (...{last4}) expires on {expires}. What uses it will stop working then. Make a new one, or let it go."},
	"token.leaked": {"Your access token {token} was found in the open and has been revoked",
		"The value of your access token {token} (...{last4}) was presented as found in the open. It has been revoked: nobody can use it any more. Make a new one for what used it."},
	"token.leak_found": {"Your access token {token} stands in a file of {repository}",
		"{user} pushes the value of your access token {token} (...{last4}) in {path} of {repository}. What happened: {action}. Rotate or delete the token: whoever can read the repository, or its history, can use it."},
	"token.reuse": {"A former value of your access token {token} was used",
		"A value of your access token {token} that ended in {last4} and was rotated away was used after its time: at {used}, from {address}, by {agent}. Either a program of yours still has it, or somebody else does. What happened: {action}."},
	"service_token.expiring": {"A token of {organization}'s service account {account} expires on {expires}",
		"The token {token} (...{last4}) of the service account {account} of {organization} expires on {expires}. What uses it will stop working then. Rotate it with a new expiry, or let it go."},
	"service_token.leaked": {"A token of {organization}'s service account {account} was found in the open and has been revoked",
		"The value of the token {token} (...{last4}) of the service account {account} of {organization} was presented as found in the open. It has been revoked: nobody can use it any more. Issue a new one for what used it."},
	"service_token.leak_found": {"A token of {organization}'s service account {account} stands in a file of {repository}",
		"{user} pushes the value of the token {token} (...{last4}) of the service account {account} of {organization} in {path} of {repository}. What happened: {action}. Rotate or delete the token: whoever can read the repository, or its history, can use it."},
	"service_token.reuse": {"A former value of a token of {organization}'s service account {account} was used",
		"A value of the token {token} of the service account {account} of {organization} that ended in {last4} and was rotated away was used after its time: at {used}, from {address}, by {agent}. Either a program still has it, or somebody else does. What happened: {action}."},
	"token.decided": {"{organization}: your access token {token} is {decision}",
		"An administrator of {organization} decided about your access token {token} (...{last4}): it is {decision} there. {effect}\n\n{reason}"},
	"org.tokens_to_review": {"{organization} now reviews access tokens",
		"Fine-grained access tokens of members need approval before they reach {organization}; those of administrators are approved, read and write tokens are refused. Tokens that wait are listed in its settings and by: ambit admin token-review list {organization}"},
	"org.tokens_waiting": {"Access tokens still wait for approval in {organization}: {count}",
		"{count} access tokens wait for approval by an administrator of {organization}, the first since {since}. Until somebody decides they are refused there. They are listed in its settings and by: ambit admin token-review list {organization} --state pending"},
	"token.pending": {"An access token of {user} waits for approval in {organization}",
		"The access token {token} (...{last4}) of {user} waits for approval by an administrator of {organization}. {why} It is refused there until then.\n\nIn the settings of {organization}, by POST /api/organizations/{organization}/settings/tokens/{id}/approve, or by: ambit admin token-review approve {organization} {id}"},
	"token.waiting": {"{organization} has to approve access tokens of yours: {count}",
		"These access tokens of yours wait for approval by an administrator of {organization}: {tokens}. {why} Until then they are refused there, and work everywhere else as before. You will be told what is decided."},
	"gate.requested": {"{user} asks for access to {repository}",
		"{user} asks to be let into {repository}. Requests are listed in its settings."},
	"gate.decided": {"{repository}: {decision}",
		"About your access to {repository}: {decision}. {reason}"},
	"tokens.digest": {"Access tokens that want attention",
		"Of {live} live access tokens of this hub:\n\n  {unused} were not used for 90 days\n  {never_rotated} have had the same value for more than 180 days\n  {over_broad} may write everything that their owner may\n  {expiring} expire within a week\n  {no_expiry} never expire\n  {too_long} live longer than new ones may\n\nambit token list shows which."},
}

// words returns subject and text of a message to u. A kind that has no words of its own shows its data.
func words(kind string, u hub.User, data map[string]string, hubURL string) (subject, text string) {
	t, ok := templates[kind]
	if !ok {
		t = template{"Message of the hub: " + kind, ""}
		for _, k := range slices.Sorted(maps.Keys(data)) {
			t.text += k + ": {" + k + "}\n"
		}
	}
	fill := func(s string) string {
		var b strings.Builder
		for {
			before, rest, found := strings.Cut(s, "{")
			b.WriteString(before)
			if !found {
				return strings.TrimSpace(b.String())
			}
			key, after, closed := strings.Cut(rest, "}")
			if !closed {
				return strings.TrimSpace(b.String())
			}
			b.WriteString(plain(data[key]))
			s = after
		}
	}
	text = "Hello " + plain(cmp.Or(u.FullName, u.Name)) + ",\n\n" + fill(t.text) + "\n"
	if hubURL != "" {
		text += "\n-- \n" + hubURL + "\n"
	}
	return fill(t.subject), text
}

// plain makes a value one line, whose letters stand where they were written: names are chosen by people, and must not look
// like words of the hub.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > 300 {
		s = string(runes[:300]) + "…"
	}
	return s
}
