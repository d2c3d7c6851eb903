package cli

import (
	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

func (a *app) userEdit() *cobra.Command {
	var fullName, email string
	var admin bool
	c := &cobra.Command{
		Use: "edit NAME", Short: "Change a user's full name or e-mail, or make him an administrator", Args: args("NAME"),
		Long: "Change what is named: a user's full name or e-mail address, or whether he administers the hub.",
		Example: `  ambit admin user edit alice --email alice@example.org
  ambit admin user edit bob --admin=false`,
		RunE: func(c *cobra.Command, argv []string) error {
			e := operatorapi.EditUser{Name: argv[0]}
			changed := c.Flags().Changed
			if changed("full-name") {
				e.FullName = &fullName
			}
			if changed("email") {
				e.Email = &email
			}
			if changed("admin") {
				e.Admin = &admin
			}
			if e == (operatorapi.EditUser{Name: e.Name}) {
				return &usageError{c.CommandPath(), "nothing to change"}
			}
			return a.withHub(false, func(h *connection) error {
				return call(a, h, operatorapi.UserEdit, e, func(u operatorapi.User) { a.printf("Changed user %s.\n", u.Name) })
			})
		},
	}
	c.Flags().StringVar(&fullName, "full-name", "", "name as shown to people")
	c.Flags().StringVar(&email, "email", "", "e-mail address")
	c.Flags().BoolVar(&admin, "admin", false, "whether the user administers this hub")
	return c
}

func (a *app) orgEdit() *cobra.Command {
	var fullName, email, visibility string
	c := &cobra.Command{
		Use: "edit NAME", Short: "Change an organization's full name, e-mail or default visibility", Args: args("NAME"),
		Long:    "Change what is named: an organization's full name or e-mail address, or the visibility of repositories that are made without one.",
		Example: "  ambit admin org edit acme --default-visibility private",
		RunE: func(c *cobra.Command, argv []string) error {
			e := operatorapi.EditOrg{Name: argv[0]}
			changed := c.Flags().Changed
			if changed("full-name") {
				e.FullName = &fullName
			}
			if changed("email") {
				e.Email = &email
			}
			if changed("default-visibility") {
				v := hub.Visibility(visibility)
				e.DefaultVisibility = &v
			}
			if e == (operatorapi.EditOrg{Name: e.Name}) {
				return &usageError{c.CommandPath(), "nothing to change"}
			}
			return a.withHub(false, func(h *connection) error {
				return call(a, h, operatorapi.OrgEdit, e, func(o operatorapi.Org) { a.printf("Changed organization %s.\n", o.Name) })
			})
		},
	}
	c.Flags().StringVar(&fullName, "full-name", "", "name as shown to people")
	c.Flags().StringVar(&email, "email", "", "e-mail address")
	c.Flags().StringVar(&visibility, "default-visibility", "", "public or private")
	return c
}
