package cli

import (
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

func (a *app) adminReview() *cobra.Command {
	c := group(&cobra.Command{
		Use:     "token-review",
		Short:   "Review the tokens that have access to an organization",
		Example: "  ambit admin token-review list acme --state pending",
	})
	c.AddCommand(a.reviewList(), a.reviewDecide("approve", hub.TokenApproved, "Let a pending or denied token in"),
		a.reviewDecide("deny", hub.TokenDenied, "Keep a pending or approved token out"), a.reviewRevoke())
	return c
}

func (a *app) reviewList() *cobra.Command {
	var q operatorapi.ReviewQuery
	var kind, state, unused, permission string
	c := &cobra.Command{
		Use: "list ORG", Short: "List the tokens that have access to an organization", Args: args("ORG"),
		Long: `List the tokens that have access to an organization: the unscoped ones of its members, and those with a scope there.
Signs worth a look: unused (for 90 days), never_rotated (for 180 days), over_broad, expiring (within a week), no_expiry,
too_long (lives longer than the organization lets new ones live).`,
		Example: `  ambit admin token-review list acme --state pending
  ambit admin token-review list acme --unused 90d --kind write
  ambit admin token-review list acme --sign unused
  ambit admin token-review list acme --permission repo.write --json`,
		RunE: func(c *cobra.Command, argv []string) (err error) {
			q.Org, q.State, q.Carries = argv[0], hub.TokenState(state), hub.Permission(permission)
			if kind != "" {
				if q.Kind, err = hub.ParseTokenKind(kind); err != nil {
					return err
				}
			}
			if state != "" {
				if q.State, err = hub.ParseTokenState(state); err != nil {
					return err
				}
			}
			if unused != "" {
				d, err := config.ParseDuration(unused)
				if err != nil || d <= 0 {
					return &usageError{c.CommandPath(), "--unused is a time such as 90d"}
				}
				at := time.Now().Add(-d).UTC()
				q.UnusedSince = &at
			}
			return a.withHub(false, func(h *connection) error {
				list, err := h.ReviewedTokens(a.ctx, q)
				if err != nil {
					return err
				}
				return a.print(list, func() {
					var rows [][]string
					for _, t := range list {
						rows = append(rows, []string{string(t.ID), t.User, t.Role, kindText(t.Kind), "…" + t.Last4, string(t.State), optionalTime(t.LastUsedAt), joinSigns(t.Signs)})
					}
					a.table("ID OWNER ROLE KIND VALUE STATE LAST-USED SIGNS", rows)
				})
			})
		},
	}
	f := c.Flags()
	f.StringVar(&q.Owner, "owner", "", "only tokens of this user")
	f.StringVar(&kind, "kind", "", "only read, write or fine-grained tokens")
	f.StringVar(&state, "state", "", "only none, pending, approved, denied or revoked tokens")
	f.BoolVar(&q.Revoked, "revoked", false, "also those that the organization revoked")
	f.StringVar(&unused, "unused", "", "only tokens that were not used for this long, such as 90d")
	f.StringVar((*string)(&q.Sign), "sign", "", "only tokens with this sign")
	f.StringVar(&permission, "permission", "", "only tokens that carry this permission there")
	return c
}

func (a *app) reviewDecide(verb string, to hub.TokenState, short string) *cobra.Command {
	d := operatorapi.DecideToken{To: to}
	c := &cobra.Command{
		Use: verb + " ORG ID", Short: short, Args: args("ORG", "ID"),
		Long: short + `. With --seen, which takes the version that "list --json" showed, the token is left alone if its owner
changed it since.`,
		Example: "  ambit admin token-review " + verb + " acme 0198f3a1c2d4e5f60718293a",
		RunE: func(_ *cobra.Command, argv []string) error {
			d.Org, d.ID = argv[0], hub.ID(argv[1])
			return a.withHub(false, func(h *connection) error { return call(a, h, operatorapi.ReviewDecide, d, a.printDecided) })
		},
	}
	c.Flags().StringVar(&d.Reason, "reason", "", "told to the owner")
	c.Flags().Int64Var(&d.Seen, "seen", 0, "only the token as it was in this version")
	return c
}

func (a *app) printDecided(t operatorapi.ReviewedToken) {
	if t.ID == "" {
		a.printf("The token is %s.\n", t.State)
		return
	}
	a.printf("Token %s (…%s) of %s is %s.\n", t.ID, t.Last4, t.User, t.State)
}

func (a *app) reviewRevoke() *cobra.Command {
	d := operatorapi.DecideToken{To: hub.TokenRevoked}
	stdin := false
	c := &cobra.Command{
		Use: "revoke ORG [ID]", Short: "Take a token's access to an organization, for good",
		Long: `Take a token's access to an organization, for good: nothing undoes it, and the owner needs a new token. The token
keeps working elsewhere. With --value-stdin the token is named by its value, which is read from standard input.`,
		Example: `  ambit admin token-review revoke acme 0198f3a1c2d4e5f60718293a --reason "found in a log"
  ambit admin token-review revoke acme --value-stdin < found.txt`,
		Args: func(c *cobra.Command, got []string) error {
			if stdin {
				return args("ORG")(c, got)
			}
			return args("ORG", "ID")(c, got)
		},
		RunE: func(_ *cobra.Command, argv []string) error {
			d.Org = argv[0]
			if !stdin {
				d.ID = hub.ID(argv[1])
			} else {
				b, err := io.ReadAll(io.LimitReader(a.in, 1024))
				if err != nil {
					return err
				}
				if d.Value = strings.TrimSpace(string(b)); d.Value == "" {
					return hub.Errorf(hub.InvalidInput, "There is no value on standard input.")
				}
			}
			return a.withHub(false, func(h *connection) error { return call(a, h, operatorapi.ReviewDecide, d, a.printDecided) })
		},
	}
	c.Flags().StringVar(&d.Reason, "reason", "", "told to the owner")
	c.Flags().BoolVar(&stdin, "value-stdin", false, "read the token's value from standard input")
	return c
}
