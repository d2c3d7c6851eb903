package access

import (
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Reason codes: stable, for clients, logs and tests. docs/access.md lists them with their sentences.
const (
	ReasonCredentialRequired = "credential.required"     // no credential was sent
	ReasonCredentialDead     = "credential.dead"         // of a kind that opens nothing
	ReasonTokenExpired       = "token.expired"           // its expiry has passed
	ReasonTokenRevoked       = "token.revoked"           // deleted or invalidated
	ReasonSuspended          = "subject.suspended"       // its owner is suspended
	ReasonRepoNotFound       = "repo.not_found"          // missing or hidden
	ReasonRepoDisabled       = "repo.disabled"           // switched off by an operator
	ReasonRepoExists         = "repo.exists"             // creation of what the caller can see
	ReasonNotAccepted        = "gate.not_accepted"       // the person has not been let in
	ReasonGatedNotEnabled    = "token.gated_not_enabled" // fine-grained token without gated reading
	ReasonReadOnly           = "token.read_only"         // a read token, and this changes something
	ReasonScopeMissing       = "token.scope_missing"     // fine-grained token without the permission here
	ReasonSessionRequired    = "token.session_required"  // tokens are not managed by tokens
	ReasonLacksRead          = "role.lacks_read"         // member who reads is needed
	ReasonLacksCreate        = "role.lacks_create"       // contributor or higher, or one's own namespace
	ReasonLacksWrite         = "role.lacks_write"        // write or admin, or a contributor's own repository
	ReasonLacksAdmin         = "role.lacks_admin"        // admin of the organization
	ReasonOperatorRequired   = "role.operator_required"  // administrator of this instance
	ReasonNoSuchNamespace    = "namespace.not_found"     // neither user nor organization
)

// denial is one need that was not met, with all that its explanation is made of.
type denial struct {
	need      Need
	state     State
	layers    Layers
	repo      hub.Repo      // zero when missing
	namespace hub.Namespace // for namespace targets; ID empty when missing
	conflict  *hub.Error    // the answer if this is the only thing in the way
}

// missingIn returns which bits of the action a layer holds back.
func (d *denial) missingIn(layer Bits) Bits { return d.need.Action.info().need &^ layer }

// hidden tells whether the target is a repository that this caller may not know about.
func (d *denial) hidden() bool {
	return d.need.Action.info().kind == repoTarget && d.layers.Allowed()&bitView == 0
}

// gated tells whether reading is refused although the repository is in sight: only a gate does that.
func (d *denial) gated() bool {
	return d.need.Action == RepoContentRead && d.layers.Allowed()&bitView != 0
}

// refuse turns what was denied into the error for this caller. A hidden target silences everything else, so
// that a request about two repositories says nothing about the one that the caller cannot see.
func refuse(s *Subject, ds []denial) *hub.Error {
	for i := range ds {
		if ds[i].hidden() {
			return repoNotFound(s)
		}
	}
	for i := range ds {
		switch d := &ds[i]; {
		case d.state.has(stateDisabled):
			return &hub.Error{Code: hub.Disabled, Reason: ReasonRepoDisabled, Message: hub.MessageDisabled}
		case d.gated():
			return gatedError(d)
		}
	}
	if s.IsAnonymous() {
		return &hub.Error{Code: hub.Unauthorized, Reason: ReasonCredentialRequired, Message: signInWords(&ds[0])}
	}
	if len(ds) == 1 && ds[0].conflict != nil {
		return ds[0].conflict
	}
	return &hub.Error{Code: hub.Forbidden, Reason: reasonOf(&ds[0]), Message: refusalWords(s, ds)}
}

// repoNotFound is the one answer for missing and hidden repositories. Its texts are those of the Hub, which
// clients' tests compare.
func repoNotFound(s *Subject) *hub.Error {
	e := &hub.Error{Code: hub.RepoNotFound, Reason: ReasonRepoNotFound, Message: "Repository not found"}
	if s.IsAnonymous() {
		e.Message = "Invalid username or password."
	}
	return e
}

func gatedError(d *denial) *hub.Error {
	e := &hub.Error{Code: hub.GatedRepo, Message: gatedWords(d)}
	switch {
	case d.state.relation() == nobody:
		e.Reason = ReasonCredentialRequired
	case d.missingIn(d.layers.Gate) != 0:
		e.Reason = ReasonNotAccepted
	default:
		e.Reason = ReasonGatedNotEnabled
	}
	return e
}

// reasonOf names the first layer in the way: the role before the token.
func reasonOf(d *denial) string {
	if d.missingIn(d.layers.Role) != 0 {
		return roleReason(d.need.Action)
	}
	switch d.state.kind() {
	case KindRead:
		if d.missingIn(tokenBits[KindWrite]) == 0 {
			return ReasonReadOnly
		}
	case KindFineGrained:
		if d.missingIn(tokenBits[KindWrite]) == 0 {
			return ReasonScopeMissing
		}
	case KindOperator:
		return ReasonCredentialRequired
	}
	return ReasonSessionRequired
}

func roleReason(a Action) string {
	switch a {
	case NamespaceListAll, OrgRead:
		return ReasonLacksRead
	case RepoCreate:
		return ReasonLacksCreate
	case RepoTransfer, OrgWrite:
		return ReasonLacksAdmin
	case InstanceAdmin:
		return ReasonOperatorRequired
	case WhoAmI, TokenManage, AccountManage:
		return ReasonCredentialRequired
	}
	return ReasonLacksWrite
}

// deadCredential tells nobody but the log why: the message is the constant that clients compare, and the
// reason is not for the wire.
func deadCredential(s *Subject, now time.Time) *hub.Error {
	e := &hub.Error{Code: hub.InvalidCredentials, Reason: ReasonCredentialDead, Message: hub.MessageInvalidCredentials}
	switch {
	case s.kind == KindNone:
	case s.revoked:
		e.Reason = ReasonTokenRevoked
	case s.suspended:
		e.Reason = ReasonSuspended
	case s.expires != 0 && now.UnixNano() >= s.expires:
		e.Reason = ReasonTokenExpired
	}
	return e
}

func noNamespace(name string) *hub.Error {
	return &hub.Error{
		Code: hub.NotFound, Reason: ReasonNoSuchNamespace,
		Message: "There is no user or organization called " + safeName(name) + ".",
	}
}

// alreadyExists is the answer to a creation whose name is taken by something that the caller can see.
func alreadyExists(id hub.RepoID) *hub.Error {
	return &hub.Error{
		Code: hub.Conflict, Reason: ReasonRepoExists, URL: id.WebPath(),
		Message: "A " + string(id.Type) + " repository called " + id.FullName() + " already exists.",
	}
}
