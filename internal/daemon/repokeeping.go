package daemon

import (
	"context"
	"io"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/git"
	keep "github.com/ambit-hub/ambit/internal/service/housekeeping"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/sshkeys"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// keepRepos wires what keeps repositories in order, brings them in and out, and the keys of people.
func (d *Daemon) keepRepos(ctx context.Context, g *git.Service, r *repos.Service, t *transfer.Service, logError func(context.Context, string, error)) error {
	if d.db.Engine() == "sqlite" { // it belongs to this process alone, so whoever held a lease was killed
		if err := d.db.EndLeases(ctx); err != nil {
			return err
		}
	}
	keeper := gitrepo.NewKeeper(d.git, d.db, gitrepo.KeeperConfig{Grace: d.cfg.Git.GCGrace, LFSGrace: d.cfg.Sweep.FileGrace, Chunked: t.OpenChunked})
	keeping := keep.New(keep.Config{Every: d.cfg.Sweep.Every, Period: d.cfg.Git.GCEvery}, keep.Deps{
		Meta: d.db, Keeper: keeper, Authz: d.zone, TempDir: d.cfg.CachePath(), LogError: logError, Push: g.ReceivePack,
		Create: func(ctx context.Context, g access.Grant, v hub.Visibility, sdk string, ev hub.Event) (hub.Repo, error) {
			return r.Create(ctx, g, repos.NewRepo{Visibility: v, SDK: sdk}, ev)
		},
		Put: func(ctx context.Context, g access.Grant, sum hub.Digest, size int64, body io.Reader, ev hub.Event) error {
			return t.PutObject(ctx, g, transfer.Object{Digest: sum, Size: size}, body, ev)
		},
	})
	d.operator.AddRepos(keeping)
	d.operator.AddSSHKeys(sshkeys.New(d.db))
	d.runners = append(d.runners, keeper, keeping)
	return nil
}
