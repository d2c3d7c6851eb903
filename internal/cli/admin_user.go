package cli

import (
	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

func (a *app) adminUser() *cobra.Command {
	c := group(&cobra.Command{
		Use:     "user",
		Short:   "Manage user accounts",
		Example: "  ambit admin user list\n  ambit admin user suspend bob",
	})
	c.AddCommand(a.userCreate(), a.userList(), a.userShow(), a.userEdit(), a.userSetPassword(),
		a.userVerb("suspend", operatorapi.UserSuspend, "Refuse every credential of a user, at once", "suspended", false),
		a.userVerb("resume", operatorapi.UserResume, "Let a suspended user in again", "may sign in again", false),
		a.userVerb("delete", operatorapi.UserDelete, "Delete a user who owns no repositories; tokens and memberships go too", "deleted", true))
	return c
}

func (a *app) userCreate() *cobra.Command {
	var u operatorapi.NewUser
	var passwordStdin bool
	c := &cobra.Command{
		Use:   "create NAME",
		Short: "Create a user",
		Long: `Create a user. Without --password-stdin the account has no password: it can be used through tokens
made with 'ambit token create', and a password can be set later.`,
		Example: `  ambit admin user create alice --full-name "Alice A." --email alice@example.org --admin
  ambit admin user create bob --password-stdin < password.txt`,
		Args: args("NAME"),
		RunE: func(c *cobra.Command, argv []string) error {
			u.Name = argv[0]
			if passwordStdin {
				var err error
				if u.Password, err = a.readPassword(); err != nil {
					return err
				}
			}
			return a.withHub(true, func(h *connection) error {
				return call(a, h, operatorapi.UserCreate, u, func(r operatorapi.User) {
					a.printf("Created user %s.\n", r.Name)
					if !r.Password {
						a.printf("Next: ambit token create --user %s --name NAME --kind write\n", r.Name)
					}
				})
			})
		},
	}
	c.Flags().StringVar(&u.Email, "email", "", "e-mail address")
	c.Flags().StringVar(&u.FullName, "full-name", "", "name as shown to people")
	c.Flags().BoolVar(&u.Admin, "admin", false, "make the user an administrator of this hub")
	c.Flags().BoolVar(&passwordStdin, "password-stdin", false, "read the password from the first line of standard input")
	return c
}

func (a *app) userList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List all users", Args: args(),
		Example: "  ambit admin user list --json",
		RunE: func(*cobra.Command, []string) error {
			return a.withHub(false, func(h *connection) error {
				list, err := h.Users(a.ctx)
				if err != nil {
					return err
				}
				return a.print(list, func() {
					var rows [][]string
					for _, u := range list {
						rows = append(rows, []string{u.Name, mark(u.Admin, "admin"), mark(u.Suspended, "suspended"), day(u.CreatedAt), u.FullName})
					}
					a.table("NAME ADMIN STATE CREATED FULL-NAME", rows)
				})
			})
		},
	}
}

func (a *app) userShow() *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show one user and the organizations he is in", Args: args("NAME"),
		Example: "  ambit admin user show alice",
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.withHub(false, func(h *connection) error {
				return call(a, h, operatorapi.UserShow, operatorapi.Name{Name: argv[0]}, func(u operatorapi.User) {
					a.printf("name       %s\nid         %s\nfull name  %s\ne-mail     %s\nadmin      %s\nstate      %s\npassword   %s\ncreated    %s\n",
						u.Name, u.ID, u.FullName, u.Email, mark(u.Admin, "yes"), stateOf(u), mark(u.Password, "set"), day(u.CreatedAt))
					for _, o := range u.Orgs {
						a.printf("member     %s (%s)\n", o.Org, o.Role)
					}
				})
			})
		},
	}
}

func stateOf(u operatorapi.User) string {
	if u.Suspended {
		return "suspended"
	}
	return "active"
}

func (a *app) userSetPassword() *cobra.Command {
	return &cobra.Command{
		Use: "set-password NAME", Short: "Set a user's password, read from standard input", Args: args("NAME"),
		Long:    "Set a user's password, read from the first line of standard input. Browser sessions of the user end.",
		Example: "  ambit admin user set-password bob < password.txt",
		RunE: func(_ *cobra.Command, argv []string) error {
			p, err := a.readPassword()
			if err != nil {
				return err
			}
			return a.withHub(false, func(h *connection) error {
				return done(a, h, operatorapi.UserSetPassword, operatorapi.SetPassword{Name: argv[0], Password: p}, "Password of "+argv[0]+" is set.")
			})
		},
	}
}

// userVerb is a command that does one thing to one user.
func (a *app) userVerb(verb string, name operatorapi.Call, short, result string, confirm bool) *cobra.Command {
	yes := false
	c := &cobra.Command{
		Use: verb + " NAME", Short: short, Args: args("NAME"),
		Example: "  ambit admin user " + verb + " bob" + yesExample(confirm),
		RunE: func(c *cobra.Command, argv []string) error {
			if confirm && !yes {
				return &usageError{c.CommandPath(), "this cannot be undone: add --yes"}
			}
			return a.withHub(false, func(h *connection) error {
				return done(a, h, name, operatorapi.Name{Name: argv[0]}, "User "+argv[0]+" "+result+".")
			})
		},
	}
	if confirm {
		yesFlag(c, &yes)
	}
	return c
}

func yesFlag(c *cobra.Command, yes *bool) {
	c.Flags().BoolVarP(yes, "yes", "y", false, "do it: this cannot be undone")
}

func yesExample(confirm bool) string {
	if confirm {
		return " --yes"
	}
	return ""
}
