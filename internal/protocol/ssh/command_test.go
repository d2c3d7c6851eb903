package ssh

import (
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

func TestParseCommand(t *testing.T) {
	for line, want := range map[string]string{
		`git-upload-pack 'alice/m'`:                                "git-upload-pack model alice/m",
		`git upload-pack 'alice/m.git'`:                            "git-upload-pack model alice/m",
		`git-upload-pack '/datasets/acme/d.git'`:                   "git-upload-pack dataset acme/d",
		`git-receive-pack '/spaces/acme/s/'`:                       "git-receive-pack space acme/s",
		`git-receive-pack 'datasets/d'`:                            "git-receive-pack model datasets/d",
		`git-lfs-authenticate alice/m.git download`:                "git-lfs-authenticate model alice/m",
		`git-lfs-authenticate 'alice/m' upload 0000000000000000`:   "git-lfs-authenticate model alice/m",
		`git-upload-pack 'alice/it'\''s'`:                          "git-upload-pack model alice/it's",
		`git-lfs-authenticate alice/m delete`:                      "",
		`git-lfs-transfer alice/m upload`:                          "",
		`git-upload-pack`:                                          "",
		`git-upload-pack 'alice/m' 'alice/n'`:                      "",
		`git-upload-pack alice/m; id`:                              "",
		"git-upload-pack `id`":                                     "",
		`git-upload-pack $(id)`:                                    "",
		`git-upload-pack 'alice/m`:                                 "",
		`git-upload-archive 'alice/m'`:                             "",
		`git-upload-pack '../../etc/passwd'`:                       "",
		`git-upload-pack 'gpt2'`:                                   "",
		`git-upload-pack --stateless-rpc 'alice/m'`:                "",
		`git-upload-pack '` + strings.Repeat("a", 5000) + `/long'`: "",
	} {
		c, err := parseCommand(line)
		got := ""
		if err == nil {
			got = c.name + " " + string(c.repo.Type) + " " + c.repo.FullName()
		} else if !hub.Is(err, hub.InvalidInput) {
			t.Errorf("%s: %v", line, err)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q (%v)", line, got, want, err)
		}
		if (c.action == access.NoAction) != (want == "") && err == nil {
			t.Errorf("%s: the action is %s", line, c.action)
		}
	}
}

func FuzzParseCommand(f *testing.F) {
	f.Add(`git-upload-pack 'alice/m.git'`)
	f.Add(`git-lfs-authenticate '/datasets/a/b' upload`)
	f.Fuzz(func(t *testing.T, line string) {
		c, err := parseCommand(line)
		if err != nil {
			return
		}
		if c.action == access.NoAction || c.repo.Name == "" || strings.ContainsAny(c.repo.FullName(), "\x00\n") && !strings.Contains(line, "'") {
			t.Errorf("%q gave %+v", line, c)
		}
	})
}
