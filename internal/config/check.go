package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Check tells everything that is wrong with c at once, one sentence a line, or nil.
func (c *Config) Check() error {
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf(key+": "+format, args...))
	}
	if c.Data == "" {
		bad("data", "the folder must be named")
	}
	if err := checkListen(c.Listen); err != nil {
		bad("listen", "%v", err)
	}
	if err := checkPublicURL(c.PublicURL); err != nil {
		bad("public_url", "%v", err)
	}
	if err := checkDatabaseURL(c.Database.URL.Reveal()); err != nil {
		bad("database.url", "%v", err)
	}
	between := func(key string, n, lo, hi int64) {
		if n < lo || n > hi {
			bad(key, "%d is not between %d and %d", n, lo, hi)
		}
	}
	atLeast := func(key string, d, least time.Duration) {
		if d < least {
			bad(key, "%s is less than %s", FormatDuration(d), FormatDuration(least))
		}
	}
	between("database.max_connections", int64(c.Database.MaxConnections), 2, 10_000)
	between("http.max_header_bytes", c.HTTP.MaxHeaderBytes, 4<<10, 1<<20)
	between("http.max_body_bytes", c.HTTP.MaxBodyBytes, 64<<10, 1<<30)
	between("http.max_connections", int64(c.HTTP.MaxConnections), 1, 1_000_000)
	between("accounts.password_min_length", int64(c.Accounts.PasswordMinLength), 8, 256)
	between("tokens.max_per_user", int64(c.Tokens.MaxPerUser), 1, 1_000_000)
	between("tokens.max_scopes", int64(c.Tokens.MaxScopes), 1, 10_000)
	between("tokens.cache_entries", int64(c.Tokens.CacheEntries), 1, 100_000_000)
	between("git.tree_cache_bytes", c.Git.TreeCacheBytes, 1<<20, 1<<40)
	atLeast("git.gc_every", c.Git.GCEvery, time.Minute)
	atLeast("git.gc_grace", c.Git.GCGrace, time.Minute)
	if c.SSH.Listen != "" {
		if err := checkListen(c.SSH.Listen); err != nil {
			bad("ssh.listen", "%v", err)
		}
	}
	if c.Metrics.Listen != "" {
		if err := checkListen(c.Metrics.Listen); err != nil {
			bad("metrics.listen", "%v", err)
		}
	}
	between("ssh.max_connections", int64(c.SSH.MaxConnections), 1, 100_000)
	between("ssh.max_per_address", int64(c.SSH.MaxPerAddress), 1, 100_000)
	between("ssh.max_per_user", int64(c.SSH.MaxPerUser), 1, 100_000)
	atLeast("ssh.idle_timeout", c.SSH.IdleTimeout, time.Second)
	between("commit.max_bytes", c.Commit.MaxBytes, 1<<20, 1<<50)
	between("commit.max_regular_bytes", c.Commit.MaxRegularBytes, 1<<10, 1<<30)
	between("commit.max_operations", int64(c.Commit.MaxOperations), 1, 100_000_000)
	between("upload.max_file_bytes", c.Upload.MaxFileBytes, 1, 1<<50)
	between("upload.part_bytes", c.Upload.PartBytes, 5<<20, 5<<30)
	atLeast("http.read_header_timeout", c.HTTP.ReadHeaderTimeout, time.Second)
	atLeast("http.idle_timeout", c.HTTP.IdleTimeout, time.Second)
	atLeast("http.stall_timeout", c.HTTP.StallTimeout, time.Second)
	atLeast("accounts.session_lifetime", c.Accounts.SessionLifetime, time.Minute)
	atLeast("tokens.last_used_interval", c.Tokens.LastUsedInterval, time.Second)
	atLeast("upload.lease", c.Upload.Lease, time.Minute)
	atLeast("sweep.every", c.Sweep.Every, time.Second)
	atLeast("sweep.pack_grace", c.Sweep.PackGrace, time.Minute)
	atLeast("sweep.file_grace", c.Sweep.FileGrace, time.Minute)
	if c.Chunks.After < 0 {
		bad("chunks.after", "it must not be negative")
	}
	atLeast("chunks.window", c.Chunks.Window, time.Hour)
	atLeast("chunks.scrub", c.Chunks.Scrub, time.Hour)
	for _, l := range []struct {
		key string
		n   int
	}{
		{"token.api", c.Limits.Token.API}, {"token.resolvers", c.Limits.Token.Resolvers}, {"token.pages", c.Limits.Token.Pages},
		{"user.api", c.Limits.User.API}, {"user.resolvers", c.Limits.User.Resolvers}, {"user.pages", c.Limits.User.Pages},
		{"address.api", c.Limits.Address.API}, {"address.resolvers", c.Limits.Address.Resolvers}, {"address.pages", c.Limits.Address.Pages},
		{"failures", c.Limits.Failures},
	} {
		between("limits."+l.key, int64(l.n), 0, 1_000_000_000)
	}
	between("limits.uploads", int64(c.Limits.Uploads), 0, 1_000_000)
	between("limits.upload_bytes", c.Limits.UploadBytes, 0, 1<<50)
	between("limits.entries", int64(c.Limits.Entries), 1000, 100_000_000)
	atLeast("limits.window", c.Limits.Window, time.Second)
	atLeast("audit.checkpoint_every", c.Audit.CheckpointEvery, time.Second)
	if c.Tokens.MaxOverlap > maxOverlap {
		bad("tokens.max_overlap", "%s is more than %s", FormatDuration(c.Tokens.MaxOverlap), FormatDuration(maxOverlap))
	}
	if c.Tokens.MaxLifetime > 0 && c.Tokens.DefaultLifetime > c.Tokens.MaxLifetime {
		bad("tokens.default_lifetime", "it is more than tokens.max_lifetime")
	}
	if c.Mail.Server != "" {
		if err := checkListen(c.Mail.Server); err != nil {
			bad("mail.server", "%v", err)
		}
		if _, err := mail.ParseAddress(c.Mail.From); err != nil {
			bad("mail.from", "%q is not an address such as Hub <hub@example.org>", c.Mail.From)
		}
	}
	if c.Webhook.URL != "" {
		if u, err := url.Parse(c.Webhook.URL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
			bad("webhook.url", "it is not a URL of http or https without a user in it")
		}
		if c.Webhook.Secret.IsZero() {
			bad("webhook.secret", "it is missing: receivers could not tell the hub's messages from others")
		}
	}
	if c.Audit.CheckpointPost && c.Webhook.URL == "" {
		bad("audit.checkpoint_webhook", "webhook.url is missing")
	}
	if c.Admin.Name != "" {
		if err := hub.CheckNamespace(c.Admin.Name); err != nil {
			bad("admin.name", "%s", message(err))
		}
	}
	if c.Admin.Name == "" && !c.Admin.Password.IsZero() {
		bad("admin.password", "it is set, but admin.name is not")
	}
	return errors.Join(errs...)
}

// maxOverlap bounds how long a value that was rotated away can be allowed to work.
const maxOverlap = 7 * 24 * time.Hour

func message(err error) string {
	var e *hub.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

func checkListen(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is not host:port", s)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q is not a port number", port)
	}
	return nil
}

func checkPublicURL(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("%q is not an origin such as https://hub.example.org", s)
	}
	return nil
}

// checkDatabaseURL never repeats the URL: it may hold a password.
func checkDatabaseURL(s string) error {
	if s == "" || strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://") {
		return nil
	}
	return errors.New("it must be empty (SQLite) or start with postgres://")
}
