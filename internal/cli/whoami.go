package cli

import (
	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/client"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

func (a *app) whoami() *cobra.Command {
	endpoint := ""
	c := &cobra.Command{
		Use:   "whoami",
		Short: "Tell whom a token belongs to and what it is",
		Long: `Ask a hub whom the token in HF_TOKEN belongs to, what kind of token it is, and which organizations its owner
is in. The hub is the one in HF_ENDPOINT unless --endpoint names another.`,
		Example: `  HF_ENDPOINT=http://localhost:8080 HF_TOKEN=hf_… ambit whoami
  ambit whoami --endpoint http://localhost:8080 --json`,
		Args: args(),
		RunE: func(c *cobra.Command, _ []string) error {
			if endpoint == "" {
				endpoint = a.getenv("HF_ENDPOINT")
			}
			if endpoint == "" {
				return &usageError{c.CommandPath(), "which hub? Set HF_ENDPOINT or give --endpoint"}
			}
			token := secret.New(a.getenv("HF_TOKEN"))
			if token.IsZero() {
				return hub.Errorf(hub.Unauthorized, "HF_TOKEN is not set.")
			}
			h, err := client.NewHub(endpoint, token, nil)
			if err != nil {
				return err
			}
			w, err := h.WhoAmI(a.ctx)
			if err != nil {
				return err
			}
			return a.print(w, func() { a.printWhoAmI(endpoint, w) })
		},
	}
	c.Flags().StringVar(&endpoint, "endpoint", "", "URL of the hub (default $HF_ENDPOINT)")
	a.jsonFlag(c)
	return c
}

func (a *app) printWhoAmI(endpoint string, w client.WhoAmI) {
	a.printf("user       %s", w.Name)
	if w.FullName != "" && w.FullName != w.Name {
		a.printf(" (%s)", w.FullName)
	}
	a.printf("\nhub        %s\n", endpoint)
	if t := w.Auth.AccessToken; t != nil {
		a.printf("token      %s (%s)\n", t.DisplayName, kindText(hub.TokenKind(t.Role)))
		if w.Auth.ExpiresAt != nil {
			a.printf("expires    %s\n", optionalTime(w.Auth.ExpiresAt))
		}
		if f := t.FineGrained; f != nil {
			for _, s := range f.Scoped {
				a.printf("scope      %s:%s: %s\n", s.Entity.Type, s.Entity.Name, joinPermissions(s.Permissions))
			}
			if len(f.Global) > 0 {
				a.printf("global     %s\n", joinPermissions(f.Global))
			}
		}
	}
	for _, o := range w.Orgs {
		a.printf("member     %s (%s)\n", o.Name, o.RoleInOrg)
	}
}
