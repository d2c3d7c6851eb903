package cli

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/client"
	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/daemon"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// lockPatience is how long a command waits for another command, or for a hub that is starting.
const lockPatience = 10 * time.Second

// connection is a hub as its operator sees it.
type connection struct {
	*client.Operator
	public http.RoundTripper // to the hub's HTTP API, without a network when no hub runs; nil when one runs
	close  func() error
}

// dataFlags adds the flags that say which hub is meant.
func (a *app) dataFlags(c *cobra.Command) {
	c.PersistentFlags().StringVar(&a.data, "data", "", "data folder of the hub (default $AMBIT_DATA or ./data)")
	c.PersistentFlags().StringVar(&a.config, "config", "", "YAML configuration file of the hub (default $AMBIT_CONFIG)")
}

// jsonFlag adds --json.
func (a *app) jsonFlag(c *cobra.Command) {
	c.PersistentFlags().BoolVar(&a.json, "json", false, "print the result as JSON")
}

func (a *app) loadConfig(flags map[string]string) (config.Config, []string, error) {
	if a.data != "" {
		if flags == nil {
			flags = map[string]string{}
		}
		flags["data"] = a.data
	}
	cfg, unknown, err := config.Load(config.Sources{File: a.config, Environ: a.environ, Flags: flags})
	if err != nil {
		err = hub.Wrap(err, hub.InvalidInput, "%s", err)
	}
	return cfg, unknown, err
}

// withHub runs f on the hub of the data folder: through its socket when it runs, else on the folder itself. create
// says whether a folder without a hub becomes one.
func (a *app) withHub(create bool, f func(*connection) error) error {
	cfg, _, err := a.loadConfig(nil)
	if err != nil {
		return err
	}
	c, err := a.connect(&cfg, create)
	if err != nil {
		return err
	}
	return errors.Join(f(c), c.close())
}

func (a *app) connect(cfg *config.Config, create bool) (*connection, error) {
	if _, err := os.Stat(cfg.KeysPath()); errors.Is(err, os.ErrPermission) {
		return nil, othersHub(err, cfg)
	}
	if !create && !daemon.HoldsHub(cfg) {
		return nil, hub.Errorf(hub.NotFound, "There is no hub in %s. Start one with: ambit serve --data %s", cfg.Data, cfg.Data)
	}
	for deadline := time.Now().Add(lockPatience); ; time.Sleep(50 * time.Millisecond) {
		if conn, err := daemon.DialOperator(cfg); err == nil {
			conn.Close()
			return &connection{Operator: client.NewOperator(client.Socket(dial(cfg))), close: func() error { return nil }}, nil
		} else if errors.Is(err, os.ErrPermission) {
			return nil, othersHub(err, cfg)
		}
		d, err := daemon.OpenOffline(a.ctx, cfg, logger(a.err, "warn"))
		if errors.Is(err, daemon.ErrInUse) && time.Now().Before(deadline) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return &connection{
			Operator: client.NewOperator(client.InProcess(d.OperatorHandler())),
			public:   client.InProcess(d.Handler()),
			close:    d.Close,
		}, nil
	}
}

// dial returns what connects to the socket of a running hub.
func dial(cfg *config.Config) func(context.Context) (net.Conn, error) {
	return func(context.Context) (net.Conn, error) { return daemon.DialOperator(cfg) }
}

func othersHub(err error, cfg *config.Config) error {
	return hub.Wrap(err, hub.Forbidden, "The hub in %s belongs to another user of this machine: run the command as that user.", cfg.Data)
}

// call is one operator's call whose result is printed.
func call[R any](a *app, c *connection, name operatorapi.Call, args any, plain func(R)) error {
	var r R
	if err := c.Do(a.ctx, name, args, &r); err != nil {
		return err
	}
	return a.print(r, func() { plain(r) })
}

// done is an operator's call without a result: it prints one line, or {} with --json.
func done(a *app, c *connection, name operatorapi.Call, args any, line string) error {
	return call(a, c, name, args, func(operatorapi.Empty) { a.printf("%s\n", line) })
}

// getenv reads a variable of the command's environment.
func (a *app) getenv(name string) string {
	for i := len(a.environ) - 1; i >= 0; i-- {
		if k, v, _ := strings.Cut(a.environ[i], "="); k == name {
			return v
		}
	}
	return ""
}
