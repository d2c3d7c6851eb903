package access

import "github.com/ambit-hub/ambit/internal/hub"

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

// denial is one need that was not met, with all that its explanation is made of: repo is zero when it is
// missing, and namespace has no id when it is.
type denial struct {
	*given
	state    State
	layers   Layers
	conflict *hub.Error // the answer if this is the only thing in the way
}

// missingIn returns which bits of the action a layer holds back.
func (d *denial) missingIn(layer Bits) Bits { return d.need.Action.info().need &^ layer }

// verdict is what a denial comes to for the caller.
type verdict uint8

// The verdicts, the ones that silence the others first.
const (
	verdictHidden    verdict = iota // a repository that this caller may not know about
	verdictDisabled                 // in sight, and disabled
	verdictGated                    // in sight, and its files are behind a gate or the token may not read gated files
	verdictSignIn                   // nobody is signed in
	verdictForbidden                // known to the caller, and not permitted
)

func (d *denial) verdict() verdict {
	inSight := d.layers.Allowed()&bitView != 0
	switch {
	case d.need.Action.info().kind == repoTarget && !inSight:
		return verdictHidden
	case d.state.has(stateDisabled):
		return verdictDisabled
	case d.need.Action == RepoContentRead:
		return verdictGated
	case d.state.relation() == nobody:
		return verdictSignIn
	}
	return verdictForbidden
}

// refuse turns what was denied into the error for this caller. A hidden target silences everything else, so
// that a request about two repositories says nothing about the one that the caller cannot see.
func refuse(s *Subject, ds []denial) *hub.Error {
	worst := &ds[0]
	for i := range ds {
		if ds[i].verdict() < worst.verdict() {
			worst = &ds[i]
		}
	}
	switch worst.verdict() {
	case verdictHidden:
		return repoNotFound(s)
	case verdictDisabled:
		return &hub.Error{Code: hub.Disabled, Reason: ReasonRepoDisabled, Message: hub.MessageDisabled}
	case verdictGated:
		return &hub.Error{Code: hub.GatedRepo, Reason: worst.reason(), Message: gatedWords(worst)}
	case verdictSignIn:
		return &hub.Error{Code: hub.Unauthorized, Reason: worst.reason(), Message: signInWords(worst)}
	}
	if len(ds) == 1 && worst.conflict != nil {
		return worst.conflict
	}
	return &hub.Error{Code: hub.Forbidden, Reason: worst.reason(), Message: refusalWords(s, ds)}
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

// reason names the first layer in the way: the gate before the role, the role before the token.
func (d *denial) reason() string {
	switch {
	case d.state.relation() == nobody:
		return ReasonCredentialRequired
	case d.need.Action == RepoContentRead && d.missingIn(d.layers.Gate) != 0:
		return ReasonNotAccepted
	case d.need.Action == RepoContentRead:
		return ReasonGatedNotEnabled
	case d.missingIn(d.layers.Role) != 0:
		return roleReason(d.need.Action)
	case d.missingIn(tokenBits[KindWrite]) != 0: // no token of any kind could do it
		return ReasonSessionRequired
	case d.state.kind() == KindFineGrained:
		return ReasonScopeMissing
	case d.state.kind() == KindOperator:
		return ReasonSessionRequired
	}
	return ReasonReadOnly
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
func deadCredential(s *Subject) *hub.Error {
	e := &hub.Error{Code: hub.InvalidCredentials, Reason: ReasonTokenExpired, Message: hub.MessageInvalidCredentials}
	switch t := s.facts.Token; {
	case s.kind == KindNone:
		e.Reason = ReasonCredentialDead
	case t != nil && !t.RevokedAt.IsZero():
		e.Reason = ReasonTokenRevoked
	case s.facts.User.Suspended:
		e.Reason = ReasonSuspended
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
