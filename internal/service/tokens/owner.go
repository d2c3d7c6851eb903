package tokens

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// holder is whom messages about a token go to: its owner, or the admins of the organization whose service account it
// belongs to.
type holder struct {
	token   hub.Token
	service *hub.ServiceAccount
	to      hub.ID
}

func ownerOf(t hub.Token, a *hub.ServiceAccount) holder {
	if a != nil {
		return holder{t, a, a.OrgID}
	}
	return holder{t, nil, t.UserID}
}

// kind is the kind of a message: token.what or service_token.what, which have words of their own.
func (h holder) kind(what string) string {
	if h.service != nil {
		return "service_token." + what
	}
	return "token." + what
}

// of names the service account, in the middle of a sentence.
func (h holder) of() string {
	if h.service == nil {
		return ""
	}
	return " of the service account " + h.service.Name + " of " + h.service.OrgName
}

func (h holder) describe() map[string]string {
	data := describe(h.token)
	if h.service != nil {
		data["account"], data["organization"] = h.service.Name, h.service.OrgName
	}
	return data
}

// revoke ends the token. NotFound when somebody was faster.
func (s *Service) revoke(ctx context.Context, h holder, why string, at time.Time, ev hub.Event) error {
	if h.service != nil {
		return s.store.RevokeServiceToken(ctx, h.token.ID, why, at, ev)
	}
	return s.store.RevokeToken(ctx, h.token.ID, why, at, ev)
}
