package access

import "github.com/ambit-hub/ambit/internal/hub"

// Change is one thing that would have to be different for a refused action to be allowed.
type Change struct {
	Layer string `json:"layer"`
	What  string `json:"what"`  // a sentence
	Where string `json:"where"` // where it is changed: a route of the API, or a command
	edit  func(State) State
}

// changes returns the fewest changes that allow the action, one for each that is in the way: carrying out all of them
// allows it, and no smaller part of them does. It is nil when nothing helps, as with the personal namespace of
// somebody else.
func (d *denial) changes(s *Subject) []Change {
	st := d.state
	var all []Change
	for range 8 { // at most one change for each reason, and there are no more reasons than that
		l := decide(st)
		if d.need.Action.allowedBy(l.Allowed()) {
			return d.fitting(s, d.fewest(all))
		}
		now := *d
		now.state, now.layers = st, l
		c, ok := now.change(s)
		if !ok {
			return nil
		}
		all = append(all, c)
		st = c.edit(st)
	}
	return nil
}

// fewest leaves out what another change has made needless, such as an invitation through a gate for somebody who
// becomes an admin.
func (d *denial) fewest(all []Change) []Change {
	for i := len(all) - 1; i >= 0; i-- {
		rest := append(append([]Change(nil), all[:i]...), all[i+1:]...)
		if d.need.Action.allowedBy(allowed(applyChanges(d.state, rest))) {
			all = rest
		}
	}
	return all
}

// fitting lets what a token lacks be given to the new one, where the organization does not take the one at hand for good.
func (d *denial) fitting(s *Subject, all []Change) []Change {
	if r := d.state.restricted(); r != restrictKind && (r != restrictRevoked || d.state.kind() != KindFineGrained) {
		return all
	}
	for i := range all {
		if all[i].Layer == "token" {
			all[i].What, all[i].Where = d.layerWords(s, "token"), d.onNewToken()
		}
	}
	return all
}

func applyChanges(st State, changes []Change) State {
	for _, c := range changes {
		st = c.edit(st)
	}
	return st
}

// change is what helps against the first layer that is in the way.
func (d *denial) change(s *Subject) (Change, bool) {
	if d.missingIn(d.layers.Subject) != 0 {
		return Change{"credential", deadWords(s) + " A live credential is needed.", "POST /api/settings/tokens, ambit token create, or ambit admin user resume",
			func(st State) State { return st | stateLive }}, d.state.kind() != KindNone
	}
	if kind := d.need.Action.info().kind; d.state.has(stateAbsent) && kind != hubTarget && kind != selfTarget {
		return Change{}, false
	}
	switch {
	case d.missingIn(d.layers.Role) != 0:
		return d.roleChange(s)
	case d.restricted():
		return d.policyChange(s), true
	case d.missingIn(d.layers.Policy) != 0:
		return Change{"policy", d.privateOnlyWords(), d.orgPlace("settings/access"), func(st State) State { return st &^ statePrivateOnly }}, true
	case d.missingIn(d.layers.Gate) != 0:
		return d.gateChange(), true
	}
	return d.tokenChange(s)
}

// gateChange enables the repository or, if it is not disabled, lets the person in.
func (d *denial) gateChange() Change {
	if d.state.has(stateDisabled) {
		return Change{"gate", "The repository is disabled: the operator of the hub can enable it.", "the operator of the hub",
			func(st State) State { return st &^ stateDisabled }}
	}
	return Change{"gate", standingWords(d) + " Its authors let people in.", "POST " + d.repo.APIPath() + "/user-access-request/grant",
		func(st State) State { return field(st, standingShift, standingMask, State(standAccepted)) }}
}

// field replaces one field of a state.
func field(s State, shift, mask int, value State) State {
	return s&^(State(mask)<<shift) | value<<shift
}

func (d *denial) privateOnlyWords() string {
	return d.namespaceWord() + " keeps its repositories private: only its admins may make one public."
}

// policyChange lifts the first restriction.
func (d *denial) policyChange(s *Subject) Change {
	c := Change{Layer: "policy", What: policyWords(s, d), Where: d.policyWhere(s.orgName(d.space))}
	switch d.state.restricted() {
	case restrictNetwork:
		c.edit = func(st State) State { return st &^ stateOutsideNetwork }
	case restrictSSH:
		c.edit = func(st State) State { return st &^ stateNoSSH }
	case restrictKind:
		c.edit = func(st State) State { return field(st, policyShift, policyMask, State(policyAllowAll)) }
	default: // a revoked one cannot be approved, and stands here for the new one
		c.edit = func(st State) State { return field(st, verdictedShift, verdictedMask, State(tokenApproved)) }
	}
	return c
}

// roleChange finds the lowest role that gives what the person lacks.
func (d *denial) roleChange(s *Subject) (Change, bool) {
	need := d.need.Action.info().need
	enough := func(st State) bool { return decide(st).Role&need == need }
	kind := d.need.Action.info().kind
	switch rel := d.state.relation(); {
	case rel == nobody:
		signedIn := func(st State) State {
			return field(field(st, relationShift, relationMask, State(outsider)), kindShift, kindMask, State(KindSession))
		}
		return Change{"credential", "Somebody has to be signed in.", "an access token, or the browser", signedIn}, true
	case kind == hubTarget:
		return Change{"role", "An administrator of this hub is needed.", "ambit admin user edit", func(st State) State { return st | stateInstanceAdmin }}, true
	case !d.ofOrg():
		return Change{}, false
	}
	if d.needsGroup() {
		for g := groupNoAccess; g <= groupAdmin; g++ {
			edit := func(st State) State { return field(st, groupShift, groupMask, State(g)) }
			if enough(edit(d.state)) {
				return Change{"role", "The role " + hub.Role(g).String() + " in the resource group is needed.", d.groupWhere(s), edit}, true
			}
		}
	}
	become := func(rel relation) func(State) State {
		return func(st State) State { return field(st, relationShift, relationMask, State(rel)) }
	}
	rel := memberNoAccess // what is below the role that there is gives no more than that one
	for rel < memberAdmin && !enough(become(rel)(d.state)) {
		rel++
	}
	role := roleOf(rel).String()
	return Change{"role", "The role " + role + " in " + d.namespaceWord() + " is needed.", d.roleWhere(s, role), become(rel)}, true
}

// ofOrg tells whether the target belongs to an organization, so that there are roles to give.
func (d *denial) ofOrg() bool {
	return d.repo.OwnerIsOrg || d.namespace.Kind == hub.OrgNamespace
}

// tokenChange gives the credential what it lacks: to a fine-grained token permissions, else a stronger credential.
func (d *denial) tokenChange(s *Subject) (Change, bool) {
	c := Change{Layer: "token", What: d.layerWords(s, "token")}
	need := d.need.Action.info().need
	stronger := func(k Kind) func(State) State {
		return func(st State) State {
			return field(st, kindShift, kindMask, State(k))
		}
	}
	switch k := d.state.kind(); {
	case k == KindOperator:
		return Change{}, false
	case need&^tokenBits[KindWrite] != 0:
		c.Where, c.edit = "a browser session", stronger(KindSession)
	case k < KindFineGrained:
		c.Where, c.edit = "POST /api/settings/tokens, or ambit token create --kind write", stronger(KindWrite)
	case d.need.Action == RepoContentRead && !d.state.has(statePrivate) && d.state.level() != levelRepo && k == KindFineGrained: // a gated one
		c.Where, c.edit = "PATCH /api/settings/tokens/{id} with canReadGatedRepos, or ambit token edit {id} --gated", func(st State) State { return st | stateReadGated }
	default:
		c.Where = d.scopeWhere()
		if d.unseen() && entryBits[atomOf(atomFor(d.need.Action))]&bitView == 0 {
			c.What += " It lacks " + string(hub.PermRepoContentRead) + " as well."
		}
		c.edit = func(st State) State { return d.withAtoms(st) }
	}
	return c, d.missingIn(decide(c.edit(d.state)).Token) == 0
}

// withAtoms adds what the action asks for to the entry that speaks, or to one that is made, and to the namespace's what
// some actions ask of that one too: to the others it makes no difference.
func (d *denial) withAtoms(st State) State {
	at := atomOf(atomFor(d.need.Action))
	if d.unseen() {
		at |= atomContentRead
	}
	return st | State(at)<<atomShift | stateNamespaceWrite | stateNamespaceGroups
}

// unseen tells whether the token does not even carry the sight of the repository.
func (d *denial) unseen() bool {
	return d.need.Action.info().need&bitView != 0 && d.layers.Token&bitView == 0
}
