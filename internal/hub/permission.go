package hub

import (
	"slices"
	"strconv"
	"strings"
)

// Permission is a fine-grained atom such as "repo.write", spelled as the Hub spells it.
type Permission string

// The atoms this hub offers. Meaning: docs/glossary.md and docs/access.md.
const (
	PermRepoContentRead    Permission = "repo.content.read"
	PermRepoAccessRead     Permission = "repo.access.read"
	PermRepoWrite          Permission = "repo.write"
	PermDiscussionWrite    Permission = "discussion.write"
	PermPostWrite          Permission = "post.write"
	PermCollectionRead     Permission = "collection.read"
	PermCollectionWrite    Permission = "collection.write"
	PermInferenceWrite     Permission = "inference.serverless.write"
	PermEndpointsInfer     Permission = "inference.endpoints.infer.write"
	PermEndpointsWrite     Permission = "inference.endpoints.write"
	PermWebhooksRead       Permission = "user.webhooks.read"
	PermWebhooksWrite      Permission = "user.webhooks.write"
	PermNotifyRead         Permission = "user.notifications.read"
	PermNotifyWrite        Permission = "user.notifications.write"
	PermBillingRead        Permission = "user.billing.read"
	PermJobWrite           Permission = "job.write"
	PermOrgRead            Permission = "org.read"
	PermOrgWrite           Permission = "org.write"
	PermOrgSARead          Permission = "org.serviceAccounts.read"
	PermOrgSAWrite         Permission = "org.serviceAccounts.write"
	PermOrgNetworkWrite    Permission = "org.networkSecurity.write"
	PermResourceGroupWrite Permission = "resourceGroup.write"
)

// UserPermissions are the atoms that a scope on the token owner's own namespace may carry.
var UserPermissions = []Permission{
	PermRepoContentRead, PermRepoAccessRead, PermRepoWrite,
	PermInferenceWrite, PermEndpointsInfer, PermEndpointsWrite,
	PermWebhooksRead, PermWebhooksWrite, PermCollectionRead, PermCollectionWrite, PermDiscussionWrite,
	PermBillingRead, PermJobWrite, PermNotifyRead, PermNotifyWrite,
}

// OrgPermissions are the atoms that a scope on an organization may carry.
var OrgPermissions = []Permission{
	PermRepoContentRead, PermRepoAccessRead, PermDiscussionWrite, PermRepoWrite,
	PermInferenceWrite, PermEndpointsInfer, PermEndpointsWrite,
	PermOrgRead, PermOrgWrite, PermOrgSARead, PermOrgSAWrite, PermOrgNetworkWrite,
	PermCollectionRead, PermCollectionWrite, PermResourceGroupWrite, PermJobWrite,
}

// RepoPermissions are the atoms that a scope on a single repository may carry.
var RepoPermissions = []Permission{PermRepoContentRead, PermRepoAccessRead, PermDiscussionWrite, PermRepoWrite}

// GlobalPermissions are the atoms that a token may carry without an entity.
// Tokens of 2024 also had inference.serverless.write here; it is accepted and read as a user permission.
var GlobalPermissions = []Permission{PermDiscussionWrite, PermPostWrite}

// IsPermission tells whether there is such an atom, wherever it may stand.
func IsPermission(p Permission) bool {
	for _, all := range [][]Permission{UserPermissions, OrgPermissions, RepoPermissions, GlobalPermissions} {
		if slices.Contains(all, p) {
			return true
		}
	}
	return false
}

// PermissionsFor returns the atoms that a scope on an entity of type t may carry, nil for an unknown type.
func PermissionsFor(t EntityType) []Permission {
	switch t {
	case EntityUser:
		return UserPermissions
	case EntityOrg:
		return OrgPermissions
	case EntityModel, EntityDataset, EntitySpace, EntityGroup:
		return RepoPermissions
	}
	return nil
}

// CheckPermissions tells whether every atom of ps may stand in a scope on t; the error is InvalidInput and
// lists all that may not at once.
func CheckPermissions(t EntityType, ps []Permission) error {
	allowed := PermissionsFor(t)
	if allowed == nil {
		return Errorf(InvalidInput, "A token scope cannot name an entity of type %q.", string(t))
	}
	return checkAtoms("a "+string(t), allowed, ps)
}

// JoinWords lists words of the vocabulary in a sentence.
func JoinWords[W ~string](words []W) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return b.String()
}

// quoted is JoinWords for what a caller wrote.
func quoted(ps []Permission) string {
	q := make([]string, len(ps))
	for i, p := range ps {
		q[i] = strconv.Quote(string(p))
	}
	return strings.Join(q, ", ")
}

func checkAtoms(on string, allowed, ps []Permission) error {
	var bad []Permission
	for _, p := range ps {
		if !slices.Contains(allowed, p) {
			bad = append(bad, p)
		}
	}
	if len(bad) > 0 {
		return Errorf(InvalidInput, "A scope on %s cannot carry %s; allowed are %s.", on, quoted(bad), JoinWords(allowed))
	}
	return nil
}
