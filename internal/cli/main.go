// Package cli is the command line: one file a command. `serve` runs a hub; everything else talks to one, over HTTP
// as anybody would or over the operator's socket, and does the same on the data folder itself when no hub runs.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/daemon"
	"github.com/ambit-hub/ambit/internal/hub"
)

// The exit codes of every command.
const (
	exitOK       = 0
	exitFailure  = 1
	exitUsage    = 2 // a wrong command line or an invalid value
	exitNotFound = 3
	exitDenied   = 4
	exitConflict = 5
)

// app is what all commands share.
type app struct {
	ctx     context.Context
	in      io.Reader
	out     io.Writer
	err     io.Writer
	environ []string
	data    string // --data
	config  string // --config
	json    bool   // --json
}

// Main runs the command line and returns the exit code. Results go to out, everything else to errw.
func Main(args []string, in io.Reader, out, errw io.Writer) int {
	a := &app{ctx: context.Background(), in: in, out: out, err: errw, environ: os.Environ()}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errw)
	err := root.Execute()
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(errw, "ambit: %s\n", printable(sentence(err)))
	code := exitCode(err)
	var u *usageError
	if errors.As(err, &u) {
		fmt.Fprintf(errw, "Run '%s --help' for help.\n", u.command)
	}
	return code
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "ambit",
		Short: "A self-hosted hub for models, datasets and spaces",
		Long: `Ambit is a hub that the Hugging Face clients speak to: point HF_ENDPOINT at it.

'ambit serve' runs the hub. 'account' and 'whoami' speak to a hub anywhere, over HTTP. The other commands are the
operator's tools: they work on the hub that runs in the data folder, or on the folder itself when none does.

Exit codes: 0 done, 1 failure, 2 wrong use or invalid value, 3 not found, 4 denied, 5 conflict.`,
		Example: `  ambit serve --data ./data
  ambit admin user create alice --admin
  ambit token create --user alice --name laptop --kind write`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       daemon.Version().Version,
	}
	root.SetVersionTemplate("ambit {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return &usageError{c.CommandPath(), err.Error()} })
	root.AddCommand(a.serve(), a.demo(), a.admin(), a.token(), a.audit(), a.storage(), a.repo(), a.explain(), a.account(), a.whoami(), a.version())
	root.SetHelpCommand(&cobra.Command{Use: "help [COMMAND]", Short: "Help about a command", Example: "  ambit help token create",
		Run: func(c *cobra.Command, args []string) {
			if cmd, _, err := root.Find(args); err == nil {
				c = cmd
			}
			c.Help()
		}})
	group(root)
	a.completions(root)
	return root
}

// group makes cmd one that only has sub-commands.
func group(cmd *cobra.Command) *cobra.Command {
	cmd.Args = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return &usageError{c.CommandPath(), fmt.Sprintf("there is no command %q", c.CommandPath()+" "+args[0])}
		}
		return nil
	}
	cmd.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	return cmd
}

// args demands exactly the named arguments.
func args(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, got []string) error {
		switch {
		case len(got) < len(names):
			return &usageError{c.CommandPath(), "missing argument: " + strings.Join(names[len(got):], " ")}
		case len(got) > len(names):
			return &usageError{c.CommandPath(), fmt.Sprintf("unexpected argument %q", got[len(names)])}
		}
		return nil
	}
}

// usageError is a wrong command line.
type usageError struct {
	command string
	text    string
}

func (u *usageError) Error() string { return u.text }

// sentence is what a person is told: for an error with a code its message alone.
func sentence(err error) string {
	var r *daemon.Refusal
	if errors.As(err, &r) {
		return r.Text
	}
	var e *hub.Error
	if errors.As(err, &e) && e.Message != "" {
		return e.Message
	}
	return err.Error()
}

func exitCode(err error) int {
	var u *usageError
	if errors.As(err, &u) {
		return exitUsage
	}
	var r *daemon.Refusal
	if errors.As(err, &r) {
		return exitFailure // whatever its cause is
	}
	switch hub.CodeOf(err) {
	case hub.InvalidInput, hub.Unprocessable:
		return exitUsage
	case hub.NotFound, hub.RepoNotFound, hub.RevisionNotFound, hub.EntryNotFound:
		return exitNotFound
	case hub.Unauthorized, hub.InvalidCredentials, hub.Forbidden, hub.Disabled, hub.GatedRepo:
		return exitDenied
	case hub.Conflict, hub.PreconditionFailed:
		return exitConflict
	}
	return exitFailure
}
