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

// What may follow a live token of this hub in a file that somebody pushes.
const (
	LeakReport = "report" // its owner and the log are told
	LeakRevoke = "revoke" // and it is revoked
	LeakRefuse = "refuse" // and the push is turned away
)

// Finder looks for tokens of this hub in texts.
func (s *Service) Finder() *tokenfmt.Finder { return s.format.Finder() }

// Leaked does what the hub, or the organization that owns the repository, wants done about tokens that stand in files
// which are being pushed. Dead and unknown ones are passed over. Unprocessable when the push is to be turned away.
//
// The token's owner is told where it stands only when that may be known: of a public repository, or when the owner is
// the one who pushes.
func (s *Service) Leaked(ctx context.Context, repo hub.Repo, by hub.Event, found []tokenfmt.Found) error {
	policy := s.opts.Leaks
	if s.opts.LeaksOf != nil {
		own, err := s.opts.LeaksOf(ctx, repo.NamespaceID)
		if err != nil {
			return err
		}
		policy = stricter(own, policy)
	}
	var refused []string
	for _, f := range found {
		t, err := s.known(ctx, secret.New(f.Reveal()))
		if err != nil {
			return err
		}
		if t == nil || Status(*t, s.opts.Now()) != "live" {
			continue
		}
		if err := s.leaked(ctx, repo, by, *t, f.Path, policy); err != nil {
			return err
		}
		if policy == LeakRefuse {
			refused = append(refused, fmt.Sprintf("%s (…%s)", f.Path, t.Last4))
		}
	}
	if len(refused) > 0 {
		return hub.Errorf(hub.Unprocessable, "The commit carries access tokens of this hub, which anybody who reads the repository could use: %s. Take them out and rotate them.", join(refused))
	}
	return nil
}

func (s *Service) leaked(ctx context.Context, repo hub.Repo, by hub.Event, t hub.Token, path, policy string) error {
	data := describe(t)
	data["repository"], data["path"], data["user"] = repo.String(), path, by.ActorName
	if repo.Visibility != hub.Public && by.ActorID != t.UserID {
		data["repository"], data["path"], data["user"] = "a repository that is not public", "a file", "somebody"
	}
	data["action"] = map[string]string{LeakReport: "the commit was accepted", LeakRevoke: "the commit was accepted and the token revoked",
		LeakRefuse: "the commit was turned away"}[policy]
	ev := by
	ev.Type, ev.NamespaceID, ev.RepoID, ev.TargetID = "token.leak_found", repo.NamespaceID, repo.ID, t.ID
	ev.Message = fmt.Sprintf("token …%s stands in %s of a commit to %s: %s", t.Last4, path, repo.String(), data["action"])
	ev.Notices = []hub.Notice{{Kind: "token.leak_found", To: t.UserID, Dedupe: string(t.ID) + ":" + fmt.Sprint(t.Gen) + ":" + string(repo.ID) + ":" + policy, Data: data}}
	if policy != LeakRevoke {
		return s.store.RecordEvents(ctx, ev)
	}
	err := s.store.RevokeToken(ctx, t.ID, Leaked, s.opts.Now().UTC(), ev)
	if hub.Is(err, hub.NotFound) {
		return nil // somebody was faster
	}
	return err
}

// known finds the token of a value under any key, nil when there is none.
func (s *Service) known(ctx context.Context, value secret.String) (*hub.Token, error) {
	for _, digest := range s.digester.TokenDigests(value) {
		f, err := s.store.TokenFacts(ctx, digest)
		if hub.Is(err, hub.NotFound) || hub.Is(err, hub.Unauthorized) || hub.Is(err, hub.InvalidCredentials) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return f.Token, nil
	}
	return nil, nil
}

// strictness is the rising order of policies.
var strictness = []string{"", LeakReport, LeakRevoke, LeakRefuse}

// stricter returns the stricter of two policies.
func stricter(a, b string) string {
	return strictness[max(slices.Index(strictness, a), slices.Index(strictness, b), 0)]
}

func join(list []string) string {
	const most = 10
	if len(list) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	}
	return strings.Join(list, ", ")
}
