package access

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Trace is a decision with everything that led to it. It tells what is hidden from the subject too: whom it is shown
// to is for the caller to decide (package explain).
type Trace struct {
	Action  Action
	Target  Target
	Allowed bool
	Told    error        // what the subject is told: nil when allowed, a *Moved, or a *hub.Error
	Exists  bool         // the target is there
	InSight bool         // the subject may know that it is
	Org     hub.ID       // organization that owns the target or the place for it, empty if none
	Layers  []LayerTrace // all of them, in the order in which they are asked
	Changes []Change     // the fewest changes that allow it, one of several such sets; nil when allowed or when none does
	First   Change       // what the organization asks of its members' credentials, whatever is there; zero: nothing
}

// LayerTrace is the verdict of one layer.
type LayerTrace struct {
	Layer  string `json:"layer"` // credential, policy, role, gate, token
	Allows bool   `json:"allows"`
	Says   string `json:"says"`
}

// Trace decides a need and keeps what led to it. Errors are failures of the source and unknown namespaces.
func (a *Authorizer) Trace(ctx context.Context, s *Subject, n Need) (Trace, error) {
	now := a.now()
	t := Trace{Action: n.Action, Target: n.Target}
	_, t.Told = a.Authorize(ctx, s, n)
	t.Allowed = t.Told == nil
	gv := given{need: n}
	if !n.Action.takes(n.Target.kind) {
		return t, hub.Errorf(hub.InvalidInput, "The action %s cannot be asked of that.", n.Action)
	}
	o, _, err := a.object(ctx, s, &gv, now)
	if err != nil {
		return t, err
	}
	st := abstract(s, &o, now)
	d := denial{given: &gv, state: st, layers: decide(st), space: o.namespace}
	d.traceInto(&t, s)
	return t, nil
}

// TraceRepo is Trace with r as what the target names: for a repository that is not there yet, or not like that. The
// target must be a repository; its action one of repositories. It asks no source.
func (a *Authorizer) TraceRepo(s *Subject, n Need, r hub.Repo) (Trace, error) {
	now := a.now()
	t := Trace{Action: n.Action, Target: n.Target}
	if !n.Target.IsRepo() || !n.Action.takes(n.Target.kind) {
		return t, hub.Errorf(hub.InvalidInput, "The action %s cannot be asked of that.", n.Action)
	}
	gv := given{need: n, repo: &r}
	o := objectOf(&r)
	st := abstract(s, &o, now)
	d := denial{given: &gv, state: st, layers: decide(st), space: o.namespace}
	if t.Allowed = n.Action.allowedBy(d.layers.Allowed()); !t.Allowed {
		if t.Told = s.Check(now); t.Told == nil {
			t.Told = noteAsked(refuse(s, []denial{d}), []Need{n})
		}
	}
	d.traceInto(&t, s)
	return t, nil
}

// traceInto fills in what does not depend on how the target was found.
func (d *denial) traceInto(t *Trace, s *Subject) {
	a := d.need.Action
	t.Exists = !d.state.has(stateAbsent)
	t.InSight = d.layers.Allowed()&bitView != 0 || a.info().kind != repoTarget && d.verdict() != verdictNoGroup
	switch {
	case d.repo.OwnerIsOrg:
		t.Org = d.repo.NamespaceID
	case d.namespace.Kind == hub.OrgNamespace:
		t.Org = d.namespace.ID
	}
	t.Layers = d.layerTraces(s)
	if d.restricted() && d.missingIn(d.layers.Subject) == 0 {
		c := d.policyChange(s)
		t.First = Change{Layer: c.Layer, What: c.What, Where: c.Where}
	}
	if !a.allowedBy(d.layers.Allowed()) {
		t.Changes = d.changes(s)
	}
}

// layerTraces asks every layer.
func (d *denial) layerTraces(s *Subject) []LayerTrace {
	all := []LayerTrace{
		{"credential", d.missingIn(d.layers.Subject) == 0, ""},
		{"policy", d.missingIn(d.layers.Policy) == 0, ""},
		{"role", d.missingIn(d.layers.Role) == 0, ""},
		{"gate", d.missingIn(d.layers.Gate) == 0, ""},
		{"token", d.missingIn(d.layers.Token) == 0, ""},
	}
	for i := range all {
		all[i].Says = "ok"
		if all[i].Allows && all[i].Layer != "role" {
			continue
		}
		if w := d.layerWords(s, all[i].Layer); w != "" {
			all[i].Says = w
		}
	}
	return all
}

// layerWords is what a layer says; the sentences are those of refusals.
func (d *denial) layerWords(s *Subject, layer string) string {
	switch layer {
	case "credential":
		return deadWords(s)
	case "policy":
		if d.restricted() {
			return policyWords(s, d)
		}
		return d.privateOnlyWords()
	case "role":
		return roleWords(s, d)
	case "gate":
		if d.state.has(stateDisabled) {
			return "The repository is disabled."
		}
		return standingWords(d)
	}
	if d.need.Action == RepoContentRead && !d.state.has(statePrivate) { // of what is public all else is read with any
		return "The token may not read gated repositories."
	}
	return tokenWords(s, []denial{*d})
}

// deadWords says to those who may know why a credential is no longer good.
func deadWords(s *Subject) string {
	switch deadCredential(s).Reason {
	case ReasonTokenRevoked:
		return "The token was deleted or invalidated."
	case ReasonSuspended:
		return "The account is suspended."
	case ReasonCredentialDead:
		return "The credential is of a kind that opens nothing."
	}
	return "The token has expired."
}
