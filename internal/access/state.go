package access

// State packs every attribute that the rules read into one integer. Its zero value is a dead credential.
//
//	bits  0-3   kind of the credential
//	bit   4     live: not expired, not revoked, owner not suspended
//	bit   5     instance administrator
//	bits  6-8   relation of the person to the namespace
//	bit   9     the person created the repository
//	bit  10     the repository is private
//	bit  11     the repository is gated
//	bit  12     the repository is disabled
//	bit  13     there is no such repository
//	bit  14     the repository is in a resource group
//	bits 15-17  the person's role in that group, zero in none
//	bit  18     members of the organization need to be let in as well
//	bits 19-21  where the person stands before the gate
//	bits 22-23  which entry of a fine-grained token speaks for the target
//	bits 24-33  the atoms of that entry
//	bit  34     the entry for the namespace carries repo.write
//	bit  35     the entry for the namespace carries resourceGroup.write
//	bit  36     the token may read public gated repositories
//	bit  37     the token carries the global discussion.write
//	bits 38-39  token policy of the organization
//	bits 40-42  what the organization decided about the token
//	bit  43     the request comes from outside the organization's networks
//	bit  44     the organization keeps SSH keys out
//	bit  45     only the organization's admins may make anything public
//	bits 46-47  the least role that may create resource groups
//
// Bits 22 to 37 are zero unless the credential is a fine-grained token, and bits 38 to 47 unless the person is a
// member of the organization.
type State uint64

const (
	stateLive State = 1 << (iota + 4)
	stateInstanceAdmin
)

const (
	stateCreator State = 1 << (iota + 9)
	statePrivate
	stateGated
	stateDisabled
	stateAbsent
	stateGrouped
)

const stateMembersGated State = 1 << 18

const (
	stateNamespaceWrite State = 1 << (iota + 34)
	stateNamespaceGroups
	stateReadGated
	stateGlobalDiscuss
)

const (
	stateOutsideNetwork State = 1 << (iota + 43)
	stateNoSSH
	statePrivateOnly
)

const (
	kindShift      = 0
	kindMask       = 15
	relationShift  = 6
	relationMask   = 7
	groupShift     = 15
	groupMask      = 7
	standingShift  = 19
	standingMask   = 7
	levelShift     = 22
	levelMask      = 3
	atomShift      = 24
	atomMask       = 1023
	policyShift    = 38
	policyMask     = 3
	verdictedShift = 40
	verdictedMask  = 7
	creationShift  = 46
	creationMask   = 3
)

func (s State) kind() Kind              { return Kind(s >> kindShift & kindMask) }
func (s State) relation() relation      { return relation(s >> relationShift & relationMask) }
func (s State) groupRole() groupRole    { return groupRole(s >> groupShift & groupMask) }
func (s State) standing() standing      { return standing(s >> standingShift & standingMask) }
func (s State) level() level            { return level(s >> levelShift & levelMask) }
func (s State) atoms() atoms            { return atoms(s >> atomShift & atomMask) }
func (s State) policy() policy          { return policy(s >> policyShift & policyMask) }
func (s State) tokenState() tokenState  { return tokenState(s >> verdictedShift & verdictedMask) }
func (s State) groupCreation() relation { return memberAdmin - relation(s>>creationShift&creationMask) }
func (s State) has(f State) bool        { return s&f != 0 }
func (s State) isMember() bool          { return s.relation()-memberNoAccess <= memberAdmin-memberNoAccess }

// relation is what a person is to a namespace, in rising order of rights; owner stands apart at the end.
type relation uint8

const (
	nobody   relation = iota // not signed in
	outsider                 // signed in, neither owner nor member
	memberNoAccess
	memberRead
	memberContributor
	memberWrite
	memberAdmin // a service account too: its tokens say what it may do
	owner       // of a personal namespace
)

// groupRole is what a person is in the resource group of a repository, in rising order.
type groupRole uint8

const (
	groupNone groupRole = iota
	groupNoAccess
	groupRead
	groupContributor
	groupWrite
	groupAdmin
)

// standing is where somebody stands before a gate.
type standing uint8

const (
	standNone     standing = iota
	standPending           // asked, nobody decided
	standRejected          // by the owner
	standReset             // may ask again
	standOver              // was let in, and the time is over
	standAccepted          // let in, as a person or with an organization, a group or as a service account
)

// level says which entry of a fine-grained token speaks for a target. The most specific one speaks alone.
type level uint8

const (
	levelNone      level = iota // no entry: public things only
	levelNamespace              // the entry for the person's own namespace or for the organization
	levelGroup                  // an entry for the resource group that the repository is in
	levelRepo                   // an entry for this very repository
)

// policy is the token policy of an organization.
type policy uint8

const (
	policyAllowAll policy = iota
	policyFineGrained
	policyApproval
)

// tokenState is what an organization decided about a token.
type tokenState uint8

const (
	tokenNone tokenState = iota
	tokenPending
	tokenApproved
	tokenDenied
	tokenRevoked
)

// atoms is the part of a fine-grained entry that decisions about repositories and namespaces read.
type atoms uint16

const (
	atomContentRead atoms = 1 << iota
	atomAccessRead
	atomWrite
	atomDiscuss
	atomOrgRead
	atomOrgWrite
	atomServiceRead
	atomServiceWrite
	atomNetworkWrite
	atomGroupWrite
)
