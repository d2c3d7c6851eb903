package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/secret"
)

func TestDocumentationIsFresh(t *testing.T) {
	const path = "../../docs/configuration.md"
	if os.Getenv("AMBIT_UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, Markdown(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, Markdown()) {
		t.Fatalf("%s is stale: run make golden", path)
	}
}

func TestDefaultsAreValidAndReadBack(t *testing.T) {
	c := Default()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Settings() {
		before := s.Value.String()
		if err := s.Value.Set(before); err != nil {
			t.Errorf("%s: default %q is refused: %v", s.Key, before, err)
		}
		if after := s.Value.String(); after != before {
			t.Errorf("%s: %q reads back as %q", s.Key, before, after)
		}
		if len(s.Doc) < 20 {
			t.Errorf("%s has no documentation", s.Key)
		}
	}
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "ambit.yaml")
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPrecedence(t *testing.T) {
	file := writeFile(t, "listen: 127.0.0.1:1\nlog:\n  level: warn\nhttp:\n  idle_timeout: 3m\n  trusted_proxies: [10.0.0.0/8, 192.168.1.1]\n")
	c, unknown, err := Load(Sources{
		File:    file,
		Environ: []string{"AMBIT_LISTEN=127.0.0.1:2", "AMBIT_LOG_LEVEL=error", "AMBIT_SERVICE_HOST=10.1.1.1", "HOME=/x"},
		Flags:   map[string]string{"listen": "127.0.0.1:3"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:3" || c.Log.Level != "error" || c.HTTP.IdleTimeout != 3*time.Minute || len(c.HTTP.TrustedProxies) != 2 {
		t.Fatalf("got %+v", c)
	}
	if strings.Join(unknown, " ") != "AMBIT_SERVICE_HOST" {
		t.Fatalf("unknown variables: %q", unknown)
	}
	if !filepath.IsAbs(c.Data) {
		t.Fatalf("data folder %q is not absolute", c.Data)
	}
}

func TestSecretFromFile(t *testing.T) {
	p := writeFile(t, "correct horse\n")
	c, _, err := Load(Sources{Environ: []string{"AMBIT_ADMIN_NAME=alice", "AMBIT_ADMIN_PASSWORD_FILE=" + p}})
	if err != nil || !c.Admin.Password.Equal(secret.New("correct horse")) {
		t.Fatalf("%v", err)
	}
	_, _, err = Load(Sources{Environ: []string{"AMBIT_ADMIN_NAME=alice", "AMBIT_ADMIN_PASSWORD_FILE=" + p, "AMBIT_ADMIN_PASSWORD=x"}})
	if err == nil {
		t.Fatal("a secret given twice was accepted")
	}
}

func TestErrorsAreSentences(t *testing.T) {
	for _, c := range []struct{ name, file, env, want string }{
		{"unknown key", "listn: x\n", "", `line 1: there is no setting "listn"`},
		{"unknown nested key", "http:\n  idle: 1s\n", "", `line 2: there is no setting "http.idle"`},
		{"group as value", "http: 3\n", "", `"http" is a group of settings`},
		{"value as group", "listen:\n  a: 1\n", "", "a plain value is needed"},
		{"not YAML", "a: [\n", "", "configuration file"},
		{"bad size", "http:\n  max_body_bytes: many\n", "", "http.max_body_bytes: \"many\" is not a size"},
		{"bad duration", "", "AMBIT_UPLOAD_LEASE=soon", "AMBIT_UPLOAD_LEASE: \"soon\" is not a duration"},
		{"bad port", "", "AMBIT_LISTEN=127.0.0.1:99999", "listen:"},
		{"bad origin", "", "AMBIT_PUBLIC_URL=https://a/b", "public_url:"},
		{"bad level", "", "AMBIT_LOG_LEVEL=loud", `"loud" is not one of`},
		{"bad network", "", "AMBIT_HTTP_TRUSTED_PROXIES=ten", `"ten" is neither`},
		{"low limit", "", "AMBIT_ACCOUNTS_PASSWORD_MIN_LENGTH=3", "accounts.password_min_length: 3 is not between"},
		{"reserved administrator", "", "AMBIT_ADMIN_NAME=api", "admin.name:"},
		{"password without name", "", "AMBIT_ADMIN_PASSWORD=hunter22hunter22", "admin.password: it is set, but admin.name is not"},
		{"mysql", "", "AMBIT_DATABASE_URL=mysql://u:hunter22hunter22@h/d", "database.url: it must be empty"},
		{"missing file", "", "AMBIT_CONFIG=/nonexistent/ambit.yaml", "configuration file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := Sources{Environ: []string{c.env}}
			if c.file != "" {
				src.File = writeFile(t, c.file)
			}
			_, _, err := Load(src)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want a sentence with %q", err, c.want)
			}
			if strings.Contains(err.Error(), "hunter22") {
				t.Fatalf("the error reveals a secret: %v", err)
			}
		})
	}
}

func TestEmptyFile(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "http:\n"} {
		if _, _, err := Load(Sources{File: writeFile(t, text)}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add("listen: 127.0.0.1:1\nhttp: {idle_timeout: 3m}\n")
	f.Add("a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := Default()
		p := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_ = applyFile(c.Settings(), p) // must not panic or hang
	})
}
