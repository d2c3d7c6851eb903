package access

// Action is what a request wants to do. The zero Action is never allowed.
type Action uint8

// The actions. The comment names the target that each one takes.
const (
	NoAction Action = iota

	PublicRoute   // Hub: open to everybody, by decision and not by omission
	RepoList      // Hub: list and search; results are cut to Subject.Visible
	WhoAmI        // Self: any live credential
	TokenManage   // Self: tokens, by browser session only
	AccountManage // Self: password, e-mail and the like, by browser session only
	InstanceAdmin // Hub: operator's socket, or the browser session of an instance administrator

	NamespaceView        // Namespace: the public profile
	NamespaceListAll     // Namespace: its repositories including private ones, with their storage
	OrgRead              // Namespace: settings and the private part of the member list
	OrgWrite             // Namespace: members, profile, settings
	OrgTokens            // Namespace: listing of members' tokens, approval, denial, revocation
	OrgAudit             // Namespace: audit log and its export
	OrgNetwork           // Namespace: IP ranges; a service account's token that is exempt from them
	OrgDelete            // Namespace: by browser session only
	ServiceAccountsRead  // Namespace: list service accounts
	ServiceAccountsWrite // Namespace: create and delete service accounts, issue and rotate their tokens
	GroupCreate          // Namespace: a new resource group
	GroupRead            // Group: the group, its members and repositories
	GroupManage          // Group: add and remove members, change their roles
	GroupSettings        // Group: name, description, automatic joining
	GroupDelete          // Group
	RepoCreate           // NewRepo (or Namespace)
	RepoCreatePublic     // NewRepo (or Namespace): with a visibility that everybody sees
	RepoView             // Repo: metadata, tree, commits, refs, discussions; gated repositories stay visible
	RepoContentRead      // Repo: bytes of files, raw, LFS and Xet download, git fetch, auth-check
	RepoPreupload        // Repo: the probe before an upload, which readers may make and which grants nothing
	RepoWrite            // Repo: commit, push, LFS and Xet upload, branches, tags, squash, auth-check/write
	RepoSettings         // Repo: gating, discussions, secrets, making private
	RepoPublish          // Repo: making public
	RepoDelete           // Repo
	RepoMove             // Repo: rename within its namespace
	RepoTransfer         // Repo: move out of its namespace; the target namespace needs RepoCreate as well
	RepoAssignGroup      // Repo: put it into a resource group, or take it out
	RepoAccessRequest    // Repo: ask to pass its gate
	RepoAccessRead       // Repo: list gate requests
	RepoAccessManage     // Repo: decide gate requests
	DiscussionWrite      // Repo: open and comment discussions and pull requests

	numActions
)

// targetKind says what an action can be asked of.
type targetKind uint8

const (
	noTarget targetKind = iota
	hubTarget
	selfTarget
	namespaceTarget
	newRepoTarget
	repoTarget
	repoRowTarget
	groupTarget
)

// actionInfo is one row of the table of actions: its stable name, what it takes, and which bits it needs.
type actionInfo struct {
	name string
	kind targetKind
	need Bits
}

var actions = [numActions]actionInfo{
	NoAction:             {"none", noTarget, 0},
	PublicRoute:          {"public", hubTarget, bitPublic},
	RepoList:             {"repo.list", hubTarget, bitPublic},
	WhoAmI:               {"self.whoami", selfTarget, bitSignedIn},
	TokenManage:          {"self.tokens", selfTarget, bitSignedIn | bitSelfManage},
	AccountManage:        {"self.account", selfTarget, bitSignedIn | bitSelfManage},
	InstanceAdmin:        {"instance.admin", hubTarget, bitInstance},
	NamespaceView:        {"namespace.view", namespaceTarget, bitPublic},
	NamespaceListAll:     {"namespace.list_all", namespaceTarget, bitListAll},
	OrgRead:              {"org.read", namespaceTarget, bitOrgRead},
	OrgWrite:             {"org.write", namespaceTarget, bitOrgWrite},
	OrgTokens:            {"org.tokens", namespaceTarget, bitOrgTokens},
	OrgAudit:             {"org.audit", namespaceTarget, bitOrgWrite},
	OrgNetwork:           {"org.network", namespaceTarget, bitNetwork},
	OrgDelete:            {"org.delete", namespaceTarget, bitOrgDelete},
	ServiceAccountsRead:  {"org.service_accounts.read", namespaceTarget, bitServiceRead},
	ServiceAccountsWrite: {"org.service_accounts.write", namespaceTarget, bitServiceWrite},
	GroupCreate:          {"group.create", namespaceTarget, bitGroupCreate},
	GroupRead:            {"group.read", groupTarget, bitGroupRead},
	GroupManage:          {"group.manage", groupTarget, bitGroupMembers},
	GroupSettings:        {"group.settings", groupTarget, bitGroupSettings},
	GroupDelete:          {"group.delete", groupTarget, bitGroupDelete},
	RepoCreate:           {"repo.create", newRepoTarget, bitCreate},
	RepoCreatePublic:     {"repo.create_public", newRepoTarget, bitCreatePublic},
	RepoView:             {"repo.view", repoTarget, bitView},
	RepoContentRead:      {"repo.content.read", repoTarget, bitView | bitContent},
	RepoPreupload:        {"repo.preupload", repoTarget, bitView | bitSignedIn},
	RepoWrite:            {"repo.write", repoTarget, bitView | bitWrite},
	RepoSettings:         {"repo.settings", repoTarget, bitView | bitSettings},
	RepoPublish:          {"repo.publish", repoTarget, bitView | bitPublish},
	RepoDelete:           {"repo.delete", repoTarget, bitView | bitDelete},
	RepoMove:             {"repo.move", repoTarget, bitView | bitMove},
	RepoTransfer:         {"repo.transfer", repoTarget, bitView | bitTransfer},
	RepoAssignGroup:      {"repo.assign", repoTarget, bitView | bitAssign},
	RepoAccessRequest:    {"repo.access.ask", repoTarget, bitView | bitAsk},
	RepoAccessRead:       {"repo.access.read", repoTarget, bitView | bitAccessRead},
	RepoAccessManage:     {"repo.access.manage", repoTarget, bitView | bitAccessManage},
	DiscussionWrite:      {"discussion.write", repoTarget, bitView | bitDiscuss},
}

// String returns the stable name, such as "repo.write". An unknown action is "none".
func (a Action) String() string {
	if a < numActions {
		return actions[a].name
	}
	return actions[NoAction].name
}

// info returns the row of a; an unknown action gets the row of NoAction, which nothing satisfies.
func (a Action) info() actionInfo {
	if a < numActions {
		return actions[a]
	}
	return actions[NoAction]
}

// allowedBy tells whether bits carry everything that a needs.
func (a Action) allowedBy(bits Bits) bool {
	need := a.info().need
	return need != 0 && bits&need == need
}

// ParseAction finds an action by its stable name; NoAction when there is none.
func ParseAction(name string) Action {
	for a := NoAction + 1; a < numActions; a++ {
		if actions[a].name == name {
			return a
		}
	}
	return NoAction
}

// Actions lists all actions.
func Actions() []Action {
	var out []Action
	for a := NoAction + 1; a < numActions; a++ {
		out = append(out, a)
	}
	return out
}

// takes tells whether a may be asked of a target of kind k.
func (a Action) takes(k targetKind) bool {
	switch want := a.info().kind; want {
	case noTarget:
		return false
	case repoTarget:
		return k == repoTarget || k == repoRowTarget
	case newRepoTarget:
		return k == newRepoTarget || k == namespaceTarget
	default:
		return k == want
	}
}
