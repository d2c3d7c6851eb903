package access

import (
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

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

// String writes the target as ParseTarget reads it, except for rows, which have only an id.
func (t Target) String() string {
	switch t.kind {
	case repoTarget:
		return string(t.repo.Type) + ":" + t.repo.FullName()
	case newRepoTarget:
		s := "new:" + string(t.repo.Type) + ":" + t.repo.FullName()
		if t.id != "" {
			s += "@" + string(t.id)
		}
		return s
	case repoRowTarget:
		return "row:" + string(t.id)
	case groupTarget:
		return "group:" + t.name + "/" + string(t.id)
	case namespaceTarget:
		return "namespace:" + t.name
	case selfTarget:
		return "self"
	case hubTarget:
		return "hub"
	}
	return "nothing"
}

// NamespaceName is the namespace that the target names, empty if it names none.
func (t Target) NamespaceName() string {
	if t.repo.Namespace != "" {
		return t.repo.Namespace
	}
	return t.name
}

// IsRepo tells whether the target is an existing repository, as far as the request says.
func (t Target) IsRepo() bool { return t.kind == repoTarget || t.kind == repoRowTarget }

// RepoID is the name of the repository that the target is, or is the place for; zero for anything else and for rows.
func (t Target) RepoID() hub.RepoID { return t.repo }

// IsNew tells whether the target is a place for a repository.
func (t Target) IsNew() bool { return t.kind == newRepoTarget }

// ParseTarget reads model:NS/NAME (or dataset, space), new:model:NS/NAME with @GROUP behind it for a place in a
// resource group, namespace:NAME, group:ORG/ID, self and hub. InvalidInput for anything else.
func ParseTarget(s string) (Target, error) {
	kind, rest, _ := strings.Cut(s, ":")
	switch kind {
	case "self":
		return Self(), nil
	case "hub":
		return Hub(), nil
	case "namespace":
		return Namespace(rest), nil
	case "group":
		org, id, _ := strings.Cut(rest, "/")
		return Group(org, hub.ID(id)), nil
	}
	isNew := kind == "new"
	if isNew {
		kind, rest, _ = strings.Cut(rest, ":")
	}
	rest, group, _ := strings.Cut(rest, "@")
	typ, err := hub.ParseRepoType(kind)
	if err != nil || kind == "" {
		return Target{}, hub.Errorf(hub.InvalidInput, "Unknown target %q: use model:NS/NAME, dataset:NS/NAME, space:NS/NAME, new:model:NS/NAME, namespace:NAME, group:ORG/ID, self or hub.", s)
	}
	id, err := hub.ParseRepoID(typ, rest)
	if err != nil {
		return Target{}, err
	}
	if isNew {
		return NewRepoIn(id, hub.ID(group)), nil
	}
	return Repo(id), nil
}

// String is the action and its target.
func (n Need) String() string { return n.Action.String() + " " + n.Target.String() }
