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

// Collected counts what collecting stored bytes that nothing needs has come to.
type Collected struct {
	Uploads       int   // given up
	Packs         int   // of history, replaced by others
	Whole         int   // large files in one piece that no repository has any more
	Registrations int   // of large files by Xet that no commit took up
	Chunked       int   // large files as chunks that no repository has any more
	Xorbs         int   // bundles of chunks that were deleted
	Looked        int   // bundles that were looked at for chunks that no file needs
	Rewritten     int   // of these, written anew without them
	Freed         int64 // bytes by which those are smaller: gone when the old ones are deleted
}

// Add sums up.
func (c *Collected) Add(d Collected) {
	c.Uploads, c.Packs, c.Whole = c.Uploads+d.Uploads, c.Packs+d.Packs, c.Whole+d.Whole
	c.Registrations, c.Chunked, c.Xorbs = c.Registrations+d.Registrations, c.Chunked+d.Chunked, c.Xorbs+d.Xorbs
	c.Looked, c.Rewritten, c.Freed = c.Looked+d.Looked, c.Rewritten+d.Rewritten, c.Freed+d.Freed
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
