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

	ReasonTokenRevokedHere   = "policy.revoked"             // by an admin of the organization
	ReasonOutsideNetwork     = "subject.ip_not_allowed"     // not from the organization's networks
	ReasonNoSSH              = "policy.no_ssh"              // the organization keeps SSH keys out
	ReasonFineGrainedOnly    = "policy.fine_grained_only"   // and this token is unscoped
	ReasonApprovalPending    = "policy.approval_pending"    // nobody has approved the token yet
	ReasonApprovalDenied     = "policy.approval_denied"     // told like pending
	ReasonApprovalMissing    = "policy.approval_missing"    // the token has no permission there that anybody could approve
	ReasonPrivateOnly        = "policy.private_only"        // only admins make anything public
	ReasonGatePending        = "gate.pending"               // asked, nobody decided
	ReasonGateRejected       = "gate.rejected"              // by the owner
	ReasonGateReset          = "gate.reset"                 // may ask again
	ReasonGateOver           = "gate.expired"               // was let in until a date that has passed
	ReasonGroupMember        = "role.group_member_required" // the repository's resource group has roles of its own
	ReasonLacksGroupAdmin    = "role.lacks_group_admin"     // admin of the resource group or of the organization
	ReasonLacksGroupCreation = "role.lacks_group_creation"  // below what the organization asks of those who create groups
	ReasonNoSuchGroup        = "group.not_found"            // missing, or none of the caller's
	ReasonNoPerson           = "service.no_person"          // service accounts do not discuss or ask for access
	ReasonSSHIsGit           = "ssh.git_only"               // an SSH key is for git
)

// denial is one need that was not met, with all that its explanation is made of: repo is zero when it is
// missing, and namespace has no id when it is.
type denial struct {
	*given
	state    State
	layers   Layers
	space    tail       // the namespace that decided, also for what is not there
	conflict *hub.Error // the answer if this is the only thing in the way
}

// missingIn returns which bits of the action a layer holds back.
func (d *denial) missingIn(layer Bits) Bits { return d.need.Action.info().need &^ layer }

// verdict is what a denial comes to for the caller.
type verdict uint8

// The verdicts, the ones that silence the others first.
const (
	verdictHidden    verdict = iota // a repository that this caller may not know about
	verdictPolicy                   // an organization that does not take this credential of its member
	verdictNoGroup                  // a resource group that this caller is not in
	verdictDisabled                 // in sight, and disabled
	verdictGated                    // in sight, and its files are behind a gate or the token may not read gated files
	verdictSignIn                   // nobody is signed in
	verdictForbidden                // known to the caller, and not permitted
)

func (d *denial) inSight() bool { return d.layers.Allowed()&bitView != 0 }

func (d *denial) verdict() verdict {
	kind := d.need.Action.info().kind
	switch {
	case d.restricted():
		return verdictPolicy
	case kind == repoTarget && !d.inSight():
		return verdictHidden
	case d.state.relation() != nobody && kind == groupTarget && d.layers.Role&bitGroupRead == 0:
		return verdictNoGroup
	case d.state.has(stateDisabled):
		return verdictDisabled
	case d.need.Action == RepoContentRead:
		return verdictGated
	case d.state.relation() == nobody:
		return verdictSignIn
	}
	return verdictForbidden
}

// restricted tells whether the organization does not take the credential for this.
func (d *denial) restricted() bool {
	return d.missingIn(d.layers.Policy) != 0 && d.state.restricted() != unrestricted
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
	case verdictPolicy:
		e := &hub.Error{Code: hub.Forbidden, Reason: worst.reason(), Message: policyWords(s, worst)}
		if worst.need.Action.info().kind != repoTarget || worst.inSight() {
			e.Message = refusalWords(s, ds)
		}
		return e
	case verdictNoGroup:
		return noGroup()
	case verdictDisabled:
		return &hub.Error{Code: hub.Disabled, Reason: ReasonRepoDisabled, Message: hub.MessageDisabled}
	case verdictGated:
		return &hub.Error{Code: hub.GatedRepo, Reason: worst.reason(), Message: gatedWords(s, worst)}
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
	case d.restricted():
		return d.policyReason()
	case d.missingIn(d.layers.Gate) != 0: // files: what is disabled has given its reason before
		return gateReason(d.state.standing())
	case d.need.Action == RepoContentRead:
		return ReasonGatedNotEnabled
	case d.missingIn(d.layers.Role) != 0:
		return d.roleReason()
	case d.missingIn(d.layers.Policy) != 0:
		return ReasonPrivateOnly
	case d.state.kind() == KindSSH:
		return ReasonSSHIsGit
	case d.state.kind() == KindService && d.need.Action.info().need&serviceNever != 0:
		return ReasonNoPerson
	case d.missingIn(tokenBits[KindWrite]) != 0: // no token of any kind could do it
		return ReasonSessionRequired
	case d.state.kind() >= KindFineGrained:
		return ReasonScopeMissing
	case d.state.kind() == KindOperator:
		return ReasonSessionRequired
	}
	return ReasonReadOnly
}

func (d *denial) policyReason() string {
	switch d.state.restricted() {
	case restrictRevoked:
		return ReasonTokenRevokedHere
	case restrictNetwork:
		return ReasonOutsideNetwork
	case restrictSSH:
		return ReasonNoSSH
	case restrictKind:
		return ReasonFineGrainedOnly
	}
	switch d.state.tokenState() {
	case tokenPending:
		return ReasonApprovalPending
	case tokenDenied:
		return ReasonApprovalDenied
	}
	return ReasonApprovalMissing
}

func gateReason(st standing) string {
	switch st {
	case standPending:
		return ReasonGatePending
	case standRejected:
		return ReasonGateRejected
	case standReset:
		return ReasonGateReset
	case standOver:
		return ReasonGateOver
	}
	return ReasonNotAccepted
}

func (d *denial) roleReason() string {
	reason := roleReason(d.need.Action)
	if d.needsGroup() && (reason == ReasonLacksWrite || reason == ReasonLacksCreate) {
		return ReasonGroupMember
	}
	return reason
}

// needsGroup tells whether the resource group's roles, and not the organization's, are what the member lacks.
func (d *denial) needsGroup() bool {
	return d.state.has(stateGrouped) && d.state.isMember() && d.state.relation() != memberAdmin
}

func roleReason(a Action) string {
	switch a {
	case NamespaceListAll, OrgRead, RepoView, RepoContentRead, RepoPreupload, RepoAccessRequest, DiscussionWrite:
		return ReasonLacksRead
	case RepoCreate, RepoCreatePublic:
		return ReasonLacksCreate
	case RepoTransfer, RepoAssignGroup, OrgWrite, OrgTokens, OrgAudit, OrgNetwork, OrgDelete, ServiceAccountsRead,
		ServiceAccountsWrite, GroupDelete:
		return ReasonLacksAdmin
	case GroupCreate:
		return ReasonLacksGroupCreation
	case GroupManage, GroupSettings:
		return ReasonLacksGroupAdmin
	case InstanceAdmin:
		return ReasonOperatorRequired
	}
	return ReasonLacksWrite
}

func noGroup() *hub.Error {
	return &hub.Error{Code: hub.NotFound, Reason: ReasonNoSuchGroup, Message: "There is no such resource group in this organization."}
}

// deadCredential tells nobody but the log why: the message is the constant that clients compare, and the
// reason is not for the wire.
func deadCredential(s *Subject) *hub.Error {
	e := &hub.Error{Code: hub.InvalidCredentials, Reason: ReasonTokenExpired, Message: hub.MessageInvalidCredentials}
	switch {
	case s.Kind() == KindNone:
		e.Reason = ReasonCredentialDead
	case s.flags&revoked != 0:
		e.Reason = ReasonTokenRevoked
	case s.Suspended():
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
