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

// openRole is what a public repository gives whatever one's relation to it: signing in is what counts.
var openRole = [8]Bits{
	nobody:            bitsOpen,
	outsider:          bitsOpen | bitDiscuss,
	memberNoAccess:    bitsOpen | bitDiscuss,
	memberRead:        bitsOpen | bitDiscuss,
	memberContributor: bitsOpen | bitDiscuss,
	memberWrite:       bitsOpen | bitDiscuss,
	memberAdmin:       bitsOpen | bitDiscuss,
	owner:             bitsOpen | bitDiscuss,
}

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
	l := Layers{
		Role:   roleBits[s.relation()],
		Gate:   allBits,
		Token:  tokenBits[s.kind()],
		Policy: allBits, // no organization has policies yet
	}
	if s.has(stateLive) {
		l.Subject = allBits
	}
	if s.has(stateCreator) && s.relation() == memberContributor {
		l.Role |= creatorBits
	}
	if !s.has(statePrivate) {
		l.Role |= openRole[s.relation()]
	}
	if s.has(stateInstanceAdmin) {
		l.Role |= bitInstance
	}
	if s.has(stateGated) && s.relation() < memberRead {
		l.Gate &^= bitContent
	}
	if s.has(stateDisabled) {
		l.Gate &= bitView | bitPublic // its page says that it is disabled
	}
	if s.kind() == KindFineGrained {
		l.Token |= decideFineGrained(s)
	}
	return l
}

// decideFineGrained is what a fine-grained token carries beyond what every token does.
func decideFineGrained(s State) Bits {
	entry := entryBits[s.atoms()]
	if !s.has(stateNamespaceWrite) {
		entry &^= bitsOfNamespace
	}
	if s.has(statePrivate) {
		return entry
	}
	open := bitView | bitContent
	if s.has(stateGated) {
		// An organization's entry reaches its gated files only while its owner is a member there.
		if s.level() == levelNamespace && s.relation() == outsider {
			entry &^= bitContent
		}
		if !s.has(stateReadGated) || s.level() == levelRepo {
			open = bitView
		}
	}
	if s.has(stateGlobalDiscuss) && s.level() == levelNone && s.relation() != owner {
		open |= bitDiscuss
	}
	return entry | open
}
