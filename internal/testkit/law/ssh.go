package law

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"

	gossh "golang.org/x/crypto/ssh"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/ssh"
	"github.com/ambit-hub/ambit/internal/service/git"
	"github.com/ambit-hub/ambit/internal/testkit"
	"github.com/ambit-hub/ambit/internal/testkit/sshdoor"
)

// sshDoor is git over SSH, with a key for each person of the tables.
type sshDoor struct {
	h    *testkit.Hub
	addr string
	keys map[string]gossh.Signer
}

// SSH serves git over SSH for a hub until the test ends, and returns the door.
func SSH(t testing.TB, h *testkit.Hub) Door {
	t.Helper()
	service := git.New(git.Config{}, git.Deps{Meta: h.DB, Git: h.Git, Authz: h.Zone})
	d := &sshDoor{h: h, keys: map[string]gossh.Signer{}}
	d.addr = sshdoor.Serve(t, h, ssh.Config{MaxPerAddress: 1 << 20, MaxPerUser: 1 << 20}, ssh.Deps{Git: service})
	return Door{Name: "ssh", Do: d.do}
}

// do asks about reading and writing repositories, of those with a key and of those without any.
func (d *sshDoor) do(w *World, r Row) (outcome, message string, ok bool) {
	id, isRepo := r.Repo()
	command := map[string]string{"repo.content.read": "git-upload-pack", "repo.write": "git-receive-pack"}[r.Action]
	switch {
	case !isRepo || command == "", !r.Anonymous() && splitFacts(r.Token)[0] != "ssh":
		return "", "", false
	case strings.HasPrefix(r.Outcome, "moved="): // an old name is followed at once
		return "", "", false
	case r.Address() != "" && r.Allowed(): // it comes from where it comes from, which is none of anybody's networks
		return "", "", false
	}
	said, err := d.run(w, r, command+" '"+strings.TrimPrefix(id.WebPath(), "/")+"'")
	var exit *gossh.ExitError
	switch {
	case err == nil:
		return "allow", said, true
	case !errors.As(err, &exit):
		w.t.Fatalf("%s: %v", r.At, err)
	}
	switch {
	case strings.Contains(said, hub.MessageDisabled):
		return "disabled", said, true
	case strings.Contains(said, "This account is suspended."):
		return "dead", said, true
	case strings.HasPrefix(said, "ambit: Access to ") && strings.Contains(said, "restricted"):
		return "gated", said, true
	case r.Anonymous(): // one sentence for all: what is there needs a key, and what is not there needs one too
		if strings.Contains(said, "Repository not found, or it needs an SSH key") && (r.Outcome == "hide" || r.Outcome == "sign-in") {
			return r.Outcome, strings.Join(r.Says, " "), true
		}
		return said, said, true
	case strings.HasPrefix(said, "ambit: Repository not found\n"):
		return "hide", said, true
	}
	return "deny", said, true
}

// run runs one command as git would, asks for nothing, and returns what came on the error channel.
func (d *sshDoor) run(w *World, r Row, command string) (string, error) {
	cfg := &gossh.ClientConfig{User: "git", HostKeyCallback: gossh.InsecureIgnoreHostKey()}
	if r.Anonymous() {
		cfg.Auth = []gossh.AuthMethod{gossh.KeyboardInteractive(func(string, string, []string, []bool) ([]string, error) { return nil, nil })}
	} else {
		cfg.Auth = []gossh.AuthMethod{gossh.PublicKeys(d.key(w, r.Who))}
	}
	c, err := gossh.Dial("tcp", d.addr, cfg)
	if err != nil {
		return "", err
	}
	defer c.Close()
	s, err := c.NewSession()
	if err != nil {
		return "", err
	}
	defer s.Close()
	var said bytes.Buffer
	s.Stdin, s.Stdout, s.Stderr = strings.NewReader("0000"), io.Discard, &said
	err = s.Run(command)
	return said.String(), err
}

// key returns somebody's key, and makes it at the first time.
func (d *sshDoor) key(w *World, who string) gossh.Signer {
	if k := d.keys[who]; k != nil {
		return k
	}
	_, private, err := ed25519.GenerateKey(nil)
	w.check(err)
	k, err := gossh.NewSignerFromKey(private)
	w.check(err)
	w.check(w.DB.AddSSHKey(ctx, hub.SSHKey{
		ID: hub.NewID(), UserID: w.space(who), Name: "law", Kind: k.PublicKey().Type(), Public: "law",
		Fingerprint: sshdoor.Fingerprint(sha256.Sum256(k.PublicKey().Marshal())),
	}, hub.Event{}))
	d.keys[who] = k
	return k
}
