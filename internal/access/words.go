package access

import (
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// refusalWords is the sentence for a caller who may see every target: what was refused, and for each layer
// whether it is in the way and what would pass it. It is ASCII, for a header. All that is missing is named at
// once, over all needs.
func refusalWords(s *Subject, ds []denial) string {
	var out []string
	add := func(sentence string) {
		if sentence != "" && !slices.Contains(out, sentence) {
			out = append(out, sentence)
		}
	}
	for i := range ds {
		add(ds[i].doing() + " is not allowed.")
	}
	for i := range ds {
		if ds[i].restricted() {
			add(policyWords(s, &ds[i]))
		}
	}
	add(tokenWords(s, ds))
	for i := range ds {
		add(roleWords(s, &ds[i]))
	}
	for i := range ds {
		if d := &ds[i]; !d.restricted() && d.missingIn(d.layers.Policy) != 0 {
			add(d.privateOnlyWords())
		}
	}
	return strings.Join(out, " ")
}

func signInWords(d *denial) string {
	return d.doing() + " needs a signed-in user: no access token was sent with this request."
}

// tokenWords says what the credential lacks, or that it is not in the way. Sessions are not worth a word.
func tokenWords(s *Subject, ds []denial) string {
	var lacking []*denial
	session := false
	for i := range ds {
		if d := &ds[i]; d.missingIn(d.layers.Token) != 0 {
			lacking = append(lacking, d)
			session = session || d.missingIn(tokenBits[KindWrite]) != 0
		}
	}
	switch {
	case s.Kind() == KindSession, s.Kind() == KindAnonymous && len(lacking) == 0:
		return ""
	case s.Kind() == KindAnonymous:
		return "No access token was sent with this request."
	case len(lacking) == 0 && (s.Kind() == KindSSH || ds[0].restricted()):
		return ""
	case s.Kind() == KindSSH:
		return "An SSH key is for git and nothing else: use an access token."
	case s.Kind() == KindOperator:
		return operatorWords
	case len(lacking) == 0:
		return "Your token: " + s.Kind().String() + ", ok."
	case s.Kind() == KindService && lacking[0].need.Action.info().need&serviceNever != 0:
		if lacking[0].need.Action == OrgTokens {
			return "A service account is no person: the access tokens of members are reviewed by administrators."
		}
		return "A service account is no person: it takes no part in discussions and requests for access."
	case session:
		return "No access token can do this: sign in with the browser, or ask the operator of this hub."
	case s.Kind() == KindRead:
		use := "a write token, or "
		if lacking[0].state.restricted() == restrictKind { // which is refused as well
			use = ""
		}
		return "Your token is a read token, which changes nothing: use " + use + "a fine-grained token with " +
			strings.Join(missingAtoms(lacking), ", ") + "."
	}
	if s.Kind() == KindService {
		return "This service account's token lacks " + strings.Join(missingAtoms(lacking), ", ") + "."
	}
	return "Your fine-grained token lacks " + strings.Join(missingAtoms(lacking), ", ") + "."
}

const operatorWords = "The operator's socket administers the hub and acts for no user."

// missingAtoms names every permission that would let a fine-grained token pass, each with its place. A read token has
// none of them, and is told of all.
func missingAtoms(ds []*denial) []string {
	var out []string
	for _, d := range ds {
		for _, w := range d.atomWords() {
			if !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	return out
}

func (d *denial) atomWords() []string {
	atom := string(atomFor(d.need.Action))
	place := " on " + d.namespaceWord()
	if d.state.relation() == owner {
		place = " on your own namespace"
	}
	onRepo, onGroup := d.state.level() == levelRepo, d.state.level() == levelGroup
	if d.need.Action.info().need&bitsOfNamespace != 0 {
		var out []string
		if !d.state.has(stateNamespaceWrite) {
			out = append(out, atom+place)
		}
		if onRepo && d.state.atoms()&atomWrite == 0 {
			out = append(out, atom+" in its entry for this repository")
		}
		if onGroup && d.state.atoms()&atomWrite == 0 {
			out = append(out, atom+" in its entry for this resource group")
		}
		if d.need.Action == RepoAssignGroup && !d.state.has(stateNamespaceGroups) {
			out = append(out, string(hub.PermResourceGroupWrite)+place)
		}
		return out
	}
	switch {
	case onRepo:
		return []string{atom + " in its entry for this repository"}
	case onGroup:
		return []string{atom + " in its entry for this resource group, or on this repository"}
	case d.need.Action.info().kind == namespaceTarget, d.need.Action.info().kind == groupTarget:
		return []string{atom + place}
	case d.need.Action == DiscussionWrite && d.state.relation() == outsider:
		return []string{"the global " + atom + ", or " + atom + " on this repository"}
	}
	return []string{atom + place + " or on this repository"}
}

// atomFor is the permission of a fine-grained token that an action asks for.
func atomFor(a Action) hub.Permission {
	switch a {
	case RepoAccessRead:
		return hub.PermRepoAccessRead
	case DiscussionWrite:
		return hub.PermDiscussionWrite
	case OrgRead, GroupRead:
		return hub.PermOrgRead
	case OrgWrite, OrgTokens, OrgAudit, GroupManage:
		return hub.PermOrgWrite
	case OrgNetwork:
		return hub.PermOrgNetworkWrite
	case ServiceAccountsRead:
		return hub.PermOrgSARead
	case ServiceAccountsWrite:
		return hub.PermOrgSAWrite
	case GroupCreate, GroupSettings, GroupDelete:
		return hub.PermResourceGroupWrite
	case RepoView, RepoContentRead, NamespaceListAll:
		return hub.PermRepoContentRead
	}
	return hub.PermRepoWrite
}

// roleWords says what the person is to the namespace, and whether that is in the way.
func roleWords(s *Subject, d *denial) string {
	lacking := d.missingIn(d.layers.Role) != 0
	kind := d.need.Action.info().kind
	switch {
	case s.Kind() == KindOperator && lacking:
		return operatorWords
	case kind == selfTarget, s.Kind() == KindOperator:
		return ""
	}
	if kind == hubTarget {
		if lacking {
			return "You are not an administrator of this hub."
		}
		return ""
	}
	ns := d.namespaceWord()
	rel := d.state.relation()
	switch {
	case s.Kind() == KindService && !lacking:
		return ""
	case rel == owner && lacking:
		return ns + " is not an organization."
	case rel == owner:
		return "Your account owns this namespace: ok."
	case lacking && d.roleReason() == ReasonGroupMember:
		return groupWords(d, ns)
	case lacking && rel == memberAdmin && kind == newRepoTarget:
		return "There is no such resource group in " + ns + "." // whose admins create everywhere else, and see all groups
	case kind == groupTarget && d.need.Action != GroupDelete && rel >= memberNoAccess && rel != memberAdmin && d.state.groupRole() != groupNone:
		return groupRoleWords(d, ns, lacking)
	case rel >= memberNoAccess && !lacking:
		return "Your role in " + ns + ": " + roleOf(rel).String() + ", ok."
	case rel >= memberNoAccess:
		return "Your role in " + ns + ": " + roleOf(rel).String() + ", too low; " + neededRole(d) + " is needed."
	case !lacking:
		return ""
	case d.need.Action == RepoCreate || d.need.Action == RepoCreatePublic:
		own := ""
		if s.UserName() != "" {
			own = "your own, " + s.UserName() + ", or "
		}
		return "You cannot create repositories in that namespace: use " + own +
			"an organization in which your role is contributor or higher."
	case kind == repoTarget && !d.repo.OwnerIsOrg, d.namespace.Kind == hub.UserNamespace:
		return "Only " + ns + " may do this."
	}
	return "You are not a member of " + ns + "; " + neededRole(d) + " is needed."
}

// groupWords is for members whose role in the organization does not count, because the repository is in a group.
func groupWords(d *denial, ns string) string {
	what := "This repository"
	if d.need.Action.info().kind == newRepoTarget {
		what = "The place for it"
	}
	have := "in which you are not"
	if r := d.state.groupRole(); r != groupNone {
		have = "in which your role is " + hub.Role(r).String()
	}
	return what + " is in a resource group of " + ns + " " + have + "; " + neededRole(d) + " is needed in that group."
}

// groupRoleWords say what a member is in the resource group that a request is about.
func groupRoleWords(d *denial, ns string, lacking bool) string {
	is := "Your role in this resource group of " + ns + ": " + hub.Role(d.state.groupRole()).String()
	if lacking {
		return is + ", too low; " + neededRole(d) + " is needed."
	}
	return is + ", ok."
}

func neededRole(d *denial) string {
	switch roleReason(d.need.Action) {
	case ReasonLacksRead:
		return "read or higher"
	case ReasonLacksCreate:
		return "contributor or higher"
	case ReasonLacksAdmin:
		return "admin"
	case ReasonLacksGroupAdmin:
		return "admin of the resource group or of the organization"
	case ReasonLacksGroupCreation:
		if least := roleOf(d.state.groupCreation()); least != hub.RoleAdmin {
			return least.String() + " or higher"
		}
		return "admin"
	}
	return "write or admin, or contributor for a repository that you created,"
}

func roleOf(r relation) hub.Role {
	switch r {
	case memberNoAccess:
		return hub.RoleNoAccess
	case memberRead:
		return hub.RoleRead
	case memberContributor:
		return hub.RoleContributor
	case memberWrite:
		return hub.RoleWrite
	case memberAdmin:
		return hub.RoleAdmin
	}
	return hub.RoleNone
}
