package access

import "github.com/ambit-hub/ambit/internal/hub"

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
	case NamespaceView:
		return "Looking at " + ns
	case NamespaceListAll:
		return "Listing all repositories of " + ns
	case OrgRead:
		return "Reading the settings and private members of " + ns
	case OrgWrite:
		return "Changing the members and settings of " + ns
	case OrgTokens:
		return "Reviewing the access tokens of members of " + ns
	case OrgAudit:
		return "Reading the audit log of " + ns
	case OrgNetwork:
		return "Managing the network security of " + ns
	case OrgDelete:
		return "Deleting the organization " + ns
	case ServiceAccountsRead:
		return "Listing the service accounts of " + ns
	case ServiceAccountsWrite:
		return "Managing the service accounts of " + ns
	case GroupCreate:
		return "Creating a resource group in " + ns
	case GroupRead:
		return "Reading this resource group of " + ns
	case GroupManage:
		return "Managing the members of this resource group of " + ns
	case GroupSettings:
		return "Changing this resource group of " + ns
	case GroupDelete:
		return "Deleting this resource group of " + ns
	case RepoCreatePublic:
		if t := d.need.Target.repo.Type; t != "" {
			return "Creating a public " + string(t) + " in the namespace " + ns
		}
		return "Creating a public repository in the namespace " + ns
	case RepoCreate:
		if t := d.need.Target.repo.Type; t != "" {
			return "Creating a " + string(t) + " in the namespace " + ns
		}
		return "Creating a repository in the namespace " + ns
	case RepoList:
		return "Listing repositories"
	case RepoView:
		return "Looking at " + repo
	case RepoContentRead:
		return "Reading the files of " + repo
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
	case RepoAssignGroup:
		return "Moving " + repo + " into or out of a resource group"
	case RepoAccessRequest:
		return "Asking for access to " + repo
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
