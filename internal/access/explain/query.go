package explain

import (
	"cmp"
	"context"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// everyday are words that people use for actions on repositories.
var everyday = map[string]string{
	"push": "repo.write", "commit": "repo.write", "upload": "repo.write", "write": "repo.write",
	"pull": "repo.content.read", "clone": "repo.content.read", "fetch": "repo.content.read", "download": "repo.content.read", "read": "repo.content.read",
	"create": "repo.create", "delete": "repo.delete", "rename": "repo.move", "publish": "repo.publish", "transfer": "repo.transfer",
	"view": "repo.view", "discuss": "discussion.write", "whoami": "self.whoami",
}

// fullTarget writes out a target as clients name repositories: acme/bert is a model, datasets/acme/colours a dataset. What
// is to be created is new.
func fullTarget(text string, a access.Action) string {
	kind := "model"
	for _, t := range hub.RepoTypes {
		if rest, ok := strings.CutPrefix(text, t.Plural()+"/"); ok && strings.Contains(rest, "/") {
			text, kind = rest, string(t)
			break
		}
	}
	switch before, _, typed := strings.Cut(text, ":"); {
	case !typed && strings.Contains(text, "/"):
		text = kind + ":" + text
	case !typed || before == "new":
		return text
	}
	if _, err := hub.ParseRepoType(text[:strings.Index(text, ":")]); err == nil && (a == access.RepoCreate || a == access.RepoCreatePublic) {
		text = "new:" + text
	}
	return text
}

// groupTarget writes out a resource group that is named group:ORG/NAME, as far as the asker sees it. NotFound.
func (s *Service) groupTarget(ctx context.Context, asker *access.Subject, text string) (string, error) {
	rest, ok := strings.CutPrefix(text, "group:")
	org, name, ok2 := strings.Cut(rest, "/")
	if _, err := hub.ParseID(name); !ok || !ok2 || err == nil {
		return text, nil
	}
	g, err := s.seenGroup(ctx, asker, org, name, s.auditor(ctx, asker) || s.administers(ctx, asker, org))
	return "group:" + org + "/" + string(g.ID), err
}

// Query reads a question as it comes from outside. InvalidInput; NotFound for what the asker does not see.
func (s *Service) Query(ctx context.Context, asker *access.Subject, in operatorapi.ExplainQuery) (q Question, err error) {
	if q.Action = access.ParseAction(cmp.Or(everyday[in.Action], in.Action)); q.Action == access.NoAction {
		names := ""
		for _, a := range access.Actions() {
			names += " " + a.String()
		}
		return q, hub.Errorf(hub.InvalidInput, "Unknown action %q: use one of%s.", in.Action, names)
	}
	target, err := s.groupTarget(ctx, asker, fullTarget(in.Target, q.Action))
	if err != nil {
		return q, err
	}
	if q.Target, err = access.ParseTarget(target); err != nil {
		return q, err
	}
	if q.Token, q.User, q.Service = in.Token, in.User, in.Service; in.Token != "" && in.User+in.Service != "" || in.User != "" && in.Service != "" {
		return q, hub.Errorf(hub.InvalidInput, "Ask about a token, a user or a service account: one of them.")
	}
	q.Suppose.Org = in.Org
	if in.Kind != "" {
		if in.Token != "" {
			return q, hub.Errorf(hub.InvalidInput, "Ask about a token that there is, or about one that is supposed.")
		}
		if k, err := hub.ParseTokenKind(in.Kind); in.Service != "" && (err != nil || k != hub.TokenFineGrained) {
			return q, hub.Errorf(hub.InvalidInput, "The tokens of service accounts are fine-grained, and no others.")
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
