package cli

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

func count(n int) string { return strconv.Itoa(n) }

func (a *app) adminGate() *cobra.Command {
	c := group(&cobra.Command{
		Use:     "gate",
		Short:   "Manage who is let into gated repositories",
		Long:    "Manage who is let into gated repositories. A REPO is written model:NAMESPACE/NAME or dataset:NAMESPACE/NAME.",
		Example: "  ambit admin gate list model:acme/bert --state pending",
	})
	c.AddCommand(a.gateList(), a.gateDecide("accept", hub.GateAccepted, "Let in a person who asked"),
		a.gateDecide("reject", hub.GateRejected, "Reject a person, whatever was decided before"),
		a.gateDecide("undo", hub.GatePending, "Put a decided request back to pending, which ends the access"),
		a.gateDecide("reset", hub.GateReset, "Let a person ask again"),
		a.gateGrant(), a.gateAdmit(), a.gateAdmitted(), a.gateDismiss())
	return c
}

func (a *app) gateList() *cobra.Command {
	var g operatorapi.GateCall
	state := ""
	c := &cobra.Command{
		Use: "list REPO", Short: "List who asked for access or was let in", Args: args("REPO"),
		Example: "  ambit admin gate list model:acme/bert --state pending",
		RunE: func(_ *cobra.Command, argv []string) error {
			g.Repo, g.State = argv[0], hub.GateState(state)
			return a.withHub(false, func(h *connection) error {
				list, err := h.GateRequests(a.ctx, g)
				if err != nil {
					return err
				}
				return a.printGates(list)
			})
		},
	}
	c.Flags().StringVar(&state, "state", "", "only pending, accepted, rejected or reset requests")
	return c
}

func (a *app) printGates(list []operatorapi.GateEntry) error {
	return a.print(list, func() {
		var rows [][]string
		for _, x := range list {
			rows = append(rows, []string{string(x.ID), string(x.Kind), x.Name, string(x.State), day(x.At), optionalTime(x.Until), x.Reviewer})
		}
		a.table("ID KIND NAME STATE SINCE UNTIL BY", rows)
	})
}

// gateCommand completes a command that changes who is let in: line is printed after it, with the person's name.
func (a *app) gateCommand(c *cobra.Command, name operatorapi.Call, g *operatorapi.GateCall, fill func(argv []string) (line string)) *cobra.Command {
	until := ""
	c.RunE = func(c *cobra.Command, argv []string) (err error) {
		g.Repo = argv[0]
		line := fill(argv)
		if g.Until, err = parseExpiry(c, until, time.Now()); err != nil {
			return err
		}
		return a.withHub(false, func(h *connection) error { return done(a, h, name, *g, line) })
	}
	if name != operatorapi.GateDismiss && (name != operatorapi.GateDecide || g.State == hub.GateAccepted) {
		c.Flags().StringVar(&until, "until", "", "end of the access: a time from now such as 30d, or an instant (default: none)")
	}
	return c
}

func (a *app) gateDecide(verb string, to hub.GateState, short string) *cobra.Command {
	g := &operatorapi.GateCall{State: to}
	c := a.gateCommand(&cobra.Command{
		Use: verb + " REPO USER", Short: short, Args: args("REPO", "USER"),
		Example: "  ambit admin gate " + verb + " model:acme/bert dana",
	}, operatorapi.GateDecide, g, func(argv []string) string {
		g.User = argv[1]
		return "The request of " + argv[1] + " is " + string(to) + "."
	})
	if to == hub.GateRejected || to == hub.GateReset {
		c.Flags().StringVar(&g.Reason, "reason", "", "told to the person")
	}
	return c
}

func (a *app) gateGrant() *cobra.Command {
	g := &operatorapi.GateCall{}
	return a.gateCommand(&cobra.Command{
		Use: "grant REPO USER", Short: "Let in a person who did not ask", Args: args("REPO", "USER"),
		Example: "  ambit admin gate grant model:acme/bert dana --until 90d",
	}, operatorapi.GateGrant, g, func(argv []string) string {
		g.User = argv[1]
		return argv[1] + " may read " + argv[0] + "."
	})
}

func (a *app) gateAdmit() *cobra.Command {
	g := &operatorapi.GateCall{}
	kind := ""
	c := a.gateCommand(&cobra.Command{
		Use: "admit REPO NAME", Short: "Let in an organization, a resource group or a service account", Args: args("REPO", "NAME"),
		Long: `Let in all members of an organization, all members of a resource group of the repository's organization (by name), or a
service account (by id).`,
		Example: `  ambit admin gate admit model:acme/bert beta --kind org --until 1y
  ambit admin gate admit model:acme/bert lab --kind group`,
	}, operatorapi.GateAdmit, g, func(argv []string) string {
		g.Kind, g.Name = hub.GateSubject(kind), argv[1]
		if g.Kind == hub.GateService {
			g.ID, g.Name = hub.ID(argv[1]), ""
		}
		return argv[1] + " may read " + argv[0] + "."
	})
	c.Flags().StringVar(&kind, "kind", "org", "org, group or service")
	return c
}

func (a *app) gateAdmitted() *cobra.Command {
	return &cobra.Command{
		Use: "admitted REPO", Short: "List what was let in besides persons", Args: args("REPO"),
		Example: "  ambit admin gate admitted model:acme/bert",
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.withHub(false, func(h *connection) error {
				var p operatorapi.GateEntries
				if err := h.Do(a.ctx, operatorapi.GateAdmitted, operatorapi.GateCall{Repo: argv[0]}, &p); err != nil {
					return err
				}
				return a.printGates(p.Items)
			})
		},
	}
}

func (a *app) gateDismiss() *cobra.Command {
	g := &operatorapi.GateCall{}
	return a.gateCommand(&cobra.Command{
		Use: "dismiss REPO ID", Short: "End an admission", Args: args("REPO", "ID"),
		Example: "  ambit admin gate dismiss model:acme/bert 0198f3a1c2d4e5f60718293a",
	}, operatorapi.GateDismiss, g, func(argv []string) string {
		g.ID = hub.ID(argv[1])
		return "The admission has ended."
	})
}
