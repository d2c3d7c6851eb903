package tokens

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// Finder looks for tokens of this hub in texts.
func (s *Service) Finder() *tokenfmt.Finder { return s.format.Finder() }

// Leaked does what the hub, or the organization that owns the repository, wants done about tokens that stand in files
// which are being pushed. Dead and unknown ones are passed over. It returns sentences for whoever pushes, one for each
// token. Unprocessable when the push is to be turned away. Neither names a value.
//
// It is to be called before the push becomes visible: a token that is in the hub's hands in clear is told of even if the
// push fails afterwards for another reason.
//
// Who answers for the token is told where it stands only when that may be known: of a public repository, of one of the
// organization that the token belongs to, or when the owner is the one who pushes.
func (s *Service) Leaked(ctx context.Context, repo hub.Repo, by hub.Event, found []tokenfmt.Found) (warnings []string, err error) {
	rule, err := s.leakRule(ctx, repo)
	if err != nil {
		return nil, err
	}
	var refused []string
	for _, l := range grouped(found) {
		h, err := s.known(ctx, secret.New(l.value))
		if err != nil {
			return nil, err
		}
		if h == nil || Status(h.token, s.opts.Now()) != "live" {
			continue
		}
		if err := s.leaked(ctx, repo, by, *h, l.places, rule); err != nil {
			return nil, err
		}
		places := fmt.Sprintf("%s (…%s)", join(l.places), h.token.Last4)
		refused = append(refused, places)
		warnings = append(warnings, "An access token of this hub stands in "+places+": "+leakEnds[rule].warning)
	}
	if rule == hub.LeakRefuse && len(refused) > 0 {
		return nil, hub.Errorf(hub.Unprocessable, "Access tokens of this hub stand in what you push, and whoever reads the repository could use them: %s. Take them out of the files and of the history, and rotate them.", join(refused))
	}
	return warnings, nil
}

// leakEnds are the words for what happened: to who answers for the token, and to whoever pushes.
var leakEnds = map[hub.LeakRule]struct{ action, warning string }{
	hub.LeakReport: {"the push was accepted", "its owner has been told. Rotate it."},
	hub.LeakRevoke: {"the push was accepted and the token revoked", "it has been revoked."},
	hub.LeakRefuse: {"the push was turned away", "the push was turned away."},
}

// leakRule is the stricter of what the hub and the repository's organization say.
func (s *Service) leakRule(ctx context.Context, repo hub.Repo) (hub.LeakRule, error) {
	if !repo.OwnerIsOrg {
		return s.opts.Leaks, nil
	}
	r, err := s.store.OrgRules(ctx, repo.NamespaceID)
	if err != nil && !hub.Is(err, hub.NotFound) {
		return "", err
	}
	return stricter(r.Leaks, s.opts.Leaks), nil
}

// leak is a value with the places where it stands.
type leak struct {
	value  string
	places []string
}

// grouped puts finds of the same value together.
func grouped(found []tokenfmt.Found) (out []leak) {
	at := map[string]int{}
	for _, f := range found {
		place := hub.WithoutTokens(f.Path)
		if f.Line > 0 {
			place = fmt.Sprintf("%s, line %d", place, f.Line)
		}
		i, known := at[f.Reveal()]
		if !known {
			i = len(out)
			at[f.Reveal()] = i
			out = append(out, leak{value: f.Reveal()})
		}
		out[i].places = append(out[i].places, place)
	}
	return out
}

func (s *Service) leaked(ctx context.Context, repo hub.Repo, by hub.Event, h holder, places []string, rule hub.LeakRule) error {
	data := h.describe()
	data["repository"], data["path"], data["user"] = repo.String(), join(places), by.ActorName
	own := h.service == nil && by.ActorID == h.token.UserID || h.service != nil && repo.NamespaceID == h.to
	if repo.Visibility != hub.Public && !own {
		data["repository"], data["path"], data["user"] = "a repository that is not public", "a file", "somebody"
	}
	data["action"] = leakEnds[rule].action
	ev := by
	ev.Type, ev.NamespaceID, ev.RepoID, ev.TargetID = "token.leak_found", repo.NamespaceID, repo.ID, h.token.ID
	ev.Message = fmt.Sprintf("token …%s%s stands in %s of a push to %s: %s", h.token.Last4, h.of(), join(places), repo.String(), data["action"])
	ev.Notices = []hub.Notice{{Kind: h.kind("leak_found"), To: h.to, Data: data,
		Dedupe: fmt.Sprintf("%s:%d:%s:%s", h.token.ID, h.token.Gen, repo.ID, rule)}}
	if rule != hub.LeakRevoke {
		return s.store.RecordEvents(ctx, ev)
	}
	err := s.revoke(ctx, h, Leaked, s.opts.Now().UTC(), ev)
	if hub.Is(err, hub.NotFound) {
		return nil // somebody was faster
	}
	return err
}

// known finds the token of a value under any key, nil when there is none.
func (s *Service) known(ctx context.Context, value secret.String) (*holder, error) {
	for _, digest := range s.digester.TokenDigests(value) {
		f, err := s.store.TokenFacts(ctx, digest)
		if hub.Is(err, hub.NotFound) || hub.Is(err, hub.Unauthorized) || hub.Is(err, hub.InvalidCredentials) {
			continue
		}
		if err != nil || f.Token == nil {
			return nil, err
		}
		h := ownerOf(*f.Token, f.Service)
		return &h, nil
	}
	return nil, nil
}

// strictness is the rising order of rules.
var strictness = []hub.LeakRule{hub.LeakByHub, hub.LeakReport, hub.LeakRevoke, hub.LeakRefuse}

// stricter returns the stricter of two rules.
func stricter(a, b hub.LeakRule) hub.LeakRule {
	return strictness[max(slices.Index(strictness, a), slices.Index(strictness, b), 0)]
}

func join(list []string) string {
	const most = 10
	if len(list) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	}
	return strings.Join(list, ", ")
}
