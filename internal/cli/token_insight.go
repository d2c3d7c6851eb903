package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

func (a *app) tokenInsight() *cobra.Command {
	return &cobra.Command{
		Use: "insight ID", Short: "Show what a token can do, what it did, and what it could do without", Args: args("ID"),
		Long: `Show what a token can do now, what it was used for, which of its permissions were not used in the last 90 days, and the
scopes of a fine-grained token that would have been enough. Uses are written every 30 seconds.`,
		Example: "  ambit token insight 0198f3a1c2d4e5f60718293a",
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.withHub(false, func(h *connection) error {
				return call(a, h, operatorapi.TokenInsightShow, operatorapi.ID{ID: hub.ID(argv[0])}, func(in operatorapi.TokenInsight) { a.printInsight(in, in.Token.User) })
			})
		},
	}
}

// printInsight prints what is known of a token of the given owner.
func (a *app) printInsight(in operatorapi.TokenInsight, owner string) {
	status := in.Token.Status // a hub elsewhere does not say
	if status != "" {
		status = ", " + status
	}
	a.printf("%s token %q of %s (…%s)%s\n", kindText(in.Token.Kind), in.Token.Name, owner, in.Token.Last4, status)
	scopes := func(title string, list []operatorapi.Scope, none string) {
		a.printf("\n%s\n", title)
		if len(list) == 0 {
			a.printf("  %s\n", none)
		}
		for _, s := range list {
			a.printf("  %s: %s\n", s.Entity, joinPermissions(s.Permissions))
		}
	}
	scopes("It can:", in.Can, "nothing but what everybody can")
	a.printf("\nRepositories that are not open to everybody, within its reach:\n")
	for _, r := range in.Private {
		a.printf("  %s (%s)\n", r.Repo, map[bool]string{true: "write", false: "read"}[r.Write])
	}
	if len(in.Private) == 0 {
		a.printf("  none\n")
	}
	a.printf("\nIt did:\n")
	var rows [][]string
	for _, u := range in.Did {
		rows = append(rows, []string{"  " + string(u.Permission), orDash(u.On), fmt.Sprint(u.Uses), optionalTime(&u.First), optionalTime(&u.Last)})
	}
	a.table("  PERMISSION ON USES FIRST LAST", rows)
	scopes("Not used since "+day(in.Since)+":", in.Unused, "nothing")
	scopes("A fine-grained token would have been enough with:", in.Proposal, "nothing but what everybody can")
	if in.More {
		a.printf("\nThere is more than is shown.\n")
	}
}
