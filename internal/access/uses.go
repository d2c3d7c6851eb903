package access

import "github.com/ambit-hub/ambit/internal/hub"

// PublicUse stands for the permission in a Use that needed none: reading what everybody may read.
const PublicUse hub.Permission = "public"

// Use is what a grant was given for, in the words of a token's permissions.
type Use struct {
	Permission hub.Permission
	RepoID     hub.ID // empty when it was not about a repository that exists
	OwnerID    hub.ID // namespace concerned, empty if none
}

// permissionOf is the atom that a fine-grained token needs for an action; "" where no token ever suffices, or none is
// needed.
var permissionOf = [numActions]hub.Permission{
	NamespaceListAll:     hub.PermRepoContentRead,
	OrgRead:              hub.PermOrgRead,
	OrgWrite:             hub.PermOrgWrite,
	OrgTokens:            hub.PermOrgWrite,
	OrgAudit:             hub.PermOrgWrite,
	OrgNetwork:           hub.PermOrgNetworkWrite,
	ServiceAccountsRead:  hub.PermOrgSARead,
	ServiceAccountsWrite: hub.PermOrgSAWrite,
	GroupCreate:          hub.PermResourceGroupWrite,
	GroupRead:            hub.PermOrgRead,
	GroupManage:          hub.PermOrgWrite,
	GroupSettings:        hub.PermResourceGroupWrite,
	GroupDelete:          hub.PermResourceGroupWrite,
	RepoCreate:           hub.PermRepoWrite,
	RepoCreatePublic:     hub.PermRepoWrite,
	RepoView:             hub.PermRepoContentRead,
	RepoContentRead:      hub.PermRepoContentRead,
	RepoPreupload:        hub.PermRepoContentRead,
	RepoWrite:            hub.PermRepoWrite,
	RepoSettings:         hub.PermRepoWrite,
	RepoPublish:          hub.PermRepoWrite,
	RepoDelete:           hub.PermRepoWrite,
	RepoMove:             hub.PermRepoWrite,
	RepoTransfer:         hub.PermRepoWrite,
	RepoAssignGroup:      hub.PermRepoWrite,
	RepoAccessRead:       hub.PermRepoAccessRead,
	RepoAccessManage:     hub.PermRepoWrite,
	DiscussionWrite:      hub.PermDiscussionWrite,
}

// Uses calls yield for each need of the grant that a token's permission, or nothing but its being public, stands behind.
func (g Grant) Uses(yield func(Use) bool) {
	for i := range g.given {
		gv := &g.given[i]
		a := gv.need.Action
		if a >= numActions || permissionOf[a] == "" {
			continue
		}
		u := Use{permissionOf[a], gv.repo.ID, gv.namespace.ID}
		if u.RepoID != "" {
			u.OwnerID = gv.repo.NamespaceID
			open := gv.repo.Visibility == hub.Public && (gv.repo.Gated == "" || a != RepoContentRead)
			if u.Permission == hub.PermRepoContentRead && open {
				u.Permission = PublicUse
			}
		}
		if !yield(u) {
			return
		}
	}
}
