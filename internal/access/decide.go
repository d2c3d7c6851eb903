package access

// Layers is the whole of a decision: what each layer would leave if it stood alone.
type Layers struct {
	Subject Bits // the credential is live: all or nothing
	Role    Bits // what the person may do
	Gate    Bits // what the repository's gate, or its being disabled, leaves
	Token   Bits // what the credential may do
	Policy  Bits // what the organization's policies leave
}

// Allowed is the answer: what every layer allows.
func (l Layers) Allowed() Bits { return l.Subject & l.Role & l.Gate & l.Token & l.Policy }

// roleBits is what a relation gives on any repository of the namespace and on the namespace itself.
// Source: Hub documentation, "Access control in organizations".
var roleBits = [8]Bits{
	nobody:            bitPublic,
	outsider:          roleSignedIn,
	memberNoAccess:    roleSignedIn,
	memberRead:        roleRead,
	memberContributor: roleRead | bitCreate | bitCreatePublic,
	memberWrite:       roleWrite,
	memberAdmin:       roleWrite | bitsOfAdmin,
	owner:             roleSignedIn | bitsReader | bitsWriter | bitsOfNamespace&^bitAssign,
}

const (
	roleSignedIn = bitPublic | bitSignedIn | bitSelfManage | bitAsk
	roleRead     = roleSignedIn | bitsReader | bitOrgRead
	roleWrite    = roleRead | bitsWriter | bitsOfNamespace&^(bitTransfer|bitAssign)
)

// creatorBits is what a contributor has on the repositories that he or she created, beyond roleBits.
const creatorBits = bitsWriter | bitPublish | bitDelete | bitMove

// tokenBits is what a kind of credential may carry; a fine-grained token starts with what any credential has.
var tokenBits = [16]Bits{
	KindAnonymous:   bitsOpen,
	KindOperator:    bitsOpen | bitInstance,
	KindSession:     allBits,
	KindSSH:         bitsOpen | bitSignedIn | bitDiscuss | bitWrite, // git and nothing else
	KindRead:        bitsOpen | bitSignedIn | bitListAll | bitOrgRead | bitGroupRead | bitAsk,
	KindWrite:       allBits &^ (bitSelfManage | bitInstance | bitOrgDelete),
	KindFineGrained: bitPublic | bitSignedIn | bitAsk,
	KindService:     bitPublic | bitSignedIn,
}

// atomBits is what one atom of a fine-grained entry carries, implications included.
var atomBits = [10]Bits{
	bitView | bitContent | bitListAll, // repo.content.read
	bitAccessRead,                     // repo.access.read
	bitView | bitContent | bitListAll | bitsWriter | bitsOfNamespace, // repo.write
	bitDiscuss,                // discussion.write
	bitOrgRead | bitGroupRead, // org.read
	bitOrgRead | bitGroupRead | bitOrgWrite | bitOrgTokens | bitGroupMembers, // org.write
	bitServiceRead,                   // org.serviceAccounts.read
	bitServiceRead | bitServiceWrite, // org.serviceAccounts.write
	bitNetwork,                       // org.networkSecurity.write
	bitGroupCreate | bitGroupSettings | bitGroupDelete, // resourceGroup.write
}

// serviceNever is what no service account does, whatever its token carries: it is no person, and it is no judge of the
// tokens that persons have.
const serviceNever = bitDiscuss | bitAccessRead | bitAccessManage | bitAsk | bitOrgTokens

// entryBits joins atomBits for every set of atoms, once instead of at each decision.
var entryBits = func() (table [1 << len(atomBits)]Bits) {
	for set := range table {
		for i, b := range atomBits {
			if set&(1<<i) != 0 {
				table[set] |= b
			}
		}
	}
	return table
}()

// decide is the law. It is total, pure and allocates nothing.
func decide(s State) Layers {
	rel := s.effective()
	return Layers{decideSubject(s), decideRole(s, rel), decideGate(s, rel), decideToken(s), decidePolicy(s)}
}

// allowed is decide(s).Allowed(), for those who need no explanation: it keeps the layers in registers.
func allowed(s State) Bits {
	rel := s.effective()
	return decideSubject(s) & decideRole(s, rel) & decideGate(s, rel) & decideToken(s) & decidePolicy(s)
}

func decideSubject(s State) Bits { return allBits & all(s, stateLive) }

// all is every bit where s has f, a single flag, and none otherwise: what is asked of a decision follows no pattern, so
// that a branch costs more than looking at both sides.
func all(s, f State) Bits {
	return -Bits((s & f) / f)
}

func decideRole(s State, rel relation) Bits {
	open := bitsOpen // whatever the relation to a public repository, signing in is what counts
	if rel != nobody {
		open |= bitDiscuss
	}
	b := roleBits[rel] | open&^all(s, statePrivate) | bitInstance&all(s, stateInstanceAdmin)
	if rel == memberContributor {
		b |= creatorBits & all(s, stateCreator)
	}
	if s.isMember() {
		b |= decideGroups(s)
	}
	return b
}

func decideGate(s State, rel relation) Bits {
	b := allBits
	if s.has(stateGated) && !passesGate(s, rel) {
		b &^= bitContent
	}
	if s.has(stateDisabled) {
		b &= bitView // its page says that it is disabled
	}
	return b
}

func decideToken(s State) Bits {
	b := tokenBits[s.kind()]
	if s.kind() >= KindFineGrained {
		b |= decideFineGrained(s)
	}
	return b
}

// effective is the relation that counts for the target. What is not there has no members. In a resource group its
// roles stand in place of the organization's, except for the organization's admins; a public repository is read by
// every member, and written only by those of its group.
func (s State) effective() relation {
	rel := s.relation()
	switch {
	case s.has(stateAbsent):
		return min(rel, outsider)
	case !s.has(stateGrouped) || !s.isMember() || rel == memberAdmin:
		return rel
	}
	base := memberNoAccess
	if !s.has(statePrivate) {
		base = min(rel, memberRead)
	}
	switch g := s.groupRole(); g {
	case groupRead, groupContributor, groupWrite:
		return max(base, memberNoAccess+relation(g-groupNoAccess))
	case groupAdmin:
		return memberWrite
	}
	return base
}

// decideGroups is what a member may do with resource groups: by role in the one at hand, and to create them.
func decideGroups(s State) (b Bits) {
	if s.relation() >= s.groupCreation() && !s.has(stateGrouped) {
		b |= bitGroupCreate
	}
	switch {
	case s.groupRole() == groupNone:
	case s.groupRole() == groupAdmin:
		b |= bitGroupRead | bitGroupMembers | bitGroupSettings
	default:
		b |= bitGroupRead
	}
	return b
}

// passesGate tells whether somebody reads the files of a gated repository.
// Source: Hub documentation, "Gated models", bypass rules.
func passesGate(s State, rel relation) bool {
	switch {
	case s.standing() == standAccepted, rel == owner:
		return true
	case rel < memberRead:
		return false
	case !s.has(stateMembersGated), s.has(stateCreator):
		return true
	}
	return rel == memberAdmin && s.kind() != KindService || s.groupRole() == groupAdmin
}

// decideFineGrained is what a fine-grained token carries beyond what every token does.
func decideFineGrained(s State) Bits {
	entry := entryBits[s.atoms()] &^ (bitsOfNamespace &^ all(s, stateNamespaceWrite)) &^ (bitAssign &^ all(s, stateNamespaceGroups))
	if s.kind() == KindService {
		entry &^= serviceNever
	}
	open := bitView | bitContent
	if s.has(stateGated) && !s.has(statePrivate) {
		// An organization's entry reaches its gated files only while its owner is a member there.
		if lv := s.level(); (lv == levelNamespace || lv == levelGroup) && s.relation() == outsider {
			entry &^= bitContent
		}
		if !s.has(stateReadGated) || s.level() == levelRepo {
			open = bitView
		}
	}
	if s.has(stateGlobalDiscuss) && s.level() == levelNone && s.relation() != owner {
		open |= bitDiscuss
	}
	return entry | open&^all(s, statePrivate)
}
