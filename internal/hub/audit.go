package hub

import (
	"slices"
	"strings"
	"time"
)

// AuditRow is an event with its place in the chain of the audit log.
type AuditRow struct {
	Seq    int64
	Hash   []byte // as stored, 32 bytes
	IPSalt string // what the address is hashed with in the chain; empty when it stands there itself
	Event
}

// Clone copies the row and all that it holds.
func (r *AuditRow) Clone() AuditRow {
	c := *r
	c.Hash = slices.Clone(r.Hash)
	for _, text := range [...]*string{&c.IPSalt, (*string)(&c.ID), &c.Type, (*string)(&c.ActorID), &c.ActorName, (*string)(&c.TokenID),
		(*string)(&c.NamespaceID), (*string)(&c.RepoID), (*string)(&c.TargetID), &c.Message, &c.IP, &c.UserAgent} {
		*text = strings.Clone(*text)
	}
	return c
}

// AuditHead says where the audit log ends, by its own account, and where it begins after retention.
type AuditHead struct {
	Seq  int64 // of the last event, 0 for none
	Hash []byte
	Base int64 // of the last event that retention took away
	Last int64 // of the last row that is there
}

// AuditCheckpoint is a signed note about the first Size events, and the frontier of their Merkle tree.
type AuditCheckpoint struct {
	Size     int64
	At       time.Time
	Frontier []byte
	Note     string
}

// AuditSubtree is the root of a complete subtree of 1,024 events of the log's Merkle tree: those after the first 1024·N.
type AuditSubtree struct {
	N    int64
	Hash []byte
}

// AuditQuery selects events; the zero query selects all.
type AuditQuery struct {
	Namespace ID
	Type      string // exact, or a family with * at the end
	Actor     string // name, without regard to case
	Token     ID
	Repo      ID
	Text      string // part of type, actor's name or message, without regard to case
	Since     time.Time
	Until     time.Time // the zero time: now
	Before    int64     // only numbers below; 0: from the newest
	Limit     int
}

// OutboxRow is a message that waits for delivery to one user.
type OutboxRow struct {
	ID        ID
	Kind      string
	To        ID // user
	Data      map[string]string
	CreatedAt time.Time
	Attempts  int    // that have begun
	Outcome   string // of earlier attempts: the channels that have had it
}
