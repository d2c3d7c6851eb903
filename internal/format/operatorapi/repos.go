package operatorapi

import "github.com/ambit-hub/ambit/internal/hub"

// Progress tells how far a long call is. Total is 0 where it is not known.
type Progress struct {
	Stage string `json:"stage"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
}

// Line is one line of the answer to a long call: any number with Progress, then one with Result or Failure.
type Line struct {
	Progress *Progress `json:"progress,omitempty"`
	Result   any       `json:"result,omitempty"`
	Failure  *Failure  `json:"failure,omitempty"`
}

// RepoJob asks for a job on a repository.
type RepoJob struct {
	Type  hub.RepoType `json:"type"`
	Name  string       `json:"name"` // namespace/name
	Quick bool         `json:"quick,omitempty"`
	Now   bool         `json:"now,omitempty"`
	Large bool         `json:"large,omitempty"`
	Dir   string       `json:"dir,omitempty"` // absolute
}

// RepoImport asks for a repository to be brought in.
type RepoImport struct {
	Type       hub.RepoType   `json:"type"`
	Name       string         `json:"name"`
	From       string         `json:"from"` // absolute folder or URL
	As         string         `json:"as,omitempty"`
	Visibility hub.Visibility `json:"visibility,omitempty"`
	SDK        string         `json:"sdk,omitempty"`
}

// Verified is the answer to RepoVerify.
type Verified struct {
	Packs      int       `json:"packs"`
	Objects    int       `json:"objects"`
	Refs       int       `json:"refs"`
	Reachable  int       `json:"reachable"`
	LargeFiles int       `json:"largeFiles"`
	Bytes      int64     `json:"bytes"`
	Problems   []Problem `json:"problems"`
}

// Problem is something that is not as it was stored.
type Problem struct {
	What string `json:"what"`
	Text string `json:"text"`
}

// Kept is the answer to RepoRepack and RepoGC.
type Kept struct {
	PacksBefore int   `json:"packsBefore"`
	PacksAfter  int   `json:"packsAfter"`
	BytesBefore int64 `json:"bytesBefore"`
	BytesAfter  int64 `json:"bytesAfter"`
	Objects     int   `json:"objects"`
	Unreachable int   `json:"unreachable"`
	Dropped     int   `json:"dropped"`
	LargeFiles  int   `json:"largeFiles"`
}

// Exported is the answer to RepoExport.
type Exported struct {
	Objects    int   `json:"objects"`
	Refs       int   `json:"refs"`
	LargeFiles int   `json:"largeFiles"`
	Bytes      int64 `json:"bytes"`
}

// Imported is the answer to RepoImportCall.
type Imported struct {
	Created    bool     `json:"created"`
	Refs       int      `json:"refs"`
	Refused    []string `json:"refused"`
	Objects    int      `json:"objects"`
	LargeFiles int      `json:"largeFiles"`
	Missing    int      `json:"missing"`
	Notes      []string `json:"notes"`
}

// NewSSHKey gives a public key to a user. Public is a line as in authorized_keys.
type NewSSHKey struct {
	User   string `json:"user"`
	Name   string `json:"name"`
	Public string `json:"public"`
}

// SSHKey is a user's public key.
type SSHKey struct {
	ID          hub.ID `json:"id"`
	User        string `json:"user"`
	Name        string `json:"name"`
	Kind        string `json:"kind"`
	Fingerprint string `json:"fingerprint"`
	CreatedAt   string `json:"createdAt"`
	LastUsedAt  string `json:"lastUsedAt,omitempty"`
}

// SSHKeys are all keys of a user.
type SSHKeys struct {
	Items []SSHKey `json:"items"`
}

// The calls about repositories, which are long, and about SSH keys.
const (
	RepoVerify     Call = "repo.verify"    // RepoJob → Verified
	RepoRepack     Call = "repo.repack"    // RepoJob → Kept
	RepoGC         Call = "repo.gc"        // RepoJob → Kept
	RepoExport     Call = "repo.export"    // RepoJob → Exported
	RepoImportCall Call = "repo.import"    // RepoImport → Imported
	SSHKeyAdd      Call = "ssh-key.add"    // NewSSHKey → SSHKey
	SSHKeyList     Call = "ssh-key.list"   // Name → SSHKeys
	SSHKeyRemove   Call = "ssh-key.remove" // ID → Empty
)
