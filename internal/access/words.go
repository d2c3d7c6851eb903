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
	add(tokenWords(s, ds))
	for i := range ds {
		add(roleWords(s, &ds[i]))
	}
	return strings.Join(out, " ")
}

func signInWords(d *denial) string {
	return d.doing() + " needs a signed-in user: no access token was sent with this request."
}

// doing names the action and its target.
func (d *denial) doing() string {
	repo := string(d.repo.Type) + " " + d.repo.FullName()
	ns := d.namespaceWord()
	switch d.need.Action {
	case WhoAmI:
		return "Asking who you are"
	case TokenManage:
		return "Managing access tokens"
	case AccountManage:
		return "Managing the account"
	case InstanceAdmin:
		return "Administering this hub"
	case NamespaceListAll:
		return "Listing all repositories of " + ns
	case OrgRead:
		return "Reading the settings and private members of " + ns
	case OrgWrite:
		return "Changing the members and settings of " + ns
	case RepoCreate:
		if t := d.need.Target.repo.Type; t != "" {
			return "Creating a " + string(t) + " in the namespace " + ns
		}
		return "Creating a repository in the namespace " + ns
	case RepoPreupload:
		return "Preparing an upload to " + repo
	case RepoWrite:
		return "Writing to " + repo
	case RepoSettings:
		return "Changing the settings of " + repo
	case RepoPublish:
		return "Making " + repo + " public"
	case RepoDelete:
		return "Deleting " + repo
	case RepoMove:
		return "Renaming " + repo
	case RepoTransfer:
		return "Moving " + repo + " to another namespace"
	case RepoAccessRead:
		return "Listing the access requests of " + repo
	case RepoAccessManage:
		return "Deciding the access requests of " + repo
	case DiscussionWrite:
		return "Discussing in " + repo
	}
	return "This"
}

// namespaceWord is the namespace as the caller knows it. For creation it is spelled as it was asked for, since
// an unknown namespace has no other spelling and must read the same.
func (d *denial) namespaceWord() string {
	switch {
	case d.repo.Namespace != "":
		return d.repo.Namespace
	case d.need.Target.kind == newRepoTarget && d.need.Target.repo.Namespace != "":
		return safeName(d.need.Target.repo.Namespace)
	case d.need.Target.name != "":
		return safeName(d.need.Target.name)
	}
	if d.namespace.Name == "" {
		return "(your own)"
	}
	return safeName(d.namespace.Name)
}

// safeName keeps a name that came from outside only if it could be one: what is echoed goes into a header.
func safeName(s string) string {
	if hub.CheckRepoName(s) != nil {
		return "(not a valid name)"
	}
	return s
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
	case s.kind == KindSession:
		return ""
	case s.kind == KindOperator:
		return "The operator's socket administers the hub and acts for no user."
	case len(lacking) == 0:
		return "Your token: " + s.kind.String() + ", ok."
	case session:
		return "No access token can do this: sign in with the browser, or ask the operator of this hub."
	case s.kind == KindRead:
		return "Your token is a read token, which changes nothing: use a write token, or a fine-grained token with " +
			strings.Join(missingAtoms(lacking, true), ", ") + "."
	}
	return "Your fine-grained token lacks " + strings.Join(missingAtoms(lacking, false), ", ") + "."
}

// missingAtoms names every permission that would let a fine-grained token pass, each with its place. For a
// hypothetical token nothing is taken as present.
func missingAtoms(ds []*denial, hypothetical bool) []string {
	var out []string
	for _, d := range ds {
		for _, w := range d.atomWords(hypothetical) {
			if !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	return out
}

func (d *denial) atomWords(hypothetical bool) []string {
	atom := string(atomFor(d.need.Action))
	place := " on " + d.namespaceWord()
	if d.state.relation() == owner {
		place = " on your own namespace"
	}
	onRepo := !hypothetical && d.state.level() == levelRepo
	if d.need.Action.info().need&bitsOfNamespace != 0 {
		var out []string
		if hypothetical || !d.state.has(stateNamespaceWrite) {
			out = append(out, atom+place)
		}
		if onRepo && d.state.atoms()&atomWrite == 0 {
			out = append(out, atom+" in its entry for this repository")
		}
		return out
	}
	switch {
	case onRepo:
		return []string{atom + " in its entry for this repository"}
	case d.need.Action.info().kind == namespaceTarget:
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
	case OrgRead:
		return hub.PermOrgRead
	case OrgWrite:
		return hub.PermOrgWrite
	case RepoView, RepoContentRead, NamespaceListAll:
		return hub.PermRepoContentRead
	}
	return hub.PermRepoWrite
}

// roleWords says what the person is to the namespace, and whether that is in the way.
func roleWords(s *Subject, d *denial) string {
	lacking := d.missingIn(d.layers.Role) != 0
	kind := d.need.Action.info().kind
	if kind == selfTarget || s.kind == KindOperator {
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
	case rel == owner && lacking:
		return ns + " is not an organization."
	case rel == owner:
		return "Your account owns this namespace: ok."
	case rel >= memberNoAccess && !lacking:
		return "Your role in " + ns + ": " + roleOf(rel).String() + ", ok."
	case rel >= memberNoAccess:
		return "Your role in " + ns + ": " + roleOf(rel).String() + ", too low; " + neededRole(d.need.Action) + " is needed."
	case !lacking:
		return ""
	case d.need.Action == RepoCreate:
		return "You cannot create repositories in that namespace: use your own, " + s.UserName() +
			", or an organization in which your role is contributor or higher."
	case kind == repoTarget && !d.repo.OwnerIsOrg, d.namespace.Kind == hub.UserNamespace:
		return "Only " + ns + " may do this."
	}
	return "You are not a member of " + ns + "; " + neededRole(d.need.Action) + " is needed."
}

func neededRole(a Action) string {
	switch roleReason(a) {
	case ReasonLacksRead:
		return "read or higher"
	case ReasonLacksCreate:
		return "contributor or higher"
	case ReasonLacksAdmin:
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

// gatedWords begins as a test of the Python client expects it for callers who are not let in.
// Source: huggingface_hub, tests for gated repositories.
func gatedWords(d *denial) string {
	restricted := "Access to " + string(d.repo.Type) + " " + d.repo.FullName() + " is restricted"
	const enable = "enable reading of gated repositories on the token, or give it repo.content.read on this repository"
	token := d.missingIn(d.layers.Token) != 0
	switch gate := d.missingIn(d.layers.Gate) != 0; {
	case d.state.relation() == nobody:
		return restricted + ". You must be signed in and in the authorized list: no access token was sent with this request."
	case gate && token:
		return restricted + " and you are not in the authorized list. Visit its page to ask for access; your fine-grained token needs a change as well: " + enable + "."
	case gate:
		return restricted + " and you are not in the authorized list. Visit its page to ask for access."
	}
	return restricted + ": your account may read it, but your fine-grained token may not; " + enable + "."
}
