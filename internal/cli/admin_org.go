package cli

import (
	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

func (a *app) adminOrg() *cobra.Command {
	c := group(&cobra.Command{
		Use:     "org",
		Short:   "Manage organizations",
		Example: "  ambit admin org create acme --admin alice",
	})
	c.AddCommand(a.orgCreate(), a.orgList(), a.orgShow(), a.orgEdit(), a.orgDelete())
	return c
}

func (a *app) orgCreate() *cobra.Command {
	var o operatorapi.NewOrg
	c := &cobra.Command{
		Use: "create NAME --admin USER", Short: "Create an organization with its first administrator", Args: args("NAME"),
		Example: `  ambit admin org create acme --admin alice --full-name "Acme Ltd."`,
		RunE: func(c *cobra.Command, argv []string) error {
			o.Name = argv[0]
			if o.Admin == "" {
				return &usageError{c.CommandPath(), "an organization needs an administrator: add --admin USER"}
			}
			return a.withHub(false, func(h *connection) error {
				return call(a, h, operatorapi.OrgCreate, o, func(r operatorapi.Org) {
					a.printf("Created organization %s, administered by %s.\n", r.Name, o.Admin)
				})
			})
		},
	}
	c.Flags().StringVar(&o.Admin, "admin", "", "user who becomes its administrator (required)")
	c.Flags().StringVar(&o.FullName, "full-name", "", "name as shown to people")
	c.Flags().StringVar(&o.Email, "email", "", "e-mail address")
	c.Flags().BoolVar(&o.HideMembers, "hide-members", false, "only members see who is a member (default: everybody)")
	return c
}

func (a *app) orgList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List all organizations", Args: args(),
		Example: "  ambit admin org list --json",
		RunE: func(*cobra.Command, []string) error {
			return a.withHub(false, func(h *connection) error {
				list, err := h.Orgs(a.ctx)
				if err != nil {
					return err
				}
				return a.print(list, func() {
					var rows [][]string
					for _, o := range list {
						rows = append(rows, []string{o.Name, day(o.CreatedAt), o.FullName})
					}
					a.table("NAME CREATED FULL-NAME", rows)
				})
			})
		},
	}
}

func (a *app) orgShow() *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show one organization", Args: args("NAME"),
		Example: "  ambit admin org show acme",
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.withHub(false, func(h *connection) error {
				return call(a, h, operatorapi.OrgShow, operatorapi.Name{Name: argv[0]}, func(o operatorapi.Org) {
					a.printf("name       %s\nid         %s\nfull name  %s\ne-mail     %s\nmembers    %d\ndefault    %s\ncreated    %s\n",
						o.Name, o.ID, o.FullName, o.Email, o.Members, o.Default, day(o.CreatedAt))
				})
			})
		},
	}
}

func (a *app) orgDelete() *cobra.Command {
	yes := false
	c := &cobra.Command{
		Use: "delete NAME", Short: "Delete an organization that owns no repositories", Args: args("NAME"),
		Example: "  ambit admin org delete acme --yes",
		RunE: func(c *cobra.Command, argv []string) error {
			if !yes {
				return &usageError{c.CommandPath(), "this cannot be undone: add --yes"}
			}
			return a.withHub(false, func(h *connection) error {
				return done(a, h, operatorapi.OrgDelete, operatorapi.Name{Name: argv[0]}, "Organization "+argv[0]+" deleted.")
			})
		},
	}
	yesFlag(c, &yes)
	return c
}
