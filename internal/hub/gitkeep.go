package hub

import "time"

// Lease is the right to do a long job until a time. Fence grows with each new holder: what a holder does must be
// refused once somebody else has taken over.
type Lease struct {
	Name   string
	Holder ID
	Fence  int64
}

// NewPack is a pack that is about to become live, with its bytes when they lie in the row.
type NewPack struct {
	Pack   Pack
	Inline []byte
}

// PackSwap replaces packs of a repository by others with the same content, or without what nobody needs any more.
type PackSwap struct {
	RepoID  ID
	New     []NewPack
	Retired []ID  // live packs
	Lease   Lease // must still be held; an empty name demands none
	// Drops says that objects are gone: then Gen must still be the repository's generation, and publications whose
	// connectivity was checked before are refused.
	Drops bool
	Gen   int64
	Event Event // of a swap that somebody asked for, or that drops something; without a type nothing is recorded
}

// FileLock says that one person works on a file. Source: git-lfs docs/api/locking.md.
type FileLock struct {
	ID        ID
	RepoID    ID
	Path      string
	Ref       string // full name of the branch it was made for, empty if none was named
	OwnerID   ID
	OwnerName string // empty when the person is gone
	CreatedAt time.Time
}

// SSHKey is a public key that signs a person in over SSH.
type SSHKey struct {
	ID          ID
	UserID      ID
	UserName    string
	Name        string
	Kind        string // such as ssh-ed25519
	Fingerprint string // "SHA256:…" as ssh-keygen prints it
	Public      string // kind and key in base64, as in authorized_keys
	CreatedAt   time.Time
	LastUsedAt  time.Time // zero for never
}
