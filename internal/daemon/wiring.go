// Package daemon makes a hub out of its parts: configuration, stores, services, protocols. It opens the data
// folder, starts and stops. Nothing else in the program knows all the parts.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/explain"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/githttp"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/protocol/lfs"
	"github.com/ambit-hub/ambit/internal/protocol/operator"
	"github.com/ambit-hub/ambit/internal/protocol/resolve"
	"github.com/ambit-hub/ambit/internal/protocol/ssh"
	xetapi "github.com/ambit-hub/ambit/internal/protocol/xet"
	"github.com/ambit-hub/ambit/internal/service/accounts"
	"github.com/ambit-hub/ambit/internal/service/audit"
	"github.com/ambit-hub/ambit/internal/service/duplicates"
	"github.com/ambit-hub/ambit/internal/service/gates"
	"github.com/ambit-hub/ambit/internal/service/git"
	"github.com/ambit-hub/ambit/internal/service/groups"
	"github.com/ambit-hub/ambit/internal/service/leaks"
	"github.com/ambit-hub/ambit/internal/service/locks"
	"github.com/ambit-hub/ambit/internal/service/policies"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/serviceaccounts"
	"github.com/ambit-hub/ambit/internal/service/storage"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/service/xet"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// runner is long-lived work: it runs until ctx ends, and then returns nil when all is well.
type runner interface {
	Run(ctx context.Context) error
}

// Daemon is an open hub. It holds the data folder's lock until Close.
type Daemon struct {
	cfg      *config.Config
	log      *slog.Logger
	folder   *folder
	db       *meta.DB
	git      *gitrepo.Store
	accounts *accounts.Service
	zone     *access.Authorizer
	server   *httpd.Server
	operator *operator.Handler
	runners  []runner
	makeSSH  func() (*ssh.Server, error)
	metrics  *metrics     // nil: nobody watches
	stop     func() error // of the background work, when nobody else runs it
	url      atomic.Value // string: where clients reach the hub; empty while it does not listen
}

// open wires a hub. The caller closes it. Errors are sentences for the operator.
func open(ctx context.Context, cfg *config.Config, log *slog.Logger) (_ *Daemon, err error) {
	d := &Daemon{cfg: cfg, log: log}
	d.url.Store("")
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()

	// The data folder, the rows and the keys.
	if d.folder, err = openFolder(cfg); err != nil {
		return nil, err
	}
	if d.db, err = openDatabase(ctx, cfg); err != nil {
		return nil, err
	}
	instance, keys, err := openIdentity(ctx, cfg, d.db)
	if err != nil {
		return nil, err
	}
	blobs, err := fs.New(cfg.BlobsPath())
	if err != nil {
		return nil, refuse(err, "The folder %s cannot be used: %v.", cfg.BlobsPath(), plainCause(err))
	}
	logError := d.logError
	d.git = gitrepo.New(gitrepo.Config{CacheDir: cfg.CachePath(), TreeCacheBytes: cfg.Git.TreeCacheBytes, LogError: logError}, d.db, blobs)

	// Who asks, and what they may.
	shared, err := newFollower(ctx, d.db, logError)
	if err != nil {
		return nil, err
	}
	known := identity.Options{MaxCached: cfg.Tokens.CacheEntries, FlushEvery: cfg.Tokens.LastUsedInterval}
	if d.db.Engine() == "postgres" { // SQLite belongs to this process alone
		d.runners = append(d.runners, shared, meta.NewSealer(d.db, logError))
		known.Trusted = shared.Confirmed
	}
	reuse := tokens.NewReuseQueue()
	known.OnUnknown = reuse.Offer
	known.SSH = func(ctx context.Context, key [32]byte) (*access.Subject, error) { return sshSubject(ctx, d.db, key) }
	auth := identity.New(shared, keys, instance, known)
	d.zone = access.NewAuthorizer(d.db, access.Options{Refresher: refresher{auth, d.db}})

	// What is done.
	d.accounts = accounts.New(d.db, keys, accounts.Options{PasswordMinLength: cfg.Accounts.PasswordMinLength, SessionLifetime: cfg.Accounts.SessionLifetime})
	tokenService := tokens.New(d.db, d.zone, keys, instance, tokens.Options{MaxPerUser: cfg.Tokens.MaxPerUser, MaxScopes: cfg.Tokens.MaxScopes, MaxLifetime: cfg.Tokens.MaxLifetime,
		Lifetime: cfg.Tokens.DefaultLifetime, MaxOverlap: cfg.Tokens.MaxOverlap, Leaks: hub.LeakRule(cfg.Tokens.Leaks)})
	messages, err := openOutbox(cfg, d.db, logError)
	if err != nil {
		return nil, err
	}
	watcher := tokenService.Watcher(tokens.WatchOptions{Queue: reuse, ReuseRevokes: cfg.Tokens.ReuseRevokes, Digest: cfg.Mail.Digest, LogError: logError})
	chunks := xet.New(xet.Config{MaxFile: cfg.Upload.MaxFileBytes, SweepEvery: cfg.Sweep.Every, XorbGrace: cfg.Sweep.FileGrace, TempDir: cfg.CachePath(),
		Window: cfg.Chunks.Window, ScrubEvery: cfg.Chunks.Scrub, ChunkAfter: cfg.Chunks.After},
		xet.Deps{Meta: d.db, Git: d.git, Blobs: blobs, Authz: d.zone, Key: keys.Derive("xet deduplication"), Turn: turns(d.db, logError), LogError: logError})
	if restored, err := chunks.Recognize(ctx); err != nil {
		return nil, fmt.Errorf("comparing the database with the stored bytes: %w", err)
	} else if restored {
		log.Warn("the database is not as old as the stored bytes: clients are made to forget what they know of stored chunks")
	}
	auditService, err := audit.New(d.db, audit.Options{Instance: instance, Seeds: keys.DeriveAll("audit checkpoints"), File: cfg.CheckpointPath(),
		Post: postCheckpoints(cfg), Every: cfg.Audit.CheckpointEvery, Retention: cfg.Audit.Retention, LogError: logError})
	if err != nil {
		return nil, err
	}
	policyService := policies.New(d.db, keys, nil)
	groupService := groups.New(d.db, d.zone, nil)
	machines := serviceaccounts.New(d.db, keys, instance, serviceaccounts.Options{MaxLifetime: cfg.Tokens.MaxLifetime, Lifetime: cfg.Tokens.DefaultLifetime, MaxOverlap: cfg.Tokens.MaxOverlap})
	repoService := repos.New(d.db, d.git, blobs, nil).WithChunked(chunks.OpenDigest).WithLeaks(tokenService)
	gateService := gates.New(d.db, repoService, nil)
	transfers := transfer.New(transfer.Config{
		MaxFile: cfg.Upload.MaxFileBytes, MaxRegular: cfg.Commit.MaxRegularBytes, MaxCommit: cfg.Commit.MaxBytes, MaxLines: cfg.Commit.MaxOperations,
		PartSize: cfg.Upload.PartBytes, Lease: cfg.Upload.Lease, SweepEvery: cfg.Sweep.Every, RetireGrace: cfg.Sweep.PackGrace, LFSGrace: cfg.Sweep.FileGrace,
		TempDir: cfg.CachePath(),
	}, transfer.Deps{Meta: d.db, Git: d.git, Blobs: blobs, Authz: d.zone, Xet: chunks, Leaks: tokenService, Sign: repos.SignatureOf, Turn: turns(d.db, logError), LogError: logError})

	refused := explain.NewRecorder(d.db, logError)
	explainer := explain.New(d.db, d.zone).WithRecorder(refused)
	d.runners = append(d.runners, refused)

	if cfg.Metrics.Listen != "" {
		d.metrics = newMetrics(d.db, logError)
	}

	// How it is asked for.
	uses := tokens.NewRecorder(d.db, nil)
	d.server = httpd.New(httpd.Config{
		MaxBody: cfg.HTTP.MaxBodyBytes, IdleTimeout: cfg.HTTP.StallTimeout, TrustedProxies: cfg.HTTP.TrustedProxies, CountryHeader: cfg.HTTP.CountryHeader, PublicURL: cfg.PublicURL, Limits: limitsOf(cfg), Uploads: httpd.Uploads{Count: cfg.Limits.Uploads, Bytes: cfg.Limits.UploadBytes}, OnGrant: uses.Note, Denied: keepRefusals(refused), Observe: d.metrics.observer(),
	}, authenticator{auth}, d.zone, log)
	registerHealth(d.server, d.db)
	hubapi.New(hubapi.Services{Policies: policyService, Groups: groupService, Gates: gateService, Machines: machines,
		Accounts: d.accounts, Tokens: tokenService, Insights: d.db, Repos: repoService, Transfer: transfers, Duplicates: duplicates.New(repoService, transfers, d.zone, logError), Xet: chunks, Authz: d.zone, Audit: auditService, Explain: explainer}).Register(d.server)
	resolve.New(transfers).Register(d.server)
	store := xetapi.New(chunks, auth, nil).WithCopies(transfers)
	store.Register(d.server)
	lfs.New(transfers, auth, nil).WithXet(store).WithLocks(locks.New(d.db, gitrepo.CheckPath)).Register(d.server)
	gitService := git.New(git.Config{MaxRegular: cfg.Commit.MaxRegularBytes}, git.Deps{
		Meta: d.db, Git: d.git, Authz: d.zone, Agent: "ambit/" + Version().Version, Leaks: tokenService,
		Large: func(ctx context.Context, repo hub.Repo, digest hub.Digest) (leaks.Object, error) {
			return transfers.OpenLarge(ctx, repo, digest)
		},
	})
	githttp.New(gitService, githttp.Config{}).Register(d.server)
	d.operator = operator.New(d.accounts, tokenService, storage.New(d.db, blobs, chunks, transfers.Sweeper(), chunks.Worker()), d.zone, d.about, log)
	d.operator.AddAudit(auditService)
	d.operator.AddInsight(d.db)
	d.operator.AddExplain(explainer)
	d.operator.AddOrganizations(operator.Organizations{Policies: policyService, Groups: groupService, Gates: gateService, Machines: machines, Repos: d.db})
	if err := d.keepRepos(ctx, gitService, repoService, transfers, logError); err != nil {
		return nil, err
	}
	d.prepareSSH(gitService, auth, keepRefusals(refused))

	d.runners = append(d.runners, auth, auditService, messages, watcher, uses, transfers.Counter(), transfers.Sweeper(), chunks.Worker(),
		&housekeeping{db: d.db, every: cfg.Sweep.Every, logError: logError})
	if cfg.Chunks.After > 0 {
		d.runners = append(d.runners, chunks.Packer())
	}
	return d, nil
}

func (d *Daemon) logError(ctx context.Context, msg string, err error) {
	d.log.LogAttrs(ctx, slog.LevelError, msg, slog.String("error", err.Error()))
}

// keep runs r until it returns. A panic in it does not end the hub.
func (d *Daemon) keep(ctx context.Context, r runner) error {
	return guard.Keep(ctx, strings.TrimPrefix(fmt.Sprintf("%T", r), "*"), d.logError, r.Run)
}

// Handler serves the public HTTP interfaces.
func (d *Daemon) Handler() http.Handler { return d.server }

// OperatorHandler serves the operator's calls. Who reaches it is the operator.
func (d *Daemon) OperatorHandler() http.Handler { return d.operator }

func (d *Daemon) about() operatorapi.Hub {
	return operatorapi.Hub{URL: d.url.Load().(string), Version: Version().Version}
}

// Close closes what open opened, in reverse. Nobody may be using it any more.
func (d *Daemon) Close() error {
	var errs []error
	if d.stop != nil {
		errs = append(errs, d.stop())
	}
	if d.git != nil {
		errs = append(errs, d.git.Close())
	}
	if d.db != nil {
		errs = append(errs, d.db.Close())
	}
	if d.folder != nil {
		errs = append(errs, d.folder.Close())
	}
	return errors.Join(errs...)
}

// OpenOffline opens the hub of a data folder that no hub is running on, for one command of the operator. The caller
// closes it, which waits for its background work. ErrInUse is in the error's chain when another process has the folder.
func OpenOffline(ctx context.Context, cfg *config.Config, log *slog.Logger) (*Daemon, error) {
	d, err := open(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var g errgroup.Group
	for _, r := range d.runners {
		g.Go(func() error { return d.keep(work, r) })
	}
	d.stop = func() error {
		cancel()
		return g.Wait()
	}
	return d, nil
}

// authenticator adapts identity to httpd.
type authenticator struct{ *identity.Authenticator }

func (a authenticator) Authenticate(ctx context.Context, c httpd.Credentials) (*access.Subject, error) {
	return a.Authenticator.Authenticate(ctx, identity.Credentials{Authorization: c.Authorization, Cookie: c.Cookie, Addr: c.IP, Agent: c.Agent})
}
