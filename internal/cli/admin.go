package cli

import "github.com/spf13/cobra"

func (a *app) admin() *cobra.Command {
	c := group(&cobra.Command{
		Use:   "admin",
		Short: "Manage users, organizations and who may do what in them",
		Long: `Manage users, organizations, their members, policies, resource groups, gates and service accounts on the hub in
a data folder.

If that hub runs, the command talks to it over the socket admin.sock in the folder: who may open the socket is
its operator. If it does not run, the command opens the folder itself. Both leave the same audit events.`,
		Example: `  ambit admin user create alice --email alice@example.org --admin
  ambit admin org create acme --admin alice
  ambit admin member set acme bob write`,
	})
	a.dataFlags(c)
	a.jsonFlag(c)
	c.AddCommand(a.adminUser(), a.adminOrg(), a.adminMember(), a.adminPolicy(), a.adminReview(), a.adminGroup(), a.adminGate(), a.adminService(), a.adminSSHKey())
	return c
}
