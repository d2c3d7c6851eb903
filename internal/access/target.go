package access

import "github.com/ambit-hub/ambit/internal/hub"

// Target is what an action is done to. The zero Target is nothing: no action is allowed on it.
type Target struct {
	kind targetKind
	repo hub.RepoID
	name string
	id   hub.ID // of a row; of a resource group
}

// Repo is an existing repository by name.
func Repo(id hub.RepoID) Target { return Target{kind: repoTarget, repo: id} }

// RepoRow is an existing repository by the id of its row, for tickets and for work that outlives a rename.
func RepoRow(id hub.ID) Target { return Target{kind: repoRowTarget, id: id} }

// NewRepo is a repository that is to be created. An empty Namespace means the caller's own.
func NewRepo(id hub.RepoID) Target { return Target{kind: newRepoTarget, repo: id} }

// NewRepoIn is a repository that is to be created in a resource group of its organization; in none when group is empty.
func NewRepoIn(id hub.RepoID, group hub.ID) Target {
	return Target{kind: newRepoTarget, repo: id, id: group}
}

// Group is a resource group of the organization called org.
func Group(org string, id hub.ID) Target { return Target{kind: groupTarget, name: org, id: id} }

// Namespace is a user or an organization by name. An empty name means the caller's own namespace.
func Namespace(name string) Target { return Target{kind: namespaceTarget, name: name} }

// Self is the caller's own account.
func Self() Target { return Target{kind: selfTarget} }

// Hub is this instance as a whole.
func Hub() Target { return Target{kind: hubTarget} }

// Need is one thing that a request must be allowed to do. The zero Need is never met.
type Need struct {
	Action Action
	Target Target
}
