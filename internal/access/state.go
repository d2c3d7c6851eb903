package access

// State packs every attribute that the rules read into one integer. Its zero value is a dead credential.
//
//	bits  0-2   kind of the credential
//	bit   3     live: not expired, not revoked, owner not suspended
//	bit   4     instance administrator
//	bits  5-7   relation of the person to the namespace
//	bit   8     the person created the repository
//	bit   9     the repository is private
//	bit  10     the repository is gated
//	bit  11     the repository is disabled
//	bits 12-13  which entry of a fine-grained token speaks for the target
//	bits 14-19  the atoms of that entry
//	bit  20     the entry for the namespace carries repo.write
//	bit  21     the token may read public gated repositories
//	bit  22     the token carries the global discussion.write
//
// Bits 12 to 22 are zero unless the credential is a fine-grained token.
type State uint32

const (
	stateLive State = 1 << (iota + 3)
	stateInstanceAdmin
)

const (
	stateCreator State = 1 << (iota + 8)
	statePrivate
	stateGated
	stateDisabled
)

const (
	stateNamespaceWrite State = 1 << (iota + 20)
	stateReadGated
	stateGlobalDiscuss
)

const (
	kindShift     = 0
	kindMask      = 7
	relationShift = 5
	relationMask  = 7
	levelShift    = 12
	levelMask     = 3
	atomShift     = 14
	atomMask      = 63
)

func (s State) kind() Kind         { return Kind(s >> kindShift & kindMask) }
func (s State) relation() relation { return relation(s >> relationShift & relationMask) }
func (s State) level() level       { return level(s >> levelShift & levelMask) }
func (s State) atoms() atoms       { return atoms(s >> atomShift & atomMask) }
func (s State) has(f State) bool   { return s&f != 0 }

// relation is what a person is to a namespace, in rising order of rights; owner stands apart at the end.
type relation uint8

const (
	nobody   relation = iota // not signed in
	outsider                 // signed in, neither owner nor member
	memberNoAccess
	memberRead
	memberContributor
	memberWrite
	memberAdmin
	owner // of a personal namespace
)

// level says which entry of a fine-grained token speaks for a target. The most specific one speaks alone.
type level uint8

const (
	levelNone      level = iota // no entry: public things only
	levelNamespace              // the entry for the person's own namespace or for the organization
	levelRepo                   // an entry for this very repository
)

// atoms is the part of a fine-grained entry that decisions about repositories and namespaces read.
type atoms uint8

const (
	atomContentRead atoms = 1 << iota
	atomAccessRead
	atomWrite
	atomDiscuss
	atomOrgRead
	atomOrgWrite
)
