package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/daemon"
	"github.com/ambit-hub/ambit/internal/secret"
)

func (a *app) serve() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the hub",
		Long: `Run the hub until SIGTERM or SIGINT; running requests then have some seconds to end.

When the hub is ready, one line on standard output tells its URL. The log goes to standard error, one JSON
object a line. On a data folder without users the output goes on with what to do next.

All settings can also come from a YAML file and from AMBIT_… variables: see docs/configuration.md.`,
		Example: `  ambit serve
  ambit serve --data /var/lib/ambit --listen 0.0.0.0:8080
  ambit serve --data ./data --admin alice < password.txt
  AMBIT_ADMIN_NAME=alice AMBIT_ADMIN_PASSWORD_FILE=/run/secrets/admin ambit serve`,
		Args: args(),
		RunE: func(c *cobra.Command, _ []string) error {
			given := map[string]string{}
			defaults := config.Default()
			for _, s := range defaults.Settings() {
				if s.Flag != "" && c.Flags().Changed(s.Flag) {
					given[s.Key] = c.Flags().Lookup(s.Flag).Value.String()
				}
			}
			return a.runServe(given)
		},
	}
	c.Flags().StringVar(&a.config, "config", "", "YAML configuration file (default $AMBIT_CONFIG)")
	defaults := config.Default()
	for _, s := range defaults.Settings() {
		if s.Flag != "" {
			c.Flags().String(s.Flag, s.Value.String(), flagHelp[s.Key])
		}
	}
	return c
}

// flagHelp is the short form of the settings that have a flag.
var flagHelp = map[string]string{
	"data":         "data folder, made if missing",
	"listen":       "address as host:port; port 0 takes a free one",
	"database.url": "postgres://… instead of SQLite in the data folder",
	"admin.name":   "name of the first administrator; the password is read from standard input unless it is configured",
}

func (a *app) runServe(flags map[string]string) error {
	cfg, unknown, err := a.loadConfig(flags)
	if err != nil {
		return err
	}
	log := logger(a.err, cfg.Log.Level)
	for _, name := range unknown {
		log.Warn("an environment variable is not a setting", "variable", name)
	}
	ctx, stop := signal.NotifyContext(a.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	password := func() (secret.String, error) {
		pw, err := a.readPassword()
		if err != nil {
			return secret.String{}, fmt.Errorf("the first administrator's password: %s", sentence(err))
		}
		return secret.New(pw), nil
	}
	return daemon.Serve(ctx, &cfg, log, password, func(r daemon.Ready) { a.printReady(&cfg, r) })
}

func logger(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo // config.Check lets nothing else through
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l}))
}

// printReady prints the one line that scripts wait for and, on a hub without users, what to do next.
func (a *app) printReady(cfg *config.Config, r daemon.Ready) {
	a.printf("Ambit is ready at %s\n", r.URL)
	if r.SetupLink.IsZero() {
		return
	}
	a.printf(`
This hub has no users yet. In another terminal, make an administrator and a token for the clients:

  ambit admin user create NAME --admin --data %[2]s
  ambit token create --user NAME --name laptop --kind write --data %[2]s
  export HF_ENDPOINT=%[1]s HF_TOKEN=hf_…

or try it with made-up people and repositories: ambit demo --data %[2]s
An administrator with a password can also be made from elsewhere, once, with this link:

  curl -H 'Content-Type: application/json' -d '{"name": "NAME", "password": "…"}' %[1]s/api/setup/%[3]s

`, r.URL, cfg.Data, r.SetupLink.Reveal())
}
