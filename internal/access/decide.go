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
	memberContributor: roleRead | bitCreate,
	memberWrite:       roleWrite,
	memberAdmin:       roleWrite | bitTransfer | bitOrgWrite,
	owner:             roleSignedIn | bitsReader | bitsWriter | bitsOfNamespace,
}

const (
	roleSignedIn = bitPublic | bitSignedIn | bitSelfManage
	roleRead     = roleSignedIn | bitsReader | bitOrgRead
	roleWrite    = roleRead | bitsWriter | bitsOfNamespace&^bitTransfer
)

// creatorBits is what a contributor has on the repositories that he or she created, beyond roleBits.
const creatorBits = bitsWriter | bitsOfNamespace&^(bitTransfer|bitCreate)

// openRole is what a public repository gives to everybody (0) and to everybody signed in (1).
var openRole = [2]Bits{bitsOpen, bitsOpen | bitDiscuss}

// tokenBits is what a kind of credential may carry; a fine-grained token starts with what any credential has.
var tokenBits = [8]Bits{
	KindAnonymous:   bitsOpen,
	KindOperator:    bitsOpen | bitInstance,
	KindSession:     allBits,
	KindRead:        bitsOpen | bitSignedIn | bitListAll | bitOrgRead,
	KindWrite:       allBits &^ (bitSelfManage | bitInstance),
	KindFineGrained: bitPublic | bitSignedIn,
}

// atomBits is what one atom of a fine-grained entry carries, implications included.
var atomBits = [6]Bits{
	bitView | bitContent | bitListAll, // repo.content.read
	bitAccessRead,                     // repo.access.read
	bitView | bitContent | bitListAll | bitsWriter | bitsOfNamespace, // repo.write
	bitDiscuss,               // discussion.write
	bitOrgRead,               // org.read
	bitOrgRead | bitOrgWrite, // org.write
}

// decide is the law. It is total, pure and allocates nothing.
func decide(s State) Layers {
	l := Layers{Gate: allBits, Policy: allBits} // no organization has policies yet
	if s.has(stateLive) {
		l.Subject = allBits
	}
	l.Role = decideRole(s)
	l.Token = decideToken(s)
	if s.has(stateGated) && s.relation() < memberRead {
		l.Gate &^= bitContent
	}
	if s.has(stateDisabled) {
		l.Gate &= bitView | bitPublic // its page says that it is disabled
	}
	return l
}

func decideRole(s State) Bits {
	rel := s.relation()
	b := roleBits[rel]
	if rel == memberContributor && s.has(stateCreator) {
		b |= creatorBits
	}
	if !s.has(statePrivate) {
		if rel == nobody {
			b |= openRole[0]
		} else {
			b |= openRole[1]
		}
	}
	if s.has(stateInstanceAdmin) {
		b |= bitInstance
	}
	return b
}

func decideToken(s State) Bits {
	b := tokenBits[s.kind()]
	if s.kind() != KindFineGrained {
		return b
	}
	entry := entryBits(s.atoms())
	if !s.has(stateNamespaceWrite) {
		entry &^= bitsOfNamespace
	}
	switch {
	case s.has(statePrivate):
		return b | entry
	case !s.has(stateGated):
		b |= bitView | bitContent
	default:
		b |= bitView
		// An organization's entry reaches its gated files only while its owner is a member there.
		if s.level() == levelNamespace && s.relation() == outsider {
			entry &^= bitContent
		}
		if s.has(stateReadGated) && s.level() != levelRepo {
			b |= bitContent
		}
	}
	if s.has(stateGlobalDiscuss) && s.level() == levelNone && s.relation() != owner {
		b |= bitDiscuss
	}
	return b | entry
}

// entryBits joins what the atoms of one entry carry.
func entryBits(a atoms) Bits {
	var b Bits
	for i := range atomBits {
		if a&(1<<i) != 0 {
			b |= atomBits[i]
		}
	}
	return b
}
