package hub

import (
	"fmt"
	"strings"
)

// maxSays is how many bytes the permissions of one token take up in an event.
const maxSays = 2000

// Says tells in words what a fine-grained token may do, for the audit log; "" of other kinds, which say it by their name.
func (t *Token) Says() string {
	if t.Kind != TokenFineGrained {
		return ""
	}
	var parts []string
	for _, s := range t.Scopes {
		parts = append(parts, fmt.Sprintf("%s on %s %s", orNothing(s.Permissions), s.EntityType, s.EntityName))
	}
	if len(t.Global) > 0 {
		parts = append(parts, orNothing(t.Global)+" anywhere")
	}
	if t.CanReadGated {
		parts = append(parts, "reading of gated repositories")
	}
	return say(parts)
}

// Says tells in words what a service account's token may do, for the audit log.
func (t *ServiceToken) Says() string {
	parts := []string{orNothing(t.Permissions) + " in the organization"}
	if len(t.Repos) > 0 {
		ids := make([]string, len(t.Repos))
		for i, id := range t.Repos {
			ids[i] = string(id)
		}
		parts = append(parts, orNothing(t.RepoPermissions)+" on "+strings.Join(ids, ", "))
	}
	if len(t.EndpointPatterns) > 0 {
		parts = append(parts, fmt.Sprintf("endpoints %q", t.EndpointPatterns))
	}
	if t.SkipNetwork {
		parts = append(parts, "from any network")
	}
	return say(parts)
}

func orNothing(list []Permission) string {
	if len(list) == 0 {
		return "nothing"
	}
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = string(p)
	}
	return strings.Join(out, ", ")
}

func say(parts []string) string {
	text := strings.Join(parts, "; ")
	if text == "" {
		text = "nothing"
	}
	if len(text) > maxSays {
		text = strings.ToValidUTF8(text[:maxSays], "") + "…"
	}
	return text
}
