package cli

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

func (a *app) adminService() *cobra.Command {
	c := group(&cobra.Command{
		Use:   "service-account",
		Short: "Manage the service accounts of organizations",
		Long: `Manage service accounts: identities that belong to an organization and to no person. They have no password, no seat and
no role; what they may do is what their tokens carry.`,
		Example: `  ambit admin service-account create acme ci
  ambit admin service-account issue acme 0198f3a1c2d4e5f60718293a --permission repo.write --expires 90d`,
	})
	c.AddCommand(a.serviceCreate(), a.serviceList(), a.serviceShow(), a.serviceDelete(), a.serviceIssue(), a.serviceRotate(), a.serviceEnd())
	return c
}

func (a *app) serviceCreate() *cobra.Command {
	var s operatorapi.ServiceCall
	c := &cobra.Command{
		Use: "create ORG NAME", Short: "Create a service account", Args: args("ORG", "NAME"),
		Example: `  ambit admin service-account create acme ci --description "builds and publishes"`,
		RunE: func(_ *cobra.Command, argv []string) error {
			s.Org, s.Name = argv[0], argv[1]
			return a.withHub(false, func(h *connection) error { return call(a, h, operatorapi.ServiceNew, s, a.printService) })
		},
	}
	c.Flags().StringVar(&s.Description, "description", "", "what it is for")
	return c
}

func (a *app) serviceList() *cobra.Command {
	return &cobra.Command{
		Use: "list ORG", Short: "List the service accounts of an organization", Args: args("ORG"),
		Example: "  ambit admin service-account list acme",
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.withHub(false, func(h *connection) error {
				var p operatorapi.ServiceAccounts
				if err := h.Do(a.ctx, operatorapi.ServiceList, operatorapi.Name{Name: argv[0]}, &p); err != nil {
					return err
				}
				return a.print(p.Items, func() {
					var rows [][]string
					for _, s := range p.Items {
						rows = append(rows, []string{string(s.ID), s.Name, count(len(s.Tokens)), day(s.CreatedAt), s.Description})
					}
					a.table("ID NAME TOKENS CREATED DESCRIPTION", rows)
				})
			})
		},
	}
}

func (a *app) serviceShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ORG ID", Short: "Show a service account with its tokens", Args: args("ORG", "ID"),
		Example: "  ambit admin service-account show acme 0198f3a1c2d4e5f60718293a",
		RunE: func(_ *cobra.Command, argv []string) error {
			s := operatorapi.ServiceCall{Org: argv[0], ID: hub.ID(argv[1])}
			return a.withHub(false, func(h *connection) error { return call(a, h, operatorapi.ServiceShow, s, a.printService) })
		},
	}
}

func (a *app) printService(s operatorapi.ServiceAccount) {
	a.printf("name     %s\nid       %s\ncreated  %s\n", s.Name, s.ID, day(s.CreatedAt))
	for _, t := range s.Tokens {
		a.printf("token    %s …%s %q: %s; expires %s, last used %s; signs %s\n", t.ID, t.Last4, t.Name, joinPermissions(t.Permissions), optionalTime(t.ExpiresAt), optionalTime(t.LastUsedAt), joinSigns(t.Signs))
	}
}

func (a *app) serviceDelete() *cobra.Command {
	yes := false
	c := &cobra.Command{
		Use: "delete ORG ID", Short: "Delete a service account with its tokens", Args: args("ORG", "ID"),
		Example: "  ambit admin service-account delete acme 0198f3a1c2d4e5f60718293a --yes",
		RunE: func(c *cobra.Command, argv []string) error {
			if !yes {
				return &usageError{c.CommandPath(), "this cannot be undone: add --yes"}
			}
			s := operatorapi.ServiceCall{Org: argv[0], ID: hub.ID(argv[1])}
			return a.withHub(false, func(h *connection) error { return done(a, h, operatorapi.ServiceDelete, s, "Service account deleted.") })
		},
	}
	yesFlag(c, &yes)
	return c
}

func (a *app) serviceIssue() *cobra.Command {
	var s operatorapi.ServiceCall
	var permissionNames, repoPermissions []string
	expires := ""
	c := &cobra.Command{
		Use: "issue ORG ID", Short: "Make a token of a service account and print its value, once", Args: args("ORG", "ID"),
		Long: `Make a token of a service account and print its value, alone on the last line (with --json: the field "token").
Permissions hold in the whole organization; on the repositories named with --repo the --repo-permission ones hold in their place.

  --permission:      ` + joinPermissions(hub.ServicePermissions) + `
  --repo-permission: ` + joinPermissions(hub.ServiceRepoPermissions),
		Example: `  ambit admin service-account issue acme 0198f3a1c2d4e5f60718293a --name ci --permission repo.content.read --expires 90d
  ambit admin service-account issue acme 0198f3a1c2d4e5f60718293a --repo model:acme/bert --repo-permission repo.write`,
		RunE: func(c *cobra.Command, argv []string) (err error) {
			s.Org, s.ID = argv[0], hub.ID(argv[1])
			s.Permissions, s.RepoPermissions = permissions(permissionNames), permissions(repoPermissions)
			if s.ExpiresAt, s.Never, err = parseNewExpiry(c, expires); err != nil {
				return err
			}
			return a.withHub(false, func(h *connection) error { return call(a, h, operatorapi.ServiceIssue, s, a.printServiceToken) })
		},
	}
	f := c.Flags()
	f.StringVar(&s.Name, "name", "", "what uses it, for people")
	f.StringSliceVar(&permissionNames, "permission", nil, "permissions in the whole organization")
	f.StringArrayVar(&s.Repos, "repo", nil, "repository with permissions of its own, model:NAMESPACE/NAME (may be repeated)")
	f.StringSliceVar(&repoPermissions, "repo-permission", nil, "permissions on the named repositories")
	f.StringArrayVar(&s.EndpointPatterns, "endpoint", nil, "inference endpoints that it reaches, with wildcards (default: all)")
	f.BoolVar(&s.SkipNetwork, "skip-network", false, "the organization's address ranges do not bind it")
	f.StringVar(&expires, "expires", "", "lifetime such as 30d, a time such as 2027-01-31T00:00:00Z, or never (default: what is usual)")
	return c
}

func (a *app) printServiceToken(t operatorapi.ServiceToken) {
	name := strings.TrimSpace(t.Name)
	a.printf("Token %s %q. Its value is shown only now:\n%s\n", t.ID, name, t.Value)
}

func (a *app) serviceRotate() *cobra.Command {
	overlap, expires := "", ""
	c := &cobra.Command{
		Use: "rotate ORG ID TOKEN", Short: "Give a token of a service account a new value; the old one stops at once, or after an overlap", Args: args("ORG", "ID", "TOKEN"),
		Example: `  ambit admin service-account rotate acme 0198f3a1c2d4e5f60718293a 0198f3a1c2d4e5f60718293b
  ambit admin service-account rotate acme 0198f3a1c2d4e5f60718293a 0198f3a1c2d4e5f60718293b --overlap 1d --expires 90d`,
		RunE: func(c *cobra.Command, argv []string) (err error) {
			s := operatorapi.ServiceCall{Org: argv[0], ID: hub.ID(argv[1]), Token: hub.ID(argv[2])}
			if overlap != "" {
				d, err := config.ParseDuration(overlap)
				if err != nil {
					return &usageError{c.CommandPath(), "--overlap: " + err.Error()}
				}
				s.Overlap = int64(d / time.Second)
			}
			if s.ExpiresAt, s.Never, err = parseNewExpiry(c, expires); err != nil {
				return err
			}
			return a.withHub(false, func(h *connection) error { return call(a, h, operatorapi.ServiceRotate, s, a.printServiceToken) })
		},
	}
	c.Flags().StringVar(&overlap, "overlap", "", "how long the old value still works, such as 12h or 7d (default: not at all)")
	newExpiryFlag(c, &expires)
	return c
}

func (a *app) serviceEnd() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ORG ID TOKEN", Short: "End a token of a service account for good", Args: args("ORG", "ID", "TOKEN"),
		Example: "  ambit admin service-account revoke acme 0198f3a1c2d4e5f60718293a 0198f3a1c2d4e5f60718293b",
		RunE: func(_ *cobra.Command, argv []string) error {
			s := operatorapi.ServiceCall{Org: argv[0], ID: hub.ID(argv[1]), Token: hub.ID(argv[2])}
			return a.withHub(false, func(h *connection) error { return done(a, h, operatorapi.ServiceEnd, s, "Token ended.") })
		},
	}
}
