// Package config is the hub's configuration: one struct, one table of settings, three sources.
//
// A setting comes from, in rising precedence: its default, the YAML file, the environment, the command line.
// All sources go through the same table (see Config.Settings), so a setting is parsed, checked and documented in
// one place; docs/configuration.md is generated from it.
package config

import (
	"net/netip"
	"path/filepath"
	"time"

	"github.com/ambit-hub/ambit/internal/secret"
)

// Config is everything an operator can set. Sizes are in bytes. Make one with Default or Load.
type Config struct {
	Data      string // data folder, absolute after Load
	Listen    string // host:port
	PublicURL string // origin such as https://hub.example.org, empty to follow each request's Host
	Database  Database
	HTTP      HTTP
	Accounts  Accounts
	Tokens    Tokens
	Git       Git
	SSH       SSH
	Commit    Commit
	Upload    Upload
	Sweep     Sweep
	Chunks    Chunks
	Audit     Audit
	Limits    Limits
	Mail      Mail
	Webhook   Webhook
	Metrics   Metrics
	Log       Log
	Admin     Admin
}

// Database says where the metadata live.
type Database struct {
	URL            secret.String // empty: SQLite in the data folder; it may hold a password
	MaxConnections int
}

// HTTP holds what the public listener accepts.
type HTTP struct {
	TrustedProxies    []netip.Prefix
	CountryHeader     string // in which a trusted proxy names the caller's country; empty: nobody does
	ReadHeaderTimeout time.Duration
	IdleTimeout       time.Duration
	StallTimeout      time.Duration
	ShutdownTimeout   time.Duration
	MaxHeaderBytes    int64
	MaxBodyBytes      int64
	MaxConnections    int
}

// Accounts holds the rules for people.
type Accounts struct {
	PasswordMinLength int
	SessionLifetime   time.Duration
}

// Tokens holds the rules for user access tokens.
type Tokens struct {
	MaxPerUser       int
	MaxScopes        int
	MaxLifetime      time.Duration // 0: tokens may live for ever
	DefaultLifetime  time.Duration // of a token that is made without an expiry; 0: none
	MaxOverlap       time.Duration // that an old value may outlive its rotation
	ReuseRevokes     bool          // the use of a value that was rotated away ends the token
	Leaks            string        // report, revoke or refuse: what follows a token of ours in pushed text
	LastUsedInterval time.Duration
	CacheEntries     int
}

// Git holds the limits of the repository store.
type Git struct {
	TreeCacheBytes int64
	GCEvery        time.Duration
	GCGrace        time.Duration
}

// SSH holds the listener for git over SSH.
type SSH struct {
	Listen         string // host:port; empty: there is none
	MaxConnections int
	MaxPerAddress  int
	MaxPerUser     int
	IdleTimeout    time.Duration
}

// Metrics holds the listener for programs that watch the hub.
type Metrics struct {
	Listen string // host:port; empty: there is none
}

// Commit holds the limits of one commit.
type Commit struct {
	MaxBytes        int64
	MaxRegularBytes int64
	MaxOperations   int
}

// Upload holds the limits of large files.
type Upload struct {
	MaxFileBytes int64
	PartBytes    int64
	Lease        time.Duration
}

// Sweep says when bytes that nothing uses are deleted.
type Sweep struct {
	Every     time.Duration
	PackGrace time.Duration
	FileGrace time.Duration
}

// Chunks says how large files are kept as deduplicated chunks.
type Chunks struct {
	After  time.Duration // 0: never
	Window time.Duration
	Scrub  time.Duration
}

// Audit says how the audit log is kept.
type Audit struct {
	CheckpointFile  string // empty: in the data folder
	CheckpointPost  bool   // to the webhook as well
	CheckpointEvery time.Duration
	Retention       time.Duration // 0: for ever
}

// Quotas are the requests that a caller may make in one window, by class of route; 0: any number.
type Quotas struct{ API, Resolvers, Pages int }

// Limits say how many requests are answered.
type Limits struct {
	Window   time.Duration
	Token    Quotas // one token
	User     Quotas // all tokens and sessions of one user together
	Address  Quotas // callers without a credential, by network
	Failures int    // refused credentials of one network
	Entries  int    // callers that are remembered

	Uploads     int   // of one user that are under way at a time
	UploadBytes int64 // of those together
}

// Mail says how mails leave.
type Mail struct {
	Server   string // host:port; empty: no mails
	From     string
	User     string
	Password secret.String
	TLS      string // starttls, tls or none
	Digest   time.Duration
}

// Webhook gets every message of the outbox.
type Webhook struct {
	URL    string // empty: none
	Secret secret.String
}

// Log says how much is logged.
type Log struct{ Level string }

// Admin names the first administrator for unattended set-up. It is used only while the hub has no user.
type Admin struct {
	Name     string
	Password secret.String
}

// Default returns the configuration of a hub that nobody configured: one machine, loopback only.
func Default() Config {
	return Config{
		Data:   "data",
		Listen: "127.0.0.1:8080",
		Database: Database{
			MaxConnections: 16,
		},
		HTTP: HTTP{
			ReadHeaderTimeout: 15 * time.Second,
			IdleTimeout:       2 * time.Minute,
			StallTimeout:      time.Minute,
			ShutdownTimeout:   20 * time.Second,
			MaxHeaderBytes:    64 << 10,
			MaxBodyBytes:      8 << 20,
			MaxConnections:    4096,
		},
		Accounts: Accounts{
			PasswordMinLength: 10,
			SessionLifetime:   14 * 24 * time.Hour,
		},
		Tokens: Tokens{
			MaxPerUser:       1000,
			MaxScopes:        100,
			MaxOverlap:       7 * 24 * time.Hour,
			Leaks:            "report",
			LastUsedInterval: 30 * time.Second,
			CacheEntries:     100_000,
		},
		Git: Git{
			TreeCacheBytes: 128 << 20,
			GCEvery:        24 * time.Hour,
			GCGrace:        14 * 24 * time.Hour,
		},
		SSH: SSH{
			MaxConnections: 256,
			MaxPerAddress:  64,
			MaxPerUser:     32,
			IdleTimeout:    2 * time.Minute,
		},
		Commit: Commit{
			MaxBytes:        8 << 30,
			MaxRegularBytes: 10 << 20,
			MaxOperations:   100_000,
		},
		Upload: Upload{
			MaxFileBytes: 1 << 40,
			PartBytes:    64 << 20,
			Lease:        24 * time.Hour,
		},
		Sweep: Sweep{
			Every:     10 * time.Minute,
			PackGrace: time.Hour,
			FileGrace: 24 * time.Hour,
		},
		Chunks: Chunks{After: time.Hour, Window: 7 * 24 * time.Hour, Scrub: 30 * 24 * time.Hour},
		Audit:  Audit{CheckpointEvery: time.Minute},
		Limits: Limits{
			Window:   5 * time.Minute,
			Token:    Quotas{API: 100_000, Resolvers: 500_000, Pages: 10_000},
			User:     Quotas{API: 200_000, Resolvers: 1_000_000, Pages: 20_000},
			Address:  Quotas{API: 20_000, Resolvers: 200_000, Pages: 5_000},
			Failures: 300,
			Entries:  100_000,

			Uploads:     512,
			UploadBytes: 256 << 30,
		},
		Mail: Mail{TLS: "starttls", Digest: 7 * 24 * time.Hour},
		Log:  Log{Level: "info"},
	}
}

// The layout of the data folder.

// SQLitePath is the metadata database when no database.url is set.
func (c *Config) SQLitePath() string { return filepath.Join(c.Data, "ambit.db") }

// KeysPath is the file of the keys that sign and digest; mode 0600.
func (c *Config) KeysPath() string { return filepath.Join(c.Data, "keys") }

// BlobsPath is the folder of stored bytes.
func (c *Config) BlobsPath() string { return filepath.Join(c.Data, "blobs") }

// SSHKeyPath is the file of the private key that the SSH listener proves itself with; mode 0600.
func (c *Config) SSHKeyPath() string { return filepath.Join(c.Data, "ssh_host_key") }

// CachePath is a folder that may be deleted while no hub runs.
func (c *Config) CachePath() string { return filepath.Join(c.Data, "cache") }

// CheckpointPath is the file that gets the signed checkpoints of the audit log; mode 0600.
func (c *Config) CheckpointPath() string {
	if c.Audit.CheckpointFile != "" {
		return c.Audit.CheckpointFile
	}
	return filepath.Join(c.Data, "audit-checkpoints")
}

// SocketPath is the operator's Unix socket; mode 0600.
func (c *Config) SocketPath() string { return filepath.Join(c.Data, "admin.sock") }

// LockPath is the file whose lock says that a process uses the data folder.
func (c *Config) LockPath() string { return filepath.Join(c.Data, "lock") }
