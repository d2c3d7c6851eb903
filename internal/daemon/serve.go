package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/secret"
)

// Ready is what a started hub tells whoever started it.
type Ready struct {
	URL       string
	SetupLink secret.String // of a hub without users; otherwise empty
}

// Serve runs a hub until ctx ends, then stops it gracefully: running requests have cfg.HTTP.ShutdownTimeout to end.
// password is asked for the first administrator's when the configuration names one without, and the hub has no user.
// ready is called once the hub accepts connections. The error is a sentence for the operator when the hub did not
// start; nil after a clean stop.
func Serve(ctx context.Context, cfg *config.Config, log *slog.Logger, password func() (secret.String, error), ready func(Ready)) (err error) {
	defer HoldHeapFloor()()
	d, err := open(ctx, cfg, log)
	if err != nil {
		if ctx.Err() != nil {
			return nil // told to stop before it had started
		}
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	link, err := d.prepare(ctx, password)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return refuse(err, "Cannot listen at %s: %v.", cfg.Listen, opCause(err))
	}
	defer l.Close()
	socket, release, err := listenOperator(cfg)
	if err != nil {
		return err
	}
	defer release()
	defer socket.Close()
	d.url.Store(d.publicURL(l.Addr()))
	if cfg.SSH.Listen != "" {
		r, err := d.listenSSH()
		if err != nil {
			return err
		}
		d.runners = append(d.runners, r)
	}
	if d.metrics != nil {
		r, err := d.listenMetrics()
		if err != nil {
			return err
		}
		d.runners = append(d.runners, r)
	}
	log.Info("started", "address", l.Addr().String(), "data", cfg.Data, "database", d.db.Engine(), "version", Version().Version)
	err = d.run(ctx, l, socket, func() { ready(Ready{URL: d.url.Load().(string), SetupLink: link}) })
	log.Info("stopped")
	return err
}

// run serves both listeners and the background work. When ctx ends, the listeners are drained first and the
// background work, which has to write down what requests did, is told afterwards.
func (d *Daemon) run(ctx context.Context, l, socket net.Listener, ready func()) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	workers, work := errgroup.WithContext(work)
	for _, r := range d.runners {
		workers.Go(func() error { return d.keep(work, r) })
	}

	limited := newLimitListener(l, d.cfg.HTTP.MaxConnections)
	public := d.httpServer(d.Handler())
	public.ConnState = limited.connState
	private := d.httpServer(d.OperatorHandler())
	servers, serving := errgroup.WithContext(ctx)
	for srv, lis := range map[*http.Server]net.Listener{public: limited, private: socket} {
		servers.Go(func() error {
			if err := srv.Serve(lis); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		servers.Go(func() error {
			select { // until somebody stops the hub, the other server fails, or background work fails
			case <-serving.Done():
			case <-work.Done():
			}
			return d.drain(srv)
		})
	}
	ready()
	err := servers.Wait()
	stopWork()
	return errors.Join(err, workers.Wait())
}

// drain lets running requests end in time and then cuts what is left.
func (d *Daemon) drain(srv *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), d.cfg.HTTP.ShutdownTimeout)
	defer cancel()
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		d.log.Warn("requests were cut off at shutdown", "after", d.cfg.HTTP.ShutdownTimeout.String())
		return srv.Close()
	}
	return err
}

func (d *Daemon) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: d.cfg.HTTP.ReadHeaderTimeout,
		IdleTimeout:       d.cfg.HTTP.IdleTimeout,
		MaxHeaderBytes:    int(d.cfg.HTTP.MaxHeaderBytes),
		ErrorLog:          slog.NewLogLogger(d.log.Handler(), slog.LevelDebug), // broken connections, mostly
	}
}

// prepare makes the first administrator of a hub without users, or the link for making one.
func (d *Daemon) prepare(ctx context.Context, password func() (secret.String, error)) (link secret.String, err error) {
	g, err := d.zone.Authorize(ctx, access.Operator(), access.Need{Action: access.InstanceAdmin, Target: access.Hub()})
	if err != nil {
		return link, err
	}
	n, err := d.accounts.CountUsers(ctx, g)
	if err != nil || n > 0 {
		return link, err
	}
	a := d.cfg.Admin
	if a.Name == "" {
		return d.accounts.NewSetupLink(ctx, g)
	}
	if a.Password.IsZero() {
		if a.Password, err = password(); err != nil {
			return link, err
		}
	}
	made, err := d.accounts.FirstAdmin(ctx, g, a.Name, a.Password)
	if err == nil && made {
		d.log.Info("first administrator created", "user", a.Name)
	}
	return link, err
}

// publicURL is what people type: the configured origin, or the listener's address with a name for "all addresses".
func (d *Daemon) publicURL(a net.Addr) string {
	if d.cfg.PublicURL != "" {
		return strings.TrimRight(d.cfg.PublicURL, "/")
	}
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return "http://" + a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func opCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
