package hub

import "time"

// GateState is where somebody stands before the gate of a repository.
type GateState string

// The states. GateReset means that the owner put the request aside and the person may ask again.
const (
	GateNone     GateState = ""
	GatePending  GateState = "pending"
	GateAccepted GateState = "accepted"
	GateRejected GateState = "rejected"
	GateReset    GateState = "reset"
)

// ParseGateState accepts pending, accepted, rejected and reset; anything else is InvalidInput.
func ParseGateState(s string) (GateState, error) {
	switch st := GateState(s); st {
	case GatePending, GateAccepted, GateRejected, GateReset:
		return st, nil
	}
	return "", Errorf(InvalidInput, "Unknown status %q of an access request: use accepted, rejected, pending or reset.", s)
}

// GateSubject says what a gate admits: a person, or beyond the Hub an organization, a group or a service account.
type GateSubject string

// The subjects of gates.
const (
	GateUser    GateSubject = "user"
	GateOrg     GateSubject = "org"
	GateGroup   GateSubject = "group"
	GateService GateSubject = "service"
)

// GateRequest is somebody's request to pass a gate, or the admission without one.
type GateRequest struct {
	ID          ID
	RepoID      ID
	Kind        GateSubject
	SubjectID   ID
	SubjectName string // current name, empty when it is gone
	FullName    string // of a person
	Email       string // of a person who asked; empty for those let in unasked
	State       GateState
	Fields      map[string]any // answers to the form
	RequestedAt time.Time      // zero when nobody asked
	DecidedAt   time.Time      // zero while pending
	ReviewerID  ID
	Reviewer    string // name, empty when gone or automatic
	Reason      string // of a rejection
	Granted     bool   // let in without having asked
	Until       time.Time
}

// GateGrant is the part of a gate request that access decisions read.
type GateGrant struct {
	RepoID ID
	Kind   GateSubject
	State  GateState
	Until  time.Time // end of an acceptance, zero for none
}

// GateNotify says how an owner hears of requests.
type GateNotify string

// The modes of notification.
const (
	GateNotifyBulk     GateNotify = "bulk"
	GateNotifyRealTime GateNotify = "real-time"
)
