package cli

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

func (a *app) token() *cobra.Command {
	c := group(&cobra.Command{
		Use:   "token",
		Short: "Manage user access tokens",
		Long: `Manage the access tokens of the users of the hub in a data folder, as its operator. A token's value is printed
once, when it is made or rotated; the hub keeps only a digest of it.`,
		Example: `  ambit token create --user alice --name laptop --kind write
  ambit token list --user alice
  ambit token rotate 0198f3a1c2d4e5f60718293a`,
	})
	a.dataFlags(c)
	a.jsonFlag(c)
	c.AddCommand(a.tokenCreate(), a.tokenList(), a.tokenShow(), a.tokenEdit(), a.tokenRotate(), a.tokenDelete(), a.tokenInsight())
	return c
}

func (a *app) tokenList() *cobra.Command {
	user := ""
	c := &cobra.Command{
		Use: "list", Short: "List tokens, of one user or of all", Args: args(),
		Long: `List tokens, of one user or of all. Signs worth a look: unused (for 90 days), never_rotated (for 180 days), over_broad,
expiring (within a week), no_expiry, too_long (lives longer than the hub lets new ones live).`,
		Example: "  ambit token list --user alice --json",
		RunE: func(*cobra.Command, []string) error {
			return a.withHub(false, func(h *connection) error {
				list, err := h.Tokens(a.ctx, user)
				if err != nil {
					return err
				}
				return a.print(list, func() {
					var rows [][]string
					for _, t := range list {
						rows = append(rows, []string{string(t.ID), t.User, kindText(t.Kind), "…" + t.Last4, t.Status, optionalTime(t.ExpiresAt), optionalTime(t.LastUsedAt), joinSigns(t.Signs), t.Name})
					}
					a.table("ID USER KIND VALUE STATUS EXPIRES LAST-USED SIGNS NAME", rows)
				})
			})
		},
	}
	c.Flags().StringVar(&user, "user", "", "only this user's tokens")
	return c
}

func (a *app) tokenShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show one token and what it may do", Args: args("ID"),
		Example: "  ambit token show 0198f3a1c2d4e5f60718293a",
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.withHub(false, func(h *connection) error {
				return call(a, h, operatorapi.TokenShow, operatorapi.ID{ID: hub.ID(argv[0])}, a.printToken)
			})
		},
	}
}

func (a *app) printToken(t operatorapi.Token) {
	a.printf("id         %s\nname       %s\nuser       %s\nkind       %s\nvalue      …%s\nstatus     %s\ncreated    %s\nrotated    %s\nexpires    %s\nlast used  %s\n",
		t.ID, t.Name, t.User, kindText(t.Kind), t.Last4, t.Status, optionalTime(&t.CreatedAt), optionalTime(t.RotatedAt), optionalTime(t.ExpiresAt), optionalTime(t.LastUsedAt))
	a.printf("signs      %s\n", joinSigns(t.Signs))
	for _, s := range t.Scopes {
		a.printf("scope      %s: %s\n", s.Entity, joinPermissions(s.Permissions))
	}
	if len(t.Global) > 0 {
		a.printf("global     %s\n", joinPermissions(t.Global))
	}
	if t.Kind == hub.TokenFineGrained {
		a.printf("gated      %s\n", mark(t.CanReadGated, "may read gated repositories its owner was let into"))
	}
}

// joinSigns prints signs, a dash for none.
func joinSigns(signs []hub.Sign) string {
	var out []string
	for _, s := range signs {
		out = append(out, string(s))
	}
	return orDash(strings.Join(out, ","))
}

func joinPermissions(ps []hub.Permission) string {
	var out []string
	for _, p := range ps {
		out = append(out, string(p))
	}
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, ", ")
}

func (a *app) tokenRotate() *cobra.Command {
	overlap, expires := "", ""
	c := &cobra.Command{
		Use: "rotate ID", Short: "Give a token a new value; the old one stops working at once, or after an overlap", Args: args("ID"),
		Long: `Give a token a new value, printed on the last line. The old one stops working at once, or with --overlap after that time,
up to seven days; until then each answer to it carries a warning. Name and permissions stay, and the expiry unless --expires
names another one or it has become longer than the hub or an organization allows.`,
		Example: `  ambit token rotate 0198f3a1c2d4e5f60718293a
  ambit token rotate 0198f3a1c2d4e5f60718293a --overlap 1d --expires 90d`,
		RunE: func(c *cobra.Command, argv []string) error {
			n := operatorapi.RotateToken{ID: hub.ID(argv[0])}
			if overlap != "" {
				d, err := config.ParseDuration(overlap)
				if err != nil {
					return &usageError{c.CommandPath(), "--overlap: " + err.Error()}
				}
				n.Overlap = int64(d / time.Second)
			}
			var err error
			if n.ExpiresAt, n.Never, err = parseNewExpiry(c, expires); err != nil {
				return err
			}
			return a.withHub(false, func(h *connection) error {
				return call(a, h, operatorapi.TokenRotate, n, a.printValue)
			})
		},
	}
	c.Flags().StringVar(&overlap, "overlap", "", "how long the old value still works, such as 12h or 7d (default: not at all)")
	newExpiryFlag(c, &expires)
	return c
}

func newExpiryFlag(c *cobra.Command, to *string) {
	c.Flags().StringVar(to, "expires", "", "new expiry: a lifetime such as 30d or 12h, a time such as 2027-01-31T00:00:00Z, or never (default: it stays)")
}

// parseNewExpiry reads such a flag.
func parseNewExpiry(c *cobra.Command, s string) (at *time.Time, never bool, err error) {
	if s == "never" {
		return nil, true, nil
	}
	at, err = parseExpiry(c, s, time.Now())
	return at, false, err
}

// printValue shows a new value alone on the last line, so that scripts can take it with tail -n 1.
func (a *app) printValue(t operatorapi.TokenWithValue) {
	a.printf("Token %q of %s (%s, id %s). Keep the value: it is not shown again.\n%s\n", t.Name, t.User, kindText(t.Kind), t.ID, t.Value)
}

func (a *app) tokenDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "End a token for ever; it stops working at once", Args: args("ID"),
		Example: "  ambit token delete 0198f3a1c2d4e5f60718293a",
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.withHub(false, func(h *connection) error {
				return done(a, h, operatorapi.TokenDelete, operatorapi.ID{ID: hub.ID(argv[0])}, "Token "+argv[0]+" deleted.")
			})
		},
	}
}
