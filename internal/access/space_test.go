package access

import (
	"slices"
	"sync"
)

// The complete space: every combination of everything that the rules read, with one entity of each sort. A situation
// is a seat (who the person is there), a thing (what is asked about), what the person carries (the credential) and what
// the organization said. A slab crosses lists of these four.

// seat is how somebody stands to the namespace, to the resource group and before the gate.
type seat struct {
	relation string
	group    string // "" for things in none, "none" for things in one without the person, else the role there
	standing string // before the gate: none, pending, rejected, reset, over, accepted
}

// thing is what is asked about. What is no repository is private and otherwise at rest.
type thing struct {
	target                                                  string // repo, namespace, group, self, hub
	creator, private, gated, disabled, absent, membersGated bool
}

// carried is a credential.
type carried struct {
	kind       string // none, operator, session, ssh, read, write, service, fine-grained
	live       bool
	admin      bool     // of the instance
	namespace  []string // atoms of the namespace's entry, nil: no entry
	groupEntry []string // atoms of the resource group's entry, nil: no entry
	repo       []string // atoms of the repository's entry, nil: no entry
	readGated  bool
	discuss    bool // the global atom
}

// said is what an organization says.
type said struct {
	policy      string
	status      string // of the token there
	outside     bool   // of its networks
	noSSH       bool   // SSH keys are kept out
	privateOnly bool   // only admins make anything public
	creation    string // least role that creates resource groups
}

type situation struct {
	seat
	thing
	carried
	said
}

// slab is one box of the space: everything in it crossed with everything else, as far as it is possible.
type slab struct {
	seats  []seat
	things []thing
	with   []carried
	under  []said
}

var plainRules = said{policy: "allow_all", status: "none", creation: "admin"}

// slabs are the boxes that make up the space.
//
//   - all seats and things, each state of a credential once (what a fine-grained token says to a thing comes down to one
//     entry and two facts about the namespace's), under everything that an organization may say;
//   - the same with every combination of entries that leads to such a state, under each sort of rule once;
//   - things that are no repositories, for every set of an organization's atoms, under everything.
//
// What an organization says is about its members: everybody else has slabs under plain rules.
var slabs = sync.OnceValue(func() []*slab {
	var members, others []seat
	for _, s := range seats() {
		if lawMember(s.relation) {
			members = append(members, s)
		} else {
			others = append(others, s)
		}
	}
	var still []thing
	for _, th := range things() {
		if th.target != "repo" || th.absent {
			still = append(still, th)
		}
	}
	plain := []said{plainRules}
	return []*slab{
		{members, things(), slices.Concat(unscoped(), scoped(lean())), rules(false)},
		{others, things(), unscoped(), plain},
		{others, things(), scoped(lean()), plain},
		{members, things(), scoped(rich()), rules(true)},
		{others, things(), scoped(rich()), plain},
		{members, still, orgCredentials(), rules(false)},
		{others, still, orgCredentials(), plain},
	}
})

func seats() (all []seat) {
	for _, rel := range lawRelations {
		groups := []string{""}
		if rel != "owner" {
			groups = []string{"", "none"}
		}
		if lawMember(rel) {
			groups = append(groups, lawMembers...)
		}
		for _, group := range groups {
			all = append(all, seat{rel, group, "none"})
			if rel == "nobody" || rel == "owner" {
				continue
			}
			for _, st := range []string{"pending", "rejected", "reset", "over", "accepted"} {
				all = append(all, seat{rel, group, st})
			}
		}
	}
	return all
}

func things() (all []thing) {
	for f := range 1 << 5 {
		th := thing{target: "repo", creator: f&1 != 0, private: f&2 != 0, gated: f&4 != 0, disabled: f&8 != 0, membersGated: f&16 != 0}
		if th.gated || !th.membersGated {
			all = append(all, th)
		}
	}
	for _, target := range []string{"repo", "group"} {
		all = append(all, thing{target: target, private: true, absent: true})
	}
	for _, target := range []string{"namespace", "group", "self", "hub"} {
		all = append(all, thing{target: target, private: true})
	}
	return all
}

// entries yields no entry and then every subset of atoms.
func entries(atoms []string) (all [][]string) {
	all = append(all, nil)
	for set := range 1 << len(atoms) {
		entry := []string{}
		for i, a := range atoms {
			if set&(1<<i) != 0 {
				entry = append(entry, a)
			}
		}
		all = append(all, entry)
	}
	return all
}

var (
	repoAtoms  = []string{"repo.content.read", "repo.access.read", "repo.write", "discussion.write"}
	spaceAtoms = append([]string{"resourceGroup.write"}, repoAtoms...)
	orgAtoms   = append([]string{"org.read", "org.write", "org.serviceAccounts.read", "org.serviceAccounts.write",
		"org.networkSecurity.write", "resourceGroup.write"}, repoAtoms...)
)

// lean has each state of a fine-grained token once: the entry that speaks, and whether the namespace's carries
// repo.write and resourceGroup.write.
func lean() (all []carried) {
	for _, ns := range entries(spaceAtoms) {
		all = append(all, carried{namespace: ns})
	}
	for _, ns := range [][]string{nil, {"repo.write"}, {"resourceGroup.write"}, {"repo.write", "resourceGroup.write"}} {
		for _, narrow := range entries(repoAtoms)[1:] {
			all = append(all, carried{namespace: ns, groupEntry: narrow}, carried{namespace: ns, repo: narrow})
		}
	}
	return all
}

// rich has entries beside the one that speaks, which must not matter.
func rich() (all []carried) {
	for _, ns := range entries(spaceAtoms) {
		all = append(all, carried{namespace: ns})
	}
	for _, ns := range [][]string{nil, {}, {"repo.write"}, {"resourceGroup.write"}, {"repo.write", "resourceGroup.write"}, spaceAtoms} {
		for _, narrow := range entries(repoAtoms)[1:] {
			all = append(all, carried{namespace: ns, groupEntry: narrow}, carried{namespace: ns, repo: narrow},
				carried{namespace: ns, repo: narrow, groupEntry: repoAtoms}, carried{namespace: ns, repo: narrow, groupEntry: []string{}})
		}
	}
	return all
}

// unscoped is every credential that lists nothing.
func unscoped() (all []carried) {
	all = append(all, carried{kind: "none", live: true}, carried{kind: "operator", live: true, admin: true})
	for _, kind := range []string{"session", "ssh", "read", "write"} {
		all = append(all, carried{kind: kind, live: true}, carried{kind: kind, live: true, admin: true}, carried{kind: kind})
	}
	return append(all, carried{kind: "fine-grained"}, carried{kind: "service"})
}

// scoped is every fine-grained credential with the given entries.
func scoped(scopes []carried) (all []carried) {
	for _, c := range scopes {
		c.live = true
		for f := range 4 {
			c.kind, c.readGated, c.discuss = "fine-grained", f&1 != 0, f&2 != 0
			all = append(all, c)
		}
		c.kind, c.readGated, c.discuss = "service", false, false
		all = append(all, c)
	}
	return all
}

// orgCredentials is every fine-grained entry for an organization, all its atoms counted.
func orgCredentials() (all []carried) {
	for _, kind := range []string{"fine-grained", "service"} {
		for _, ns := range entries(orgAtoms) {
			all = append(all, carried{kind: kind, live: true, namespace: ns})
		}
	}
	return all
}

// rules is what an organization may say; with few, one of each reason and each setting.
func rules(few bool) (all []said) {
	creations := []string{"admin", "write", "contributor", "read"}
	if !few {
		for _, policy := range []string{"allow_all", "fine_grained_only", "require_approval"} {
			for _, status := range []string{"none", "pending", "approved", "denied", "revoked"} {
				for f := range 32 {
					all = append(all, said{policy, status, f&1 != 0, f&2 != 0, f&4 != 0, creations[f>>3]})
				}
			}
		}
		return all
	}
	all = append(all,
		said{policy: "allow_all", status: "revoked"}, said{policy: "allow_all", status: "none", outside: true},
		said{policy: "require_approval", status: "pending", noSSH: true}, said{policy: "fine_grained_only", status: "none"},
		said{policy: "require_approval", status: "approved"}, said{policy: "allow_all", status: "none", privateOnly: true})
	for i := range all {
		all[i].creation = "admin"
	}
	for _, creation := range creations {
		all = append(all, said{policy: "allow_all", status: "none", creation: creation})
	}
	return all
}

// possible leaves out who cannot be.
func possible(at *seat, c *carried) bool {
	switch {
	case (c.kind == "none") != (at.relation == "nobody"),
		c.kind == "operator" && (at.relation != "outsider" || at.standing != "none"),
		c.kind == "service" && (at.relation != "outsider" && at.relation != "admin" || at.group != "" && at.group != "none"),
		c.kind == "service" && at.standing != "none" && at.standing != "accepted",
		c.groupEntry != nil && at.group == "":
		return false
	}
	return true
}

// fits tells whether a thing can be for who sits there with that, and says anything new: what is no repository is
// asked about once.
func fits(at *seat, th *thing, c *carried) bool {
	switch {
	case th.creator && (at.relation == "nobody" || c.kind == "operator" || c.kind == "service"),
		at.standing != "none" && !th.gated:
		return false
	}
	switch th.target {
	case "repo":
		return !th.absent || at.group == "" && c.repo == nil && c.groupEntry == nil
	case "namespace":
		return c.repo == nil
	case "group":
		return c.repo == nil && at.group != "" && (!th.absent || at.group == "none")
	}
	return c.repo == nil && at.group == ""
}

// asks tells whether the action makes sense: in a resource group there are places for repositories, and nothing
// else of a namespace is.
func (s *situation) asks(action string) bool {
	return s.target != "namespace" || s.group == "" || action == "repo.create" || action == "repo.create_public"
}

// sitting is somebody with a credential under rules: what a subject is made of.
type sitting struct{ seat, with, under int }

// sittings calls yield with one in every of the possible ones of a slab, those of one of several workers. Of a small slab
// it takes more.
func (b *slab) sittings(every, worker, workers int, yield func(sitting) bool) {
	n := len(b.seats) * len(b.with) * len(b.under)
	every = max(1, min(every, n/211))
	for i := every/2 + worker*every; i < n; i += every * workers {
		s := sitting{i % len(b.seats), i / len(b.seats) % len(b.with), i / len(b.seats) / len(b.with)}
		if possible(&b.seats[s.seat], &b.with[s.with]) && !yield(s) {
			return
		}
	}
}

// fitting lists by number the things that fit, for each seat and for each shape of credential.
func (b *slab) fitting() [][numShapes][]int {
	all := make([][numShapes][]int, len(b.seats))
	shapes := map[int]*carried{}
	for i := range b.with {
		shapes[b.with[i].shape()] = &b.with[i]
	}
	for i := range b.seats {
		for shape, c := range shapes {
			for j := range b.things {
				if fits(&b.seats[i], &b.things[j], c) {
					all[i][shape] = append(all[i][shape], j)
				}
			}
		}
	}
	return all
}

const numShapes = 8

// shape is what fits reads of a credential.
func (c *carried) shape() (n int) {
	if c.kind == "operator" || c.kind == "service" {
		n |= 1
	}
	if c.repo != nil {
		n |= 2
	}
	if c.groupEntry != nil {
		n |= 4
	}
	return n
}

// actionsOf lists the actions that are asked of a target, by the table of the law.
func (l *law) actionsOf(s *situation) (all []Action) {
	for a := NoAction + 1; a < numActions; a++ {
		if l.targetOf(a.String()) == s.target && s.asks(a.String()) {
			all = append(all, a)
		}
	}
	return slices.Clip(all)
}
