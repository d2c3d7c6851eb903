package operatorapi

import (
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// AuditQuery selects events of the audit log; the zero query selects all.
type AuditQuery struct {
	Org    string     `json:"org,omitempty"` // events of this user's or organization's namespace
	Type   string     `json:"type,omitempty"`
	Actor  string     `json:"actor,omitempty"`
	Token  hub.ID     `json:"token,omitempty"`
	Repo   hub.ID     `json:"repo,omitempty"`
	Text   string     `json:"text,omitempty"`
	Since  *time.Time `json:"since,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
	Before int64      `json:"before,omitempty"` // only events of lower numbers
	Limit  int        `json:"limit,omitempty"`  // at most 1000
	Export bool       `json:"export,omitempty"` // the first page of an export, which is recorded
}

// AuditEvent is an event of the audit log.
type AuditEvent struct {
	Seq         int64     `json:"seq"`
	ID          hub.ID    `json:"id"`
	At          time.Time `json:"at"`
	Type        string    `json:"type"`
	ActorID     hub.ID    `json:"actorId,omitempty"`
	ActorName   string    `json:"actor,omitempty"`
	TokenID     hub.ID    `json:"tokenId,omitempty"`
	NamespaceID hub.ID    `json:"namespaceId,omitempty"`
	RepoID      hub.ID    `json:"repoId,omitempty"`
	TargetID    hub.ID    `json:"targetId,omitempty"`
	Message     string    `json:"message,omitempty"`
	IP          string    `json:"ip,omitempty"`
	UserAgent   string    `json:"userAgent,omitempty"`
	Hash        string    `json:"hash"` // of the chain, in hex
}

// AuditEvents is a page of events, newest first.
type AuditEvents struct {
	Items []AuditEvent `json:"items"`
}

// AuditProblem is one thing that is wrong with the audit log.
type AuditProblem struct {
	Seq  int64  `json:"seq"`
	ID   hub.ID `json:"id,omitempty"`
	Text string `json:"text"`
}

// AuditReport is the outcome of checking the audit log.
type AuditReport struct {
	First       int64          `json:"first"`
	Events      int64          `json:"events"`
	Checkpoints int            `json:"checkpoints"`
	Outside     int            `json:"outsideCheckpoints"`
	File        string         `json:"checkpointFile"`
	Keys        []string       `json:"keys"`
	Problems    []AuditProblem `json:"problems"`
	More        int            `json:"moreProblems,omitempty"`
}

// AuditProve asks for a proof that an event is in the audit log.
type AuditProve struct {
	Event string `json:"event"` // its id or its number
}

// The calls about the audit log.
const (
	AuditList   Call = "audit.list"   // AuditQuery → AuditEvents
	AuditVerify Call = "audit.verify" // Empty → AuditReport
	AuditProof  Call = "audit.proof"  // AuditProve → auditchain.Proof
)
