package hub

// XetHash is a hash of the Xet protocol as bytes. format/xethash says what it means and how it is written.
type XetHash = [32]byte

// XetXorb is a stored xorb: a bundle of compressed chunks.
type XetXorb struct {
	Hash     XetHash
	Packed   int64 // bytes of its chunks as they are stored
	Unpacked int64 // bytes of its chunks after decompression
	Chunks   int
}

// XetFile is a file as a list of runs of chunks, which make it up in this order.
type XetFile struct {
	ID     ID
	Domain ID // namespace within which it deduplicates
	Hash   XetHash
	Size   int64     // in bytes
	Digest Digest    // SHA-256 of its content, empty while nobody has computed it
	Terms  []byte    // in the form of format/xetterms
	Xorbs  []XetHash // that the terms name, each once
}

// XetRegistration is what one shard makes known to a repository, whole or not at all.
type XetRegistration struct {
	RepoID ID
	Domain ID
	Files  []XetClaim
	Chunks []XetChunk
	// Borrowed are xorbs that the domain need not hold, because files consist of them that the repository has.
	Borrowed []XetHash
	Event    Event
}

// XetClaim is a file with the SHA-256 that its uploader says it has.
type XetClaim struct {
	XetFile
	Claim Digest // empty: none
}

// XetChunk is an entry of the deduplication index.
type XetChunk struct {
	Chunk XetHash
	Xorb  XetHash // that holds it
}

// XetRewrite puts a xorb in the place of another, of whose chunks it has those that files need.
type XetRewrite struct {
	Old    XetHash
	New    XetXorb
	Chunks []XetHash // of New
	Files  []XetTerms
}

// XetTerms are new terms of a file.
type XetTerms struct {
	FileID        ID
	Before, Terms []byte // in the form of format/xetterms
}

// XetRef is a file of a repository by its SHA-256.
type XetRef struct {
	FileID   ID
	Hash     XetHash
	Size     int64 // in bytes
	Verified bool  // the SHA-256 was computed here; otherwise an uploader claims it
}

// WholeFile is a large file that a repository has in one piece.
type WholeFile struct {
	RepoID  ID
	Domain  ID // namespace that owns the repository
	Digest  Digest
	Size    int64 // in bytes
	BlobKey string
}
