package auditchain

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ambit-hub/ambit/internal/hub"
)

// ProofFormat is the value of Proof.Format.
const ProofFormat = "ambit-audit-proof/1"

// Proof shows somebody who has nothing but a hub's public key that one event is in its log, and as what number. It says
// nothing about any other event: the hashes are of subtrees, and every record begins with what nobody can guess.
type Proof struct {
	Format     string      `json:"format"`
	Event      ProvenEvent `json:"event"`
	Path       []tlog.Hash `json:"path"`       // from the leaf up; RFC 6962, section 2.1.1
	Checkpoint string      `json:"checkpoint"` // the signed note
	Key        string      `json:"key"`        // under which it is signed, by the hub's own word
}

// ProvenEvent is an event as it is hashed. The address stands in IP with its salt, or only as a hash, or, in events that
// were recorded before addresses were concealed, in IP without a salt.
type ProvenEvent struct {
	Seq         int64     `json:"seq"`
	At          time.Time `json:"at"`
	ID          hub.ID    `json:"id"`
	Type        string    `json:"type"`
	ActorID     hub.ID    `json:"actorId,omitempty"`
	ActorName   string    `json:"actor,omitempty"`
	TokenID     hub.ID    `json:"tokenId,omitempty"`
	NamespaceID hub.ID    `json:"namespaceId,omitempty"`
	RepoID      hub.ID    `json:"repoId,omitempty"`
	TargetID    hub.ID    `json:"targetId,omitempty"`
	Message     string    `json:"message,omitempty"`
	UserAgent   string    `json:"userAgent,omitempty"`
	IP          string    `json:"ip,omitempty"`
	IPSalt      string    `json:"ipSalt,omitempty"`
	AddressHash string    `json:"addressHash,omitempty"` // 64 hex digits
	Record      int       `json:"record,omitempty"`      // with AddressHash: the version of the record, when it is above 2
}

// Proven returns a row as a proof shows it. With open it tells the address; without, only the hash of it, or an error
// for a row that has none.
func Proven(r hub.AuditRow, open bool) (ProvenEvent, error) {
	e := ProvenEvent{Seq: r.Seq, At: r.At, ID: r.ID, Type: r.Type, ActorID: r.ActorID, ActorName: r.ActorName, TokenID: r.TokenID,
		NamespaceID: r.NamespaceID, RepoID: r.RepoID, TargetID: r.TargetID, Message: r.Message, UserAgent: r.UserAgent}
	switch {
	case open:
		e.IP, e.IPSalt = r.IP, r.IPSalt
	case r.IPSalt != "":
		h := Conceal(r.IPSalt, r.IP)
		e.AddressHash = hex.EncodeToString(h[:])
		if len(r.IPSalt) != oldSalt {
			e.Record = leafVersion
		}
	case r.IP != "":
		return e, errors.New("the event holds an address that is not concealed")
	}
	return e, nil
}

// record returns the bytes that were hashed.
func (e ProvenEvent) record() []byte {
	ev := hub.Event{ID: e.ID, Type: e.Type, ActorID: e.ActorID, ActorName: e.ActorName, TokenID: e.TokenID, NamespaceID: e.NamespaceID,
		RepoID: e.RepoID, TargetID: e.TargetID, Message: e.Message, IP: e.IP, UserAgent: e.UserAgent, At: e.At}
	switch {
	case e.AddressHash != "" && e.Record == leafVersion:
		hidden, err := hex.DecodeString(e.AddressHash)
		if err != nil || hex.EncodeToString(hidden) != e.AddressHash {
			hidden = []byte(e.AddressHash) // written in another way than a hub does: no record has this
		}
		return appendRecord(nil, leafVersion, e.Seq, &ev, string(hidden))
	case e.AddressHash != "":
		return appendRecord(nil, hexVersion, e.Seq, &ev, e.AddressHash)
	}
	return Record(nil, hub.AuditRow{Seq: e.Seq, IPSalt: e.IPSalt, Event: ev})
}

// Check tells whether the proof holds under the public key, in the form that VerifierKey gives, and returns the
// checkpoint that it refers to.
func (p Proof) Check(key string) (Checkpoint, error) {
	if p.Format != ProofFormat {
		return Checkpoint{}, fmt.Errorf("this is not a proof of the format %s", ProofFormat)
	}
	v, err := note.NewVerifier(key)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("this is not a public key of checkpoints: %w", err)
	}
	c, err := Open([]byte(p.Checkpoint), v.Name(), note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, err
	}
	if p.Event.Seq < 1 || p.Event.Seq > c.Size {
		return c, fmt.Errorf("the checkpoint is of %d events, and the event is number %d", c.Size, p.Event.Seq)
	}
	if err := tlog.CheckRecord(p.Path, c.Size, tlog.Hash(c.Root), p.Event.Seq-1, tlog.Hash(Leaf(p.Event.record()))); err != nil {
		return c, errors.New("the event is not in the log that the checkpoint was signed for")
	}
	return c, nil
}
