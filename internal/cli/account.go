package cli

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/client"
	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

func (a *app) account() *cobra.Command {
	c := group(&cobra.Command{
		Use:   "account",
		Short: "Manage one's own account on a hub somewhere",
		Long: `Manage one's own access tokens on a hub that somebody else runs. No access token can make another: each command
signs in with the password on the first line of standard input, does one thing, and signs out.`,
		Example: `  ambit account tokens --user alice --endpoint https://hub.example.org < password.txt`,
	})
	c.AddCommand(a.accountTokens(), a.accountCreate(), a.accountRotate(), a.accountDelete(), a.accountInsight())
	return c
}

// visit is a session that a command opens.
type visit struct{ endpoint, user string }

func (v *visit) flags(a *app, c *cobra.Command) *cobra.Command {
	c.Flags().StringVar(&v.endpoint, "endpoint", "", "URL of the hub (default $HF_ENDPOINT)")
	c.Flags().StringVar(&v.user, "user", "", "who signs in (required)")
	a.jsonFlag(c)
	return c
}

// do signs in, runs f, and signs out.
func (v *visit) do(a *app, c *cobra.Command, f func(*client.Session) error) error {
	endpoint := v.endpoint
	if endpoint == "" {
		endpoint = a.getenv("HF_ENDPOINT")
	}
	switch {
	case endpoint == "":
		return &usageError{c.CommandPath(), "which hub? Set HF_ENDPOINT or give --endpoint"}
	case v.user == "":
		return &usageError{c.CommandPath(), "missing --user"}
	}
	password, err := a.readPassword()
	if err != nil {
		return err
	}
	h, err := client.NewHub(endpoint, secret.String{}, nil)
	if err != nil {
		return err
	}
	s, err := h.SignIn(a.ctx, v.user, secret.New(password))
	if err != nil {
		return err
	}
	if err := f(s); err != nil {
		_ = s.SignOut(a.ctx) // what went wrong before matters more
		return err
	}
	return s.SignOut(a.ctx)
}

func (a *app) accountTokens() *cobra.Command {
	var v visit
	return v.flags(a, &cobra.Command{
		Use: "tokens", Short: "List one's tokens, and what organizations decided about them", Args: args(),
		Example: "  ambit account tokens --user alice < password.txt",
		RunE: func(c *cobra.Command, _ []string) error {
			return v.do(a, c, func(s *client.Session) error {
				list, err := s.Tokens(a.ctx)
				if err != nil {
					return err
				}
				return a.print(list, func() {
					var rows [][]string
					for _, t := range list {
						var orgs []string
						for _, o := range t.Organizations {
							orgs = append(orgs, o.Name+":"+string(o.Status))
						}
						rows = append(rows, []string{string(t.ID), kindText(t.Kind), "…" + t.Last4, t.Status, optionalTime(t.ExpiresAt), optionalTime(t.LastUsedAt), joinSigns(t.Signs), orDash(strings.Join(orgs, ",")), t.Name})
					}
					a.table("ID KIND VALUE STATUS EXPIRES LAST-USED SIGNS ORGANIZATIONS NAME", rows)
				})
			})
		},
	})
}

// printOwnValue shows a new value alone on the last line.
func (a *app) printOwnValue(t client.OwnToken) {
	a.printf("Token %q (%s, id %s). Keep the value: it is not shown again.\n", t.Name, kindText(t.Kind), t.ID)
	for _, o := range t.Organizations {
		if o.Status == hub.TokenPending {
			a.printf("It waits for approval in %s.\n", o.Name)
		}
	}
	a.printf("%s\n", t.Value)
}

// setExpiry adds the end that a flag names; "" adds none.
func setExpiry(c *cobra.Command, f client.TokenFields, expires string) error {
	at, never, err := parseNewExpiry(c, expires)
	switch {
	case err != nil:
		return err
	case never:
		f["expiration"] = nil
	case at != nil:
		f["expiration"] = at.Format(time.RFC3339)
	}
	return nil
}

func (a *app) accountCreate() *cobra.Command {
	var v visit
	var p permissionFlags
	var name, kind, expires string
	c := v.flags(a, &cobra.Command{
		Use: "create-token", Short: "Make a token and print its value, once", Args: args(),
		Long: `Make a token of one's own and print its value, alone on the last line (with --json: the field "token").

` + permissionHelp(),
		Example: `  ambit account create-token --user alice --name laptop --kind write < password.txt
  ambit account create-token --user alice --name ci --kind fine-grained --scope model:acme/bert=repo.write --expires 90d < password.txt`,
		RunE: func(c *cobra.Command, _ []string) error {
			k, err := hub.ParseTokenKind(kind)
			if err != nil {
				return err
			}
			scopes, global, err := p.parse(c)
			if err != nil {
				return err
			}
			f := client.TokenFields{"role": k, "displayName": name}
			if k == hub.TokenFineGrained {
				entries := []any{}
				for _, sc := range scopes {
					entity, of, _ := strings.Cut(sc.Entity, ":")
					entries = append(entries, map[string]any{"entity": map[string]string{"type": entity, "name": of}, "permissions": sc.Permissions})
				}
				f["scoped"], f["globalPermissions"], f["canReadGatedRepos"] = entries, global, p.gated
			}
			if err := setExpiry(c, f, expires); err != nil {
				return err
			}
			return v.do(a, c, func(s *client.Session) error {
				t, err := s.CreateToken(a.ctx, f)
				if err != nil {
					return err
				}
				return a.print(t, func() { a.printOwnValue(t) })
			})
		},
	})
	c.Flags().StringVar(&name, "name", "", "what uses it, for people (required)")
	c.Flags().StringVar(&kind, "kind", "", "read, write or fine-grained (required)")
	c.Flags().StringVar(&expires, "expires", "", "lifetime such as 30d or 12h, or a time such as 2027-01-31T00:00:00Z, or never (default: what is usual on the hub)")
	p.add(c.Flags())
	return c
}

func (a *app) accountRotate() *cobra.Command {
	var v visit
	var overlap, expires string
	c := v.flags(a, &cobra.Command{
		Use: "rotate-token ID", Short: "Give a token a new value; the old one stops at once, or after an overlap", Args: args("ID"),
		Example: "  ambit account rotate-token 0198f3a1c2d4e5f60718293a --user alice --overlap 1d < password.txt",
		RunE: func(c *cobra.Command, argv []string) error {
			f := client.TokenFields{}
			if overlap != "" {
				d, err := config.ParseDuration(overlap)
				if err != nil {
					return &usageError{c.CommandPath(), "--overlap: " + err.Error()}
				}
				f["overlap"] = int64(d / time.Second)
			}
			if err := setExpiry(c, f, expires); err != nil {
				return err
			}
			return v.do(a, c, func(s *client.Session) error {
				t, err := s.RotateToken(a.ctx, hub.ID(argv[0]), f)
				if err != nil {
					return err
				}
				return a.print(t, func() { a.printOwnValue(t) })
			})
		},
	})
	c.Flags().StringVar(&overlap, "overlap", "", "how long the old value still works, such as 12h or 7d (default: not at all)")
	newExpiryFlag(c, &expires)
	return c
}

func (a *app) accountDelete() *cobra.Command {
	var v visit
	return v.flags(a, &cobra.Command{
		Use: "delete-token ID", Short: "End a token for ever; it stops working at once", Args: args("ID"),
		Example: "  ambit account delete-token 0198f3a1c2d4e5f60718293a --user alice < password.txt",
		RunE: func(c *cobra.Command, argv []string) error {
			return v.do(a, c, func(s *client.Session) error {
				if err := s.DeleteToken(a.ctx, hub.ID(argv[0])); err != nil {
					return err
				}
				return a.print(map[string]bool{"done": true}, func() { a.printf("Token %s deleted.\n", argv[0]) })
			})
		},
	})
}

func (a *app) accountInsight() *cobra.Command {
	var v visit
	return v.flags(a, &cobra.Command{
		Use: "insight ID", Short: "Show what a token can do, what it did, and what it could do without", Args: args("ID"),
		Example: "  ambit account insight 0198f3a1c2d4e5f60718293a --user alice < password.txt",
		RunE: func(c *cobra.Command, argv []string) error {
			return v.do(a, c, func(s *client.Session) error {
				in, err := s.Insight(a.ctx, hub.ID(argv[0]))
				if err != nil {
					return err
				}
				return a.print(in, func() { a.printInsight(in, v.user) })
			})
		},
	})
}
