package housekeeping

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// isURL tells a URL from a folder.
func isURL(from string) bool {
	u, err := url.Parse(from)
	return err == nil && u.Scheme != "" && u.Host != ""
}

// cloneURL mirrors a repository into an empty folder, with its large files if git-lfs is there. This is the one place
// where git itself is used: it knows every transport and credential helper that there is, and what it brings is
// checked like any other source.
func cloneURL(ctx context.Context, from, dir string, p gitrepo.Progress) error {
	u, err := url.Parse(from)
	if err != nil {
		return hub.Errorf(hub.InvalidInput, "The URL cannot be read.")
	}
	switch u.Scheme {
	case "http", "https", "ssh", "git":
	default: // others can name programs to be run
		return hub.Errorf(hub.InvalidInput, "A repository can be imported from http, https, ssh and git URLs, not from %q.", u.Scheme)
	}
	if _, err := exec.LookPath("git"); err != nil {
		return hub.Errorf(hub.InvalidInput, "To import from a URL, git must be installed on the hub's machine. Without it, clone elsewhere with 'git clone --mirror' and import the folder.")
	}
	p.Tell("cloning", 0, 0)
	if err := runGit(ctx, "clone", "--quiet", "--mirror", "--no-hardlinks", "--", from, dir); err != nil {
		return err
	}
	if exec.CommandContext(ctx, "git", "lfs", "version").Run() != nil {
		return nil // pointers whose files are missing will be told
	}
	p.Tell("fetching large files", 0, 0)
	return runGit(ctx, "-C", dir, "lfs", "fetch", "--all", "origin")
}

func runGit(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	// The formats are those that OpenForeign reads, whatever git's own defaults come to be.
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=http:https:ssh:git", "LC_ALL=C",
		"GIT_DEFAULT_REF_FORMAT=files", "GIT_DEFAULT_HASH=sha1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); err != nil {
		return hub.Wrap(err, hub.InvalidInput, "git could not fetch the repository: %s", lastLine(errs.String()))
	}
	return nil
}

// lastLine returns what git says about a failure in the end, without the credentials of URLs.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	words := strings.Fields(lines[len(lines)-1])
	for i, w := range words {
		if u, err := url.Parse(strings.Trim(w, "'\":")); err == nil && u.User != nil {
			u.User = nil
			words[i] = u.String()
		}
	}
	return strings.Join(words, " ")
}
