package hub

// StorageUsage is what the repositories of one owner hold and take. All sizes are in bytes.
type StorageUsage struct {
	OwnerID  ID
	Owner    string // name of the user or organization; empty if it is gone
	Repos    int64
	Git      int64 // stored packs
	Logical  int64 // large files of all its repositories, as downloaded
	Whole    int64 // large files that are stored in one piece, each once
	Chunked  int64 // large files that lie as chunks, once for each repository
	Unpacked int64 // chunks, each once, after decompression
	Packed   int64 // what those take on disk
}

// StorageTotals is what the whole hub stores. Bytes that several owners have are stored once.
type StorageTotals struct {
	Git, Whole, Packed int64 // bytes
	Xorbs, Rotten      int64 // bundles of chunks, and those of them that are known to be damaged
}

// StoredKind tells kinds of stored objects apart.
type StoredKind string

// The kinds of stored objects that can be checked.
const (
	StoredLFS  StoredKind = "lfs"
	StoredPack StoredKind = "pack"
	StoredXorb StoredKind = "xorb"
)

// StoredObject is an object in the blob store with what its row says of it.
type StoredObject struct {
	ID      string // by which such objects are ordered
	BlobKey string
	Size    int64 // in bytes
	Sum     Digest
}
