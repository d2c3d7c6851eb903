package repos

import (
	"context"
	"io"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/leaks"
)

// WithLeaks sets who knows the hub's access tokens, so that those in first files and in messages are found. It returns the Service.
func (s *Service) WithLeaks(j leaks.Judge) *Service {
	s.leaks = j
	return s
}

// text is something that a caller brings and that others will read.
type text struct{ place, content string }

// judge does what is to be done about access tokens in texts that come into a repository, before they are visible. warn hears
// sentences for the caller and may be nil. Unprocessable where tokens are refused.
func (s *Service) judge(ctx context.Context, repo hub.Repo, ev hub.Event, warn func(string), texts ...text) error {
	if s.leaks == nil {
		return nil
	}
	f := s.leaks.Finder()
	for _, t := range texts {
		f.Begin(t.place)
		io.WriteString(f, t.content)
	}
	if len(f.Found()) == 0 {
		return nil
	}
	sentences, err := s.leaks.Leaked(ctx, repo, ev, f.Found())
	if err != nil || warn == nil {
		return err
	}
	for _, line := range sentences {
		warn(line)
	}
	return nil
}

// judgeFiles is judge for the files of a first commit, and for their names.
func (s *Service) judgeFiles(ctx context.Context, repo hub.Repo, ev hub.Event, warn func(string), files []File) error {
	texts := make([]text, 0, 2*len(files))
	for _, f := range files {
		texts = append(texts, text{f.Path, string(f.Content)}, text{leaks.NameOfFile, f.Path})
	}
	return s.judge(ctx, repo, ev, warn, texts...)
}
