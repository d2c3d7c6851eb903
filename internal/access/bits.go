package access

// Bits is a set of elementary permissions. A decision computes five of them; an Action needs one or more.
type Bits uint64

// The elementary permissions. What each allows is said at the Action of the same name.
const (
	bitPublic Bits = 1 << iota
	bitSignedIn
	bitSelfManage
	bitInstance
	bitListAll
	bitOrgRead
	bitOrgWrite
	bitOrgTokens
	bitOrgDelete
	bitServiceRead
	bitServiceWrite
	bitNetwork
	bitGroupCreate
	bitGroupRead
	bitGroupMembers
	bitGroupSettings
	bitGroupDelete
	bitCreate
	bitCreatePublic
	bitView
	bitContent
	bitAsk
	bitWrite
	bitSettings
	bitPublish
	bitDelete
	bitMove
	bitTransfer
	bitAssign
	bitAccessRead
	bitAccessManage
	bitDiscuss

	endOfBits
	allBits = endOfBits - 1
)

// Sets that the tables of decide.go are made of. Implications are closed here, once.
const (
	// bitsOpen is what everybody may do with public things, without any credential.
	bitsOpen = bitPublic | bitView | bitContent

	// bitsReader is what a member who may read has on every repository of the namespace.
	bitsReader = bitView | bitContent | bitDiscuss | bitListAll

	// bitsWriter is what write access to one repository gives, apart from what concerns its namespace.
	bitsWriter = bitWrite | bitSettings | bitAccessRead | bitAccessManage

	// bitsOfNamespace are done to a repository but change its namespace or its public face: an entry of a
	// fine-grained token for the single repository is not enough for them.
	bitsOfNamespace = bitPublish | bitDelete | bitMove | bitTransfer | bitCreate | bitCreatePublic | bitAssign

	// bitsOfAdmin are what only the admins of an organization do to it and to its repositories.
	bitsOfAdmin = bitTransfer | bitAssign | bitOrgWrite | bitOrgTokens | bitOrgDelete | bitServiceRead | bitServiceWrite | bitNetwork |
		bitGroupCreate | bitGroupRead | bitGroupMembers | bitGroupSettings | bitGroupDelete
)
