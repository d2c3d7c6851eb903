package gates

import (
	"context"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Query selects requests of persons; zero fields select all.
type Query struct {
	State    hub.GateState
	From, To time.Time // of submission: at or after From, before To
	Text     string    // in name, full name or e-mail, without regard to case
	After    hub.ID
	Limit    int // 1 to 1000
}

// List lists the requests of persons in the order in which they came, and those let in unasked. next says where to go on,
// "" at the end. Needs RepoAccessRead, or InstanceAdmin.
func (s *Service) List(ctx context.Context, g access.Grant, id hub.RepoID, q Query) (list []hub.GateRequest, next hub.ID, err error) {
	r, err := s.repo(ctx, g, access.RepoAccessRead, id)
	if err != nil {
		return nil, "", err
	}
	text := strings.ToLower(q.Text)
	for after := q.After; ; {
		page, err := s.store.GateRequests(ctx, r.ID, hub.GateUser, q.State, after, q.Limit)
		if err != nil {
			return nil, "", err
		}
		for _, x := range page {
			after = x.ID
			if !matches(x, text, q.From, q.To) {
				continue
			}
			if list = append(list, x); len(list) == q.Limit {
				return list, after, nil
			}
		}
		if len(page) < q.Limit {
			return list, "", nil
		}
	}
}

func matches(x hub.GateRequest, text string, from, to time.Time) bool {
	at := When(x)
	switch {
	case x.SubjectName == "": // the account is gone
		return false
	case !from.IsZero() && at.Before(from), !to.IsZero() && !at.Before(to):
		return false
	}
	return strings.Contains(strings.ToLower(x.SubjectName+"\n"+x.FullName+"\n"+x.Email), text)
}

// When is the time of a request: of submission, or of admission where nobody asked.
func When(x hub.GateRequest) time.Time {
	if x.RequestedAt.IsZero() {
		return x.DecidedAt
	}
	return x.RequestedAt
}

// Each calls f for every person's request of the repository, whatever its state, in the order of ids: the report.
// Needs RepoAccessRead.
func (s *Service) Each(ctx context.Context, g access.Grant, f func(hub.GateRequest) error) error {
	for after := hub.ID(""); ; {
		list, next, err := s.List(ctx, g, hub.RepoID{}, Query{After: after, Limit: 1000})
		if err != nil {
			return err
		}
		for _, x := range list {
			if err := f(x); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		after = next
	}
}
