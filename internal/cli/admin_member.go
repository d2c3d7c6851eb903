package cli

import (
	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

func (a *app) adminMember() *cobra.Command {
	c := group(&cobra.Command{
		Use:     "member",
		Short:   "Manage the members of organizations and their roles",
		Example: "  ambit admin member set acme bob write",
	})
	c.AddCommand(a.memberSet(), a.memberList(), a.memberRemove())
	return c
}

func (a *app) memberSet() *cobra.Command {
	return &cobra.Command{
		Use: "set ORG USER ROLE", Short: "Add a member, or change a member's role", Args: args("ORG", "USER", "ROLE"),
		Long: `Add a member, or change a member's role. The roles:

  no_access    sees none of the private repositories
  read         reads all repositories
  contributor  reads all, creates repositories and writes to those he created
  write        writes to all repositories
  admin        write, and manages members and settings

A change takes effect at once on all the person's tokens.`,
		Example: "  ambit admin member set acme bob write",
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.withHub(false, func(h *connection) error {
				m := operatorapi.SetMember{Org: argv[0], User: argv[1], Role: argv[2]}
				return call(a, h, operatorapi.MemberSet, m, func(r operatorapi.Member) {
					a.printf("%s is a member of %s with role %s.\n", r.User, r.Org, r.Role)
				})
			})
		},
	}
}

func (a *app) memberList() *cobra.Command {
	return &cobra.Command{
		Use: "list ORG", Short: "List the members of an organization", Args: args("ORG"),
		Example: "  ambit admin member list acme",
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.withHub(false, func(h *connection) error {
				list, err := h.Members(a.ctx, argv[0])
				if err != nil {
					return err
				}
				return a.print(list, func() {
					var rows [][]string
					for _, m := range list {
						rows = append(rows, []string{m.User, m.Role, day(m.Since), m.FullName})
					}
					a.table("USER ROLE SINCE FULL-NAME", rows)
				})
			})
		},
	}
}

func (a *app) memberRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove ORG USER", Short: "Remove a member from an organization", Args: args("ORG", "USER"),
		Example: "  ambit admin member remove acme bob",
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.withHub(false, func(h *connection) error {
				return done(a, h, operatorapi.MemberRemove, operatorapi.SetMember{Org: argv[0], User: argv[1]},
					argv[1]+" is no longer a member of "+argv[0]+".")
			})
		},
	}
}
