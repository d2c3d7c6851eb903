package config

import "strings"

// Setting is one line of the configuration.
type Setting struct {
	Key   string // dotted path in the YAML file: "database.url"
	Flag  string // of ambit serve, without dashes; empty if there is none
	Value Value
	Doc   string // one or two sentences; units belong here
}

// Env returns the name of the setting's environment variable: AMBIT_DATABASE_URL for "database.url".
func (s Setting) Env() string {
	return "AMBIT_" + strings.ToUpper(strings.ReplaceAll(s.Key, ".", "_"))
}

// Settings returns the table of all settings, bound to c: setting a Value changes c.
func (c *Config) Settings() []Setting {
	return []Setting{
		{"data", "data", text(&c.Data),
			"Folder that holds everything the hub keeps: database, keys, stored bytes, cache and the operator's socket. Created with mode 0700 if it is missing."},
		{"listen", "listen", text(&c.Listen),
			"Address of the HTTP listener, host:port. Port 0 takes a free one; the line that `ambit serve` prints tells which."},
		{"public_url", "", text(&c.PublicURL),
			"Origin under which clients reach the hub, such as `https://hub.example.org`. Empty: URLs are built from the host of each request, which clients expect."},
		{"database.url", "database-url", secretText(&c.Database.URL),
			"Empty: SQLite in the data folder. `postgres://user:password@host:port/name`: PostgreSQL. Prefer the environment or `AMBIT_DATABASE_URL_FILE` over the command line, which other users of the machine can read."},
		{"database.max_connections", "", number(&c.Database.MaxConnections),
			"Connections to the database that are open at once."},
		{"http.trusted_proxies", "", prefixes(&c.HTTP.TrustedProxies),
			"Networks (CIDR, or single addresses) of reverse proxies whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto` are believed. Empty: nobody's."},
		{"http.read_header_timeout", "", duration(&c.HTTP.ReadHeaderTimeout),
			"A client must have sent its request headers within this time."},
		{"http.idle_timeout", "", duration(&c.HTTP.IdleTimeout),
			"A kept-alive connection without a request is closed after this time."},
		{"http.stall_timeout", "", duration(&c.HTTP.StallTimeout),
			"A request body or response body on which no byte moves for this time is cut off. The whole transfer may take as long as it needs."},
		{"http.shutdown_timeout", "", duration(&c.HTTP.ShutdownTimeout),
			"On SIGTERM or SIGINT running requests have this time to finish before they are cut off."},
		{"http.max_header_bytes", "", size(&c.HTTP.MaxHeaderBytes),
			"Largest request line and headers together."},
		{"http.max_body_bytes", "", size(&c.HTTP.MaxBodyBytes),
			"Largest request body that is parsed in memory (JSON and forms). Commits and file uploads stream and have their own limits."},
		{"http.max_connections", "", number(&c.HTTP.MaxConnections),
			"Client connections that are open at once; more wait to be accepted."},
		{"accounts.password_min_length", "", number(&c.Accounts.PasswordMinLength),
			"Shortest password, in characters. The longest is 1024 bytes."},
		{"accounts.session_lifetime", "", duration(&c.Accounts.SessionLifetime),
			"A browser session ends this long after sign-in."},
		{"tokens.max_per_user", "", number(&c.Tokens.MaxPerUser),
			"Live access tokens that one user may have."},
		{"tokens.max_scopes", "", number(&c.Tokens.MaxScopes),
			"Entities that one fine-grained token may name."},
		{"tokens.max_lifetime", "", duration(&c.Tokens.MaxLifetime),
			"Longest time between a token's creation and its expiry. 0: no limit, and tokens need not expire."},
		{"tokens.last_used_interval", "", duration(&c.Tokens.LastUsedInterval),
			"How often the last use of tokens is written to the database. A crash loses at most this much of it."},
		{"tokens.cache_entries", "", number(&c.Tokens.CacheEntries),
			"Tokens whose facts are kept in memory. Changes drop them at once; the limit is about memory only (roughly 1 KiB each)."},
		{"git.tree_cache_bytes", "", size(&c.Git.TreeCacheBytes),
			"Memory for directories and commits that were read before."},
		{"commit.max_bytes", "", size(&c.Commit.MaxBytes),
			"Largest body of one commit. Large files are uploaded before it and do not count."},
		{"commit.max_regular_bytes", "", size(&c.Commit.MaxRegularBytes),
			"Largest file that git itself keeps; anything larger must be uploaded as a large file."},
		{"commit.max_operations", "", number(&c.Commit.MaxOperations),
			"Files that one commit may add, copy or delete."},
		{"upload.max_file_bytes", "", size(&c.Upload.MaxFileBytes),
			"Largest single file, whichever way it arrives."},
		{"upload.part_bytes", "", size(&c.Upload.PartBytes),
			"Size of one part of a multipart upload; files up to this size are uploaded in one piece."},
		{"upload.lease", "", duration(&c.Upload.Lease),
			"An unfinished upload is kept this long after its last sign of life, then its bytes are deleted."},
		{"sweep.every", "", duration(&c.Sweep.Every),
			"How often the hub looks for unfinished uploads and for bytes that nothing uses any more."},
		{"sweep.pack_grace", "", duration(&c.Sweep.PackGrace),
			"Packs that were merged into others are kept this long for requests that still read them."},
		{"sweep.file_grace", "", duration(&c.Sweep.FileGrace),
			"Large files that no repository uses any more are kept this long."},
		{"log.level", "", choice(&c.Log.Level, "debug", "info", "warn", "error"),
			"Least severe log line that is written: debug, info, warn or error. The access log is info."},
		{"admin.name", "admin", text(&c.Admin.Name),
			"Name of the first administrator, for unattended set-up. Used only while the hub has no user at all."},
		{"admin.password", "", secretText(&c.Admin.Password),
			"Password of the first administrator. With `--admin NAME` and no password set, the first line of standard input is taken."},
	}
}
