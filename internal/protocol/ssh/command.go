package ssh

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/git"
)

// command is what a client asks for.
type command struct {
	name   string
	repo   hub.RepoID
	action access.Action
}

// The commands. Source: git's Documentation/gitprotocol-pack, "SSH Transport"; git-lfs docs/api/authentication.md.
const (
	uploadPack  = "git-upload-pack"
	receivePack = "git-receive-pack"
	lfsLogin    = "git-lfs-authenticate"

	// These two are known, and told where to go.
	archive     = "git-upload-archive"
	lfsTransfer = "git-lfs-transfer"
)

const maxCommand = 4096 // bytes

// parseCommand reads a command line as git sends it. InvalidInput for everything else.
func parseCommand(line string) (command, error) {
	if len(line) > maxCommand {
		return command{}, unknownCommand()
	}
	words, ok := split(line)
	if ok && len(words) > 1 && words[0] == "git" { // "git upload-pack" of old clients
		words = append([]string{"git-" + words[1]}, words[2:]...)
	}
	if !ok || len(words) < 2 {
		return command{}, unknownCommand()
	}
	c := command{name: words[0]}
	switch {
	case c.name == uploadPack && len(words) == 2:
		c.action = access.RepoContentRead
	case c.name == receivePack && len(words) == 2:
		c.action = access.RepoWrite
	case c.name == lfsLogin && len(words) >= 3 && words[2] == "download":
		c.action = access.RepoContentRead
	case c.name == lfsLogin && len(words) >= 3 && words[2] == "upload":
		c.action = access.RepoWrite
	case c.name == archive:
		return command{}, hub.Errorf(hub.InvalidInput, "This hub makes no archives: git clone --depth=1, then git archive in the clone.")
	case c.name == lfsTransfer:
		return command{}, hub.Errorf(hub.InvalidInput, "Large files go over HTTP on this hub, also for clones by SSH: git config lfs.sshtransfer never.")
	default:
		return command{}, unknownCommand()
	}
	var err error
	c.repo, err = parsePath(words[1])
	return c, err
}

func unknownCommand() error {
	return hub.Errorf(hub.InvalidInput, "This server answers git and git-lfs, and nothing else.")
}

// parsePath reads the path of a repository: namespace/name, with datasets/ or spaces/ before it, with or without a slash
// at its start and .git at its end.
func parsePath(p string) (hub.RepoID, error) {
	p = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(p, "/"), "/"), ".git")
	t := hub.Model
	for _, other := range []hub.RepoType{hub.Model, hub.Dataset, hub.Space} {
		if rest, ok := strings.CutPrefix(p, other.Plural()+"/"); ok && strings.Contains(rest, "/") {
			t, p = other, rest
			break
		}
	}
	return hub.ParseRepoID(t, p)
}

// split reads a command line as a shell would: words between spaces, single quotes, backslashes outside of them. ok is
// false for anything else that a shell would give a meaning to.
func split(line string) (words []string, ok bool) {
	var word strings.Builder
	inWord, quoted := false, false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quoted && c == '\'':
			quoted = false
		case quoted:
			word.WriteByte(c)
		case c == '\'':
			inWord, quoted = true, true
		case c == '\\' && i+1 < len(line):
			i++
			inWord = true
			word.WriteByte(line[i])
		case c == ' ':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		case strings.IndexByte("\\\"`$;&|<>()*?[]#~\n\r\t\x00", c) >= 0:
			return nil, false
		default:
			inWord = true
			word.WriteByte(c)
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, !quoted
}

// do does a command.
func (c *conn) do(ctx context.Context, ch *stream, sub *access.Subject, cmd command, protocol string) error {
	if cmd.name == "greeting" {
		return greet(ch, sub)
	}
	g, err := c.authorize(ctx, sub, &cmd)
	if err != nil {
		return err
	}
	switch cmd.name {
	case uploadPack:
		v := version(protocol)
		out := bufio.NewWriterSize(ch, 32<<10)
		if err := errors.Join(c.s.d.Git.AdvertiseUpload(ctx, g, v, false, out), out.Flush()); err != nil {
			return err
		}
		return c.s.d.Git.UploadPack(ctx, g, v, false, ch, ch)
	case receivePack:
		out := bufio.NewWriterSize(ch, 32<<10)
		if err := errors.Join(c.s.d.Git.AdvertiseReceive(ctx, g, version(protocol), out), out.Flush()); err != nil {
			return err
		}
		return c.s.d.Git.ReceivePack(ctx, g, ch, ch, c.event(sub, "repo.push"))
	default:
		return c.lfsLogin(ch, sub, g, cmd)
	}
}

func greet(ch *stream, sub *access.Subject) error {
	text := "Hi anonymous, welcome to this hub. Public repositories can be cloned; add an SSH key for more.\n"
	if !sub.IsAnonymous() {
		text = fmt.Sprintf("Hi %s, welcome to this hub. There is no shell here, but git works.\n", sub.UserName())
	}
	_, err := fmt.Fprint(ch, text)
	return err
}

// authorize decides, also about the repository that an old name leads to. For a client without a key it tells what to do.
func (c *conn) authorize(ctx context.Context, sub *access.Subject, cmd *command) (access.Grant, error) {
	g, err := c.s.d.Authz.Authorize(ctx, sub, access.Need{Action: cmd.action, Target: access.Repo(cmd.repo)})
	var moved *access.Moved
	if errors.As(err, &moved) {
		cmd.repo = moved.To
		g, err = c.s.d.Authz.Authorize(ctx, sub, access.Need{Action: cmd.action, Target: access.Repo(cmd.repo)})
	}
	if err != nil && sub.IsAnonymous() {
		switch hub.CodeOf(err) { // the words of the API are about tokens
		case hub.Unauthorized, hub.InvalidCredentials, hub.RepoNotFound:
			err = hub.Wrap(err, hub.CodeOf(err), "Repository not found, or it needs an SSH key that this hub knows.")
		}
	}
	return g, err
}

// version reads GIT_PROTOCOL: keys and values between colons.
func version(protocol string) int {
	v := git.V0
	for part := range strings.SplitSeq(protocol, ":") {
		switch part {
		case "version=1":
			v = max(v, git.V1)
		case "version=2":
			v = git.V2
		}
	}
	return v
}

// loginLife is how long git-lfs may go on with one sign-in; then it signs in again.
const loginLife = time.Hour

// lfsLogin tells git-lfs where to go on over HTTP, and with which credential.
func (c *conn) lfsLogin(ch *stream, sub *access.Subject, g access.Grant, cmd command) error {
	repo, err := g.Repo(cmd.action)
	if err != nil {
		return err
	}
	answer := struct {
		Href      string            `json:"href"`
		Header    map[string]string `json:"header"`
		ExpiresIn int               `json:"expires_in"`
	}{c.s.d.URL() + repo.WebPath() + ".git/info/lfs", map[string]string{}, int(loginLife / time.Second)}
	if !sub.IsAnonymous() {
		answer.Header["Authorization"] = c.s.d.LFSLogin(sub, repo.ID, cmd.action, time.Now().Add(loginLife+time.Second))
	}
	return json.NewEncoder(ch).Encode(answer)
}
