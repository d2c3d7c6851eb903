package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ambit-hub/ambit/internal/daemon"
	"github.com/ambit-hub/ambit/internal/hub"
)

func TestReferenceIsFresh(t *testing.T) {
	const path = "../../docs/operate/commands.md"
	if os.Getenv("AMBIT_UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, Reference(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, Reference()) {
		t.Fatalf("%s is stale: run make golden", path)
	}
}

// Every command says in one line what it does, gives an example that begins with its own name, and refuses arguments that
// it does not know.
func TestEveryCommandIsDescribed(t *testing.T) {
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Name() == "completion" {
			return
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: short description %q", c.CommandPath(), c.Short)
		}
		if c.Name() != "help" && !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s: no example names the command", c.CommandPath())
		}
		if c.Args == nil && c.Name() != "help" {
			t.Errorf("%s takes any arguments", c.CommandPath())
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s: --%s says nothing", c.CommandPath(), f.Name)
			}
		})
		for _, s := range c.Commands() {
			visit(s)
		}
	}
	visit((&app{}).root())
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{&usageError{"ambit", "x"}, exitUsage},
		{hub.Errorf(hub.InvalidInput, "x"), exitUsage},
		{hub.Errorf(hub.NotFound, "x"), exitNotFound},
		{hub.Errorf(hub.RepoNotFound, "x"), exitNotFound},
		{hub.Errorf(hub.InvalidCredentials, "x"), exitDenied},
		{hub.Errorf(hub.Forbidden, "x"), exitDenied},
		{hub.Errorf(hub.Conflict, "x"), exitConflict},
		{hub.Errorf(hub.Unavailable, "x"), exitFailure},
		{&daemon.Refusal{Text: "x", Err: hub.Errorf(hub.InvalidInput, "y")}, exitFailure},
		{os.ErrNotExist, exitFailure},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.want)
		}
	}
}
