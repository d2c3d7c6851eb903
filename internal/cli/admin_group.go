package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

func (a *app) adminGroup() *cobra.Command {
	c := group(&cobra.Command{
		Use:   "group",
		Short: "Manage the resource groups of organizations",
		Long: `Manage resource groups: parts of an organization's repositories in which roles of their own hold. Private repositories
of a group are seen by its members and the organization's admins alone. A GROUP is named by its name or id.`,
		Example: "  ambit admin group create acme lab --member carol=write",
	})
	c.AddCommand(a.groupCreate(), a.groupList(), a.groupShow(), a.groupEdit(), a.groupDelete(),
		a.groupMember("add", operatorapi.GroupAdd, "Add members of the organization to a group"),
		a.groupMember("set", operatorapi.GroupRole, "Change roles in a group"), a.groupRemove(), a.groupAssign())
	return c
}

// parseMembers reads USER=ROLE words.
func parseMembers(c *cobra.Command, words []string) ([]operatorapi.GroupMember, error) {
	out := []operatorapi.GroupMember{}
	for _, w := range words {
		user, role, ok := strings.Cut(w, "=")
		if !ok {
			return nil, &usageError{c.CommandPath(), "\"" + w + "\" is not USER=ROLE"}
		}
		out = append(out, operatorapi.GroupMember{User: user, Role: role})
	}
	return out, nil
}

// autoJoinFlag reads "off" or SCOPE=ROLE.
func autoJoin(c *cobra.Command, word string, g *operatorapi.GroupCall) error {
	off := ""
	if word == "off" {
		g.AutoJoin = &off
		return nil
	}
	scope, role, ok := strings.Cut(word, "=")
	if !ok {
		return &usageError{c.CommandPath(), "--auto-join is off, all=ROLE or read_plus=ROLE"}
	}
	g.AutoJoin, g.AutoRole = &scope, role
	return nil
}

const autoJoinUsage = "who joins without being added: all=ROLE, read_plus=ROLE or off, which removes nobody"

func (a *app) groupCreate() *cobra.Command {
	var g operatorapi.GroupCall
	var members []string
	var description, join string
	c := &cobra.Command{
		Use: "create ORG NAME", Short: "Create a resource group", Args: args("ORG", "NAME"),
		Example: "  ambit admin group create acme lab --member carol=write --member dave=admin",
		RunE: func(c *cobra.Command, argv []string) (err error) {
			g.Org, g.Group, g.Description = argv[0], argv[1], &description
			if g.Members, err = parseMembers(c, members); err != nil {
				return err
			}
			if join != "" {
				if err := autoJoin(c, join, &g); err != nil {
					return err
				}
			}
			return a.withHub(false, func(h *connection) error { return call(a, h, operatorapi.GroupNew, g, a.printGroup) })
		},
	}
	c.Flags().StringArrayVar(&members, "member", nil, "USER=ROLE (may be repeated)")
	c.Flags().StringVar(&description, "description", "", "what it is for")
	c.Flags().StringVar(&join, "auto-join", "", autoJoinUsage)
	return c
}

func (a *app) groupList() *cobra.Command {
	return &cobra.Command{
		Use: "list ORG", Short: "List the resource groups of an organization", Args: args("ORG"),
		Example: "  ambit admin group list acme --json",
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.withHub(false, func(h *connection) error {
				var p operatorapi.Groups
				if err := h.Do(a.ctx, operatorapi.GroupList, operatorapi.Name{Name: argv[0]}, &p); err != nil {
					return err
				}
				return a.print(p.Items, func() {
					var rows [][]string
					for _, g := range p.Items {
						rows = append(rows, []string{string(g.ID), g.Name, count(len(g.Members)), count(len(g.Repos)), g.AutoJoin + " " + g.AutoRole})
					}
					a.table("ID NAME MEMBERS REPOSITORIES AUTO-JOIN", rows)
				})
			})
		},
	}
}

func (a *app) groupShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ORG GROUP", Short: "Show one resource group", Args: args("ORG", "GROUP"),
		Example: "  ambit admin group show acme lab",
		RunE: func(_ *cobra.Command, argv []string) error {
			g := operatorapi.GroupCall{Org: argv[0], Group: argv[1]}
			return a.withHub(false, func(h *connection) error { return call(a, h, operatorapi.GroupShow, g, a.printGroup) })
		},
	}
}

func (a *app) printGroup(g operatorapi.Group) {
	a.printf("name        %s\nid          %s\n", g.Name, g.ID)
	if g.Description != "" {
		a.printf("for         %s\n", g.Description)
	}
	if g.AutoJoin != "" {
		a.printf("auto-join   %s as %s\n", g.AutoJoin, g.AutoRole)
	}
	for _, m := range g.Members {
		a.printf("member      %s (%s)\n", m.User, m.Role)
	}
	for _, r := range g.Repos {
		a.printf("repository  %s\n", r)
	}
}

func (a *app) groupEdit() *cobra.Command {
	var name, description, join string
	c := &cobra.Command{
		Use: "edit ORG GROUP", Short: "Change a resource group's name, description or automatic joining", Args: args("ORG", "GROUP"),
		Example: "  ambit admin group edit acme lab --auto-join read_plus=read",
		RunE: func(c *cobra.Command, argv []string) error {
			g := operatorapi.GroupCall{Org: argv[0], Group: argv[1]}
			changed := c.Flags().Changed
			if changed("name") {
				g.Name = &name
			}
			if changed("description") {
				g.Description = &description
			}
			if changed("auto-join") {
				if err := autoJoin(c, join, &g); err != nil {
					return err
				}
			}
			if c.Flags().NFlag() == 0 {
				return &usageError{c.CommandPath(), "nothing to change"}
			}
			return a.withHub(false, func(h *connection) error { return call(a, h, operatorapi.GroupEdit, g, a.printGroup) })
		},
	}
	c.Flags().StringVar(&name, "name", "", "new name")
	c.Flags().StringVar(&description, "description", "", "what it is for")
	c.Flags().StringVar(&join, "auto-join", "", autoJoinUsage)
	return c
}

func (a *app) groupDelete() *cobra.Command {
	yes := false
	c := &cobra.Command{
		Use: "delete ORG GROUP", Short: "Delete a resource group without repositories", Args: args("ORG", "GROUP"),
		Example: "  ambit admin group delete acme lab --yes",
		RunE: func(c *cobra.Command, argv []string) error {
			if !yes {
				return &usageError{c.CommandPath(), "this cannot be undone: add --yes"}
			}
			g := operatorapi.GroupCall{Org: argv[0], Group: argv[1]}
			return a.withHub(false, func(h *connection) error {
				return done(a, h, operatorapi.GroupDelete, g, "Resource group "+argv[1]+" deleted.")
			})
		},
	}
	yesFlag(c, &yes)
	return c
}

// atLeast demands the named arguments, the last one or more times.
func atLeast(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, got []string) error {
		if len(got) < len(names) {
			return args(names...)(c, got)
		}
		return nil
	}
}

func (a *app) groupMember(verb string, name operatorapi.Call, short string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " ORG GROUP USER=ROLE…", Short: short, Args: atLeast("ORG", "GROUP", "USER=ROLE"),
		Example: "  ambit admin group " + verb + " acme lab carol=write bob=read",
		RunE: func(c *cobra.Command, argv []string) (err error) {
			g := operatorapi.GroupCall{Org: argv[0], Group: argv[1]}
			if g.Members, err = parseMembers(c, argv[2:]); err != nil {
				return err
			}
			return a.withHub(false, func(h *connection) error { return call(a, h, name, g, a.printGroup) })
		},
	}
}

func (a *app) groupRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove ORG GROUP USER…", Short: "Take people out of a resource group", Args: atLeast("ORG", "GROUP", "USER"),
		Example: "  ambit admin group remove acme lab carol",
		RunE: func(_ *cobra.Command, argv []string) error {
			g := operatorapi.GroupCall{Org: argv[0], Group: argv[1]}
			for _, u := range argv[2:] {
				g.Members = append(g.Members, operatorapi.GroupMember{User: u})
			}
			return a.withHub(false, func(h *connection) error { return call(a, h, operatorapi.GroupRemove, g, a.printGroup) })
		},
	}
}

func (a *app) groupAssign() *cobra.Command {
	none := false
	c := &cobra.Command{
		Use: "assign REPO [GROUP]", Short: "Put a repository into a resource group, or with --none into none",
		Example: `  ambit admin group assign model:acme/bert lab
  ambit admin group assign model:acme/bert --none`,
		Args: func(c *cobra.Command, got []string) error {
			if none {
				return args("REPO")(c, got)
			}
			return args("REPO", "GROUP")(c, got)
		},
		RunE: func(_ *cobra.Command, argv []string) error {
			g := operatorapi.GroupCall{Repo: argv[0]}
			line := argv[0] + " is in no resource group."
			if !none {
				g.Group, line = argv[1], argv[0]+" is in resource group "+argv[1]+"."
			}
			return a.withHub(false, func(h *connection) error { return done(a, h, operatorapi.GroupAssign, g, line) })
		},
	}
	c.Flags().BoolVar(&none, "none", false, "take it out of its resource group")
	return c
}
