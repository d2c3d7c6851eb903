package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// permissionHelp lists the atoms; it is generated from the vocabulary, so it cannot become stale.
func permissionHelp() string {
	line := func(ps []hub.Permission) string { return joinPermissions(ps) }
	return `A scope is ENTITY=permission,permission: user:NAME (the owner), org:NAME, model:NAMESPACE/NAME, dataset:…,
space:… or resource-group:ORGANIZATION/NAME. A scope on a repository replaces, for that repository, what the scope on its namespace says.

  user:  ` + line(hub.UserPermissions) + `
  org:   ` + line(hub.OrgPermissions) + `
  model, dataset, space, resource-group: ` + line(hub.RepoPermissions) + `
  --global: ` + line(hub.GlobalPermissions)
}

// permissionFlags are the flags of a fine-grained token.
type permissionFlags struct {
	scopes []string
	global []string
	gated  bool
}

func (p *permissionFlags) add(f *pflag.FlagSet) {
	f.StringArrayVar(&p.scopes, "scope", nil, "ENTITY=permission,… (fine-grained; may be repeated)")
	f.StringSliceVar(&p.global, "global", nil, "permissions without an entity (fine-grained)")
	f.BoolVar(&p.gated, "gated", false, "may read public gated repositories its owner was let into (fine-grained)")
}

func (p *permissionFlags) parse(c *cobra.Command) (scopes []operatorapi.Scope, global []hub.Permission, err error) {
	for _, s := range p.scopes {
		entity, list, ok := strings.Cut(s, "=")
		if !ok {
			return nil, nil, &usageError{c.CommandPath(), fmt.Sprintf("--scope %q is not ENTITY=permission,…", s)}
		}
		scopes = append(scopes, operatorapi.Scope{Entity: entity, Permissions: permissions(strings.Split(list, ","))})
	}
	return scopes, permissions(p.global), nil
}

func permissions(names []string) []hub.Permission {
	out := []hub.Permission{}
	for _, n := range names {
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, hub.Permission(n))
		}
	}
	return out
}

func (a *app) tokenCreate() *cobra.Command {
	var n operatorapi.NewToken
	var p permissionFlags
	var kind, expires string
	c := &cobra.Command{
		Use:   "create --user NAME --name NAME --kind KIND",
		Short: "Make a token and print its value, once",
		Long: `Make a token and print its value, alone on the last line (with --json: the field "token").

Kinds: read (everything its owner may read), write (and change what he may change), fine-grained (only what the
scopes name). A token never lets anybody do what its owner may not.

` + permissionHelp(),
		Example: `  ambit token create --user alice --name laptop --kind write
  ambit token create --user bob --name ci --kind fine-grained --scope model:acme/bert=repo.write --expires 90d
  ambit token create --user carol --name app --kind fine-grained --scope org:acme=repo.content.read --gated --json`,
		Args: args(),
		RunE: func(c *cobra.Command, _ []string) (err error) {
			for flag, v := range map[string]string{"user": n.User, "name": n.Name, "kind": kind} {
				if v == "" {
					return &usageError{c.CommandPath(), "missing --" + flag}
				}
			}
			if n.Kind, err = hub.ParseTokenKind(kind); err != nil {
				return err
			}
			if n.Never = expires == "never"; n.Never {
				expires = ""
			}
			if n.ExpiresAt, err = parseExpiry(c, expires, time.Now()); err != nil {
				return err
			}
			if n.Scopes, n.Global, err = p.parse(c); err != nil {
				return err
			}
			n.CanReadGated = p.gated
			return a.withHub(false, func(h *connection) error {
				return call(a, h, operatorapi.TokenCreate, n, a.printValue)
			})
		},
	}
	c.Flags().StringVar(&n.User, "user", "", "owner (required)")
	c.Flags().StringVar(&n.Name, "name", "", "what uses it, for people (required)")
	c.Flags().StringVar(&kind, "kind", "", "read, write or fine-grained (required)")
	c.Flags().StringVar(&expires, "expires", "", "lifetime such as 30d or 12h, or a time such as 2027-01-31T00:00:00Z, or never (default: what is usual on the hub)")
	p.add(c.Flags())
	return c
}

// parseExpiry reads a lifetime or an instant; "" is never.
func parseExpiry(c *cobra.Command, s string, now time.Time) (*time.Time, error) {
	if s == "" {
		return nil, nil
	}
	if d, err := config.ParseDuration(s); err == nil && d > 0 {
		t := now.Add(d).UTC()
		return &t, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return &t, nil
		}
	}
	return nil, &usageError{c.CommandPath(), fmt.Sprintf("--expires %q is neither a lifetime such as 30d nor a day or time such as 2027-01-31 or 2027-01-31T12:00:00Z", s)}
}

func (a *app) tokenEdit() *cobra.Command {
	var p permissionFlags
	name, expires := "", ""
	c := &cobra.Command{
		Use:   "edit ID",
		Short: "Change a token's name, expiry or a fine-grained token's permissions; the value stays",
		Long: `Change a token's name, its expiry, or the permissions of a fine-grained one. What is not named stays as it is; --scope and
--global replace all entries of their sort. The value stays, and the change takes effect at once.

` + permissionHelp(),
		Example: `  ambit token edit 0198f3a1c2d4e5f60718293a --name "new laptop"
  ambit token edit 0198f3a1c2d4e5f60718293a --scope model:acme/bert=repo.content.read`,
		Args: args("ID"),
		RunE: func(c *cobra.Command, argv []string) error {
			e := operatorapi.EditToken{ID: hub.ID(argv[0])}
			scopes, global, err := p.parse(c)
			if err != nil {
				return err
			}
			changed := c.Flags().Changed
			if changed("name") {
				e.Name = &name
			}
			if changed("scope") {
				e.Scopes = &scopes
			}
			if changed("global") {
				e.Global = &global
			}
			if changed("gated") {
				e.CanReadGated = &p.gated
			}
			if e.ExpiresAt, e.Never, err = parseNewExpiry(c, expires); err != nil {
				return err
			}
			if e == (operatorapi.EditToken{ID: e.ID}) {
				return &usageError{c.CommandPath(), "nothing to change"}
			}
			return a.withHub(false, func(h *connection) error {
				return call(a, h, operatorapi.TokenEdit, e, a.printToken)
			})
		},
	}
	c.Flags().StringVar(&name, "name", "", "new name")
	newExpiryFlag(c, &expires)
	p.add(c.Flags())
	return c
}
