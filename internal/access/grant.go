package access

import "github.com/ambit-hub/ambit/internal/hub"

// Grant is a yes. Only Authorizer makes one; the zero Grant opens nothing. It is a value, safe to copy and
// to use concurrently.
type Grant struct {
	subject *Subject
	given   []given
}

// given is one need that was met, with the target as it was found.
type given struct {
	need      Need
	bits      Bits      // everything allowed on that target
	repo      *hub.Repo // never nil; without an id when the target is none that exists. It is shared: nobody changes it
	namespace hub.Namespace
	group     *hub.ResourceGroup // nil when the target is in none
}

// notGranted is what a service gets when it asks a grant for something it does not hold: a fault of ours.
func notGranted(a Action) error {
	return hub.Errorf(hub.Internal, "no grant for %s", a)
}

func (g Grant) find(a Action) *given {
	for i := range g.given {
		if g.given[i].need.Action == a {
			return &g.given[i]
		}
	}
	return nil
}

// Subject returns who was granted; nil for the zero Grant.
func (g Grant) Subject() *Subject { return g.subject }

// Repo returns the repository on which a was granted. The error is Internal when it was not.
func (g Grant) Repo(a Action) (hub.Repo, error) {
	gv := g.find(a)
	if gv == nil || gv.repo.ID == "" {
		return hub.Repo{}, notGranted(a)
	}
	return *gv.repo, nil
}

// Namespace returns the user or organization on which a was granted. The error is Internal when it was not.
func (g Grant) Namespace(a Action) (hub.Namespace, error) {
	gv := g.find(a)
	if gv == nil || gv.namespace.ID == "" {
		return hub.Namespace{}, notGranted(a)
	}
	return gv.namespace, nil
}

// Group returns the resource group on which a was granted. The error is Internal when it was not.
func (g Grant) Group(a Action) (hub.ResourceGroup, error) {
	gv := g.find(a)
	if gv == nil || gv.group == nil {
		return hub.ResourceGroup{}, notGranted(a)
	}
	return *gv.group, nil
}

// NewRepo returns the id of the repository that may be created, with the namespace spelled as it is stored,
// and that namespace. The error is Internal when neither RepoCreate nor RepoCreatePublic was granted on NewRepo.
func (g Grant) NewRepo() (hub.RepoID, hub.Namespace, error) {
	gv := g.find(RepoCreate)
	if gv == nil {
		gv = g.find(RepoCreatePublic)
	}
	if gv == nil || gv.need.Target.kind != newRepoTarget || gv.namespace.ID == "" {
		return hub.RepoID{}, hub.Namespace{}, notGranted(RepoCreate)
	}
	id := gv.need.Target.repo
	id.Namespace = gv.namespace.Name
	return id, gv.namespace, nil
}

// Has returns an Internal error unless a was granted: for actions whose target is the caller or the hub.
func (g Grant) Has(a Action) error {
	if g.find(a) == nil {
		return notGranted(a)
	}
	return nil
}

// Allows tells whether a would be allowed too on the first target of the grant, for masking parts of an
// answer. It grants nothing.
func (g Grant) Allows(a Action) bool {
	if len(g.given) == 0 || !a.takes(g.given[0].need.Target.kind) {
		return false
	}
	return a.allowedBy(g.given[0].bits)
}

// AllowsNew tells whether a would be allowed too on the repository that may be created: a repository that moves comes with
// its visibility. It grants nothing.
func (g Grant) AllowsNew(a Action) bool {
	gv := g.find(RepoCreate)
	if gv == nil {
		gv = g.find(RepoCreatePublic)
	}
	return gv != nil && a.takes(gv.need.Target.kind) && a.allowedBy(gv.bits)
}

// AllowsOrg tells whether the caller, with this credential, may do a on the organization with the given id:
// for masking organizations in whoami. It grants nothing.
func (g Grant) AllowsOrg(id hub.ID, a Action) bool {
	if len(g.given) == 0 || id == "" || !a.takes(namespaceTarget) {
		return false
	}
	o := objectOfNamespace(id)
	return a.allowedBy(allowed(abstract(g.subject, &o, noTime) | stateLive))
}
