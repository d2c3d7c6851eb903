package explain

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Query reads a question as it comes from outside. InvalidInput; NotFound for what the asker does not see.
func (s *Service) Query(ctx context.Context, asker *access.Subject, in operatorapi.ExplainQuery) (q Question, err error) {
	if q.Action = access.ParseAction(in.Action); q.Action == access.NoAction {
		names := ""
		for _, a := range access.Actions() {
			names += " " + a.String()
		}
		return q, hub.Errorf(hub.InvalidInput, "Unknown action %q: use one of%s.", in.Action, names)
	}
	if q.Target, err = access.ParseTarget(in.Target); err != nil {
		return q, err
	}
	q.Token, q.User = in.Token, in.User
	q.Suppose.Org = in.Org
	if in.Kind != "" {
		if in.Token != "" {
			return q, hub.Errorf(hub.InvalidInput, "Ask about a token that there is, or about one that is supposed.")
		}
		if q.SSH = in.Kind == access.KindSSH.String(); q.SSH && (len(in.Scopes) > 0 || in.Gated) {
			return q, hub.Errorf(hub.InvalidInput, "An SSH key has no scopes: it carries all rights of its owner for git.")
		}
		if !q.SSH {
			if q.Suppose.Token, err = s.Token(ctx, asker, in.Kind, in.Scopes, in.Gated); err != nil {
				return q, err
			}
		}
	}
	if in.Role != "" {
		if q.Suppose.Role, err = hub.ParseRole(in.Role); err != nil {
			return q, err
		}
	}
	if in.Policy != "" {
		if q.Suppose.Policy, err = hub.ParseTokenPolicy(in.Policy); err != nil {
			return q, err
		}
	}
	if in.Visibility != "" {
		q.Suppose.Visibility = hub.Visibility(in.Visibility)
		switch q.Suppose.Visibility {
		case hub.Public, hub.Private, hub.Protected:
		default:
			return q, hub.Errorf(hub.InvalidInput, "Unknown visibility %q: use public, private or protected.", in.Visibility)
		}
	}
	q.Suppose.Group = in.Group
	if in.GroupRole != "" {
		if in.Group == "" || in.Group == NoGroup {
			return q, hub.Errorf(hub.InvalidInput, "A role in a resource group is supposed together with the group.")
		}
		if q.Suppose.GroupRole, err = hub.ParseRole(in.GroupRole); err != nil {
			return q, err
		}
	}
	if (in.Role != "" || in.Policy != "") && in.Org == "" {
		return q, hub.Errorf(hub.InvalidInput, "A role or a policy is supposed in an organization: name it.")
	}
	return q, nil
}
