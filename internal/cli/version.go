package cli

import (
	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/daemon"
)

func (a *app) version() *cobra.Command {
	c := &cobra.Command{
		Use: "version", Short: "Print which program this is", Args: args(),
		Example: "  ambit version --json",
		RunE: func(*cobra.Command, []string) error {
			v := daemon.Version()
			return a.print(v, func() {
				a.printf("ambit %s\n", v.Version)
				if v.Revision != "" {
					a.printf("revision %s%s\n", v.Revision, map[bool]string{true: " (changed)"}[v.Modified])
				}
				a.printf("%s %s/%s\n", v.Go, v.OS, v.Arch)
			})
		},
	}
	a.jsonFlag(c)
	return c
}
