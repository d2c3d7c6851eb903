package gates

import (
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// The kinds of notices.
const (
	NoticeRequest  = "gate.requested" // to the owner, or the address that the repository names
	NoticeDecision = "gate.decided"   // to who asked
)

// mostAdmins is how many admins of an organization hear of a request.
// Source: Hub documentation, "Gated models".
const mostAdmins = 5

// requestNotices tell the owner of a request: each one, or once a day that there are some.
func (s *Service) requestNotices(r hub.Repo, who string) []hub.Notice {
	n := hub.Notice{Kind: NoticeRequest, To: r.NamespaceID, Most: mostAdmins, Data: map[string]string{"repository": r.String(), "user": who}}
	if r.GateEmail != "" {
		n.Data["email"] = r.GateEmail
	}
	if r.GateNotify != hub.GateNotifyRealTime {
		n.Dedupe = "gate.requested:" + string(r.ID) + ":" + s.now().UTC().Format(time.DateOnly)
	}
	return []hub.Notice{n}
}

// decisionWords say to who asked what became of it.
var decisionWords = map[hub.GateState]string{
	hub.GateAccepted: "your request was accepted",
	hub.GateRejected: "your request was rejected",
	hub.GatePending:  "your request waits for a decision again",
	hub.GateReset:    "your request was put back, so that you may ask again",
}

func decisionNotice(r hub.Repo, user hub.ID, words, reason string, until time.Time) []hub.Notice {
	if !until.IsZero() {
		words += " until " + until.UTC().Format("2006-01-02 15:04 UTC")
	}
	return []hub.Notice{{Kind: NoticeDecision, To: user, Data: map[string]string{"repository": r.String(), "decision": words, "reason": reason}}}
}
