package access

import (
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Where each change is made: a route of the API for those who have only that, and a command of the operator. {id} stands
// for the token that was refused.

func (d *denial) orgPlace(rest string) string { return orgPlace(d.namespaceWord(), rest) }

func orgPlace(org, rest string) string { return "/api/organizations/" + org + "/" + rest }

// roleWhere is where a person gets a role; only the operator brings somebody into an organization.
func (d *denial) roleWhere(s *Subject, role string) string {
	who := s.UserName()
	if who == "" {
		who = "USER"
	}
	command := "ambit admin member set " + d.namespaceWord() + " " + who + " " + role
	if !d.state.isMember() {
		return command
	}
	return "PUT " + d.orgPlace("members/"+who+"/role") + ", or " + command
}

// groupWhere is where a member gets a role in the resource group at hand.
func (d *denial) groupWhere(s *Subject) string {
	id := d.repo.GroupID
	if id == "" {
		id = d.need.Target.id
	}
	users := d.orgPlace("resource-groups/" + string(id) + "/users")
	if d.state.groupRole() == groupNone {
		return "POST " + users
	}
	return "PUT " + users + "/" + s.UserName()
}

// policyWhere is where the first restriction of an organization is lifted. Like its words it depends on nothing that is hidden.
func (d *denial) policyWhere(org string) string {
	fineGrained := "a fine-grained token with an entry for " + org + ": POST /api/settings/tokens, or ambit token create --kind fine-grained"
	approval := "an administrator of the organization: POST " + orgPlace(org, "settings/tokens/{id}/approve") + ", or ambit admin token-review approve " + org + " {id}"
	switch d.state.restricted() {
	case restrictRevoked:
		return "a new token: POST /api/settings/tokens, or ambit token create; a revocation is for good"
	case restrictNetwork:
		return "another network, or PATCH " + orgPlace(org, "settings/network-security")
	case restrictSSH:
		return "git over HTTPS, or PATCH " + orgPlace(org, "settings/access")
	case restrictKind:
		return fineGrained + "; or PATCH " + orgPlace(org, "settings/access")
	}
	if d.state.tokenState() == tokenNone {
		return "permissions on " + org + " for the token: PATCH /api/settings/tokens/{id}, or ambit token edit {id}; then " + approval
	}
	return approval
}

// onNewToken says where a token gets permissions when the organization will not take this one, whatever it carries.
func (d *denial) onNewToken() string {
	scopes := strings.Join(d.scopesLacking(), " and ")
	return "the same new token, fine-grained and with " + scopes
}

// scopeWhere is where the token at hand gets permissions.
func (d *denial) scopeWhere() string {
	if d.state.kind() == KindService {
		return "PATCH " + d.orgPlace("service-accounts/{account}/tokens/{id}")
	}
	return "add " + strings.Join(d.scopesLacking(), " and ") + " to its entries: PATCH /api/settings/tokens/{id}, or ambit token edit {id}"
}

// scopesLacking are the entries that the token should have, as the commands read them: of those that speak if there are any,
// else of the narrowest that are enough.
func (d *denial) scopesLacking() (out []string) {
	atom, space := string(atomFor(d.need.Action)), "org:"+d.namespaceWord()
	if !d.ofOrg() {
		space = "user:" + d.namespaceWord()
	}
	repo := string(d.repo.Type) + ":" + d.repo.FullName() + "=" + d.entryWords()
	switch info := d.need.Action.info(); {
	case info.kind != repoTarget:
		return []string{space + "=" + atom}
	case info.need&bitsOfNamespace == 0:
		return []string{repo}
	}
	var there []string
	if !d.state.has(stateNamespaceWrite) {
		there = append(there, atom)
	}
	if d.need.Action == RepoAssignGroup && !d.state.has(stateNamespaceGroups) {
		there = append(there, string(hub.PermResourceGroupWrite))
	}
	if len(there) > 0 {
		out = append(out, space+"="+strings.Join(there, ","))
	}
	if d.state.level() >= levelGroup && d.state.atoms()&atomWrite == 0 { // an entry for the repository speaks before the group's
		out = append(out, repo)
	}
	return out
}

// entryWords are the permissions of an entry for the repository that is enough. It stands in place of the entry that speaks
// now, and so carries on what that one carried.
func (d *denial) entryWords() string {
	have := atoms(d.withAtoms(d.state).atoms())
	var out []string
	for _, p := range []hub.Permission{hub.PermRepoContentRead, hub.PermRepoAccessRead, hub.PermRepoWrite, hub.PermDiscussionWrite} {
		implied := have&atomWrite != 0 && implies(hub.PermRepoWrite, p)
		if have&atomOf(p) != 0 && !implied {
			out = append(out, string(p))
		}
	}
	return strings.Join(out, ",")
}
