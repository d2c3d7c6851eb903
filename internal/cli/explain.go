package cli

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/client"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

func (a *app) explain() *cobra.Command {
	c := group(&cobra.Command{
		Use:   "explain",
		Short: "Tell why something is allowed or refused",
		Long: `Tell why something is allowed or refused: what each layer says (credential, policy, role, gate, token), and the
fewest changes that would allow it and where they are made.

With HF_TOKEN and HF_ENDPOINT (or --endpoint) the hub is asked about that token, and tells what its bearer may know.
With --sign-in NAME, and a password on the first line of standard input, it is asked by that person, who may know of all of
his or her tokens and keys. With neither the hub of the data folder is asked as its operator, who learns everything and
leaves a trace in the audit log.`,
		Example: `  HF_ENDPOINT=http://localhost:8080 HF_TOKEN=hf_… ambit explain action repo.write model:acme/bert
  ambit explain action repo.write model:acme/bert --token 0198f3a1c2d4e5f60718293a
  ambit explain policy acme require_approval
  ambit explain request 0d9c8b7a --sign-in alice < password.txt`,
	})
	var from visit
	a.dataFlags(c)
	a.jsonFlag(c)
	c.PersistentFlags().StringVar(&from.endpoint, "endpoint", "", "URL of the hub (default $HF_ENDPOINT)")
	c.PersistentFlags().StringVar(&from.user, "sign-in", "", "who asks, in a session of his or her own")
	c.AddCommand(a.explainAction(&from), a.explainPolicy(&from), a.explainRequest(&from))
	return c
}

// asked runs one question over HTTP in a session, or with the token of the environment, or else as the operator.
func asked[R any](a *app, c *cobra.Command, from *visit, public func(*client.Hub) (R, error), call operatorapi.Call, args any, plain func(R)) error {
	if from.user != "" {
		return from.do(a, c, func(s *client.Session) error {
			r, err := public(s.Hub())
			if err != nil {
				return err
			}
			return a.print(r, func() { plain(r) })
		})
	}
	token := secret.New(a.getenv("HF_TOKEN"))
	if token.IsZero() {
		return a.withHub(false, func(h *connection) error {
			var r R
			if err := h.Do(a.ctx, call, args, &r); err != nil {
				return err
			}
			return a.print(r, func() { plain(r) })
		})
	}
	endpoint := cmp.Or(from.endpoint, a.getenv("HF_ENDPOINT"))
	if endpoint == "" {
		return hub.Errorf(hub.InvalidInput, "Which hub? Set HF_ENDPOINT or give --endpoint.")
	}
	h, err := client.NewHub(endpoint, token, nil)
	if err != nil {
		return err
	}
	r, err := public(h)
	if err != nil {
		return err
	}
	return a.print(r, func() { plain(r) })
}

func (a *app) explainAction(from *visit) *cobra.Command {
	var q operatorapi.ExplainQuery
	token := ""
	c := &cobra.Command{
		Use: "action ACTION TARGET", Short: "Explain one action on one target", Args: args("ACTION", "TARGET"),
		Long: `Explain one action, such as repo.write (or push, clone, create), on one target: model:NS/NAME (or dataset, space;
NS/NAME is a model, datasets/NS/NAME a dataset), new:model:NS/NAME, namespace:NAME, group:ORG/NAME (or its id), self or hub. --kind and --scope suppose a token that is not made yet; --role and --policy
suppose a role of the person, or a token policy, in --org. --group and --visibility suppose that the target is like that,
whether it exists or not.`,
		Example: `  ambit explain action repo.content.read model:acme/bert --user alice
  ambit explain action repo.write model:acme/bert --user alice --kind fine-grained --scope org:acme=repo.write
  ambit explain action repo.write model:acme/planned --user alice --group research --group-role write`,
		RunE: func(c *cobra.Command, argv []string) error {
			q.Action, q.Target, q.Token = argv[0], argv[1], hub.ID(token)
			return asked(a, c, from, func(h *client.Hub) (operatorapi.Explanation, error) { return h.Explain(a.ctx, q) },
				operatorapi.AccessExplain, &q, a.printExplanation)
		},
	}
	f := c.Flags()
	f.StringVar(&token, "token", "", "id of the token that is meant")
	f.StringVar(&q.User, "user", "", "the person that is meant, in a browser session")
	f.StringVar(&q.Service, "service", "", "the service account that is meant, ORG/NAME")
	f.StringVar(&q.Kind, "kind", "", "suppose a token: read, write or fine-grained; ssh for an SSH key")
	f.StringArrayVar(&q.Scopes, "scope", nil, "ENTITY:NAME=permission,permission of the supposed token (repeatable)")
	f.BoolVar(&q.Gated, "gated", false, "the supposed token reads gated repositories")
	f.StringVar(&q.Org, "org", "", "organization of --role and --policy")
	f.StringVar(&q.Role, "role", "", "suppose this role of the person")
	f.StringVar(&q.Policy, "policy", "", "suppose this token policy")
	f.StringVar(&q.Group, "group", "", "suppose the target in this resource group, by name or id; none for in none")
	f.StringVar(&q.GroupRole, "group-role", "", "suppose this role of the person in --group")
	f.StringVar(&q.Visibility, "visibility", "", "suppose the target public, private or protected")
	return c
}

func (a *app) printExplanation(e operatorapi.Explanation) {
	verdict := "refused"
	if e.Allowed {
		verdict = "allowed"
	}
	a.printf("%s on %s is %s", e.Action, e.Target, verdict)
	if e.Subject.Name != "" {
		a.printf(" for %s (%s)", e.Subject.Name, e.Subject.Kind)
	}
	a.printf("\n")
	if e.As != "" {
		a.printf("as if      %s\n", e.As)
	}
	if e.Message != "" {
		a.printf("told       %s\n", e.Message)
	}
	if e.Reason != "" {
		a.printf("reason     %s\n", e.Reason)
	}
	if e.Exists != nil && !*e.Exists {
		a.printf("           there is nothing of that name\n")
	}
	if e.Note != "" {
		a.printf("           %s\n", e.Note)
	}
	for _, l := range e.Layers {
		mark := "no"
		if l.Allows {
			mark = "ok"
		}
		a.printf("%-10s %s", l.Layer, mark)
		if l.Says != "ok" {
			a.printf("  %s", l.Says)
		}
		a.printf("\n")
	}
	for _, c := range e.Changes {
		a.printf("change     %s\n           %s\n", c.What, c.Where)
	}
}

func (a *app) explainPolicy(from *visit) *cobra.Command {
	return &cobra.Command{
		Use: "policy ORG POLICY", Short: "Tell which tokens a token policy would stop", Args: args("ORG", "POLICY"),
		Long:    "Tell which tokens would stop working under a token policy (allow_all, fine_grained_only, require_approval) before it is set.",
		Example: "  ambit explain policy acme fine_grained_only",
		RunE: func(c *cobra.Command, argv []string) error {
			q := operatorapi.PolicyQuery{Org: argv[0], Policy: hub.TokenPolicy(argv[1])}
			return asked(a, c, from, func(h *client.Hub) (operatorapi.PolicyEffect, error) { return h.PolicyEffect(a.ctx, q.Org, q.Policy) },
				operatorapi.AccessPolicy, q, func(e operatorapi.PolicyEffect) {
					a.printf("%s\n", e.Sentence)
					var rows [][]string
					for what, list := range map[string][]operatorapi.PolicyToken{"stops": e.Stops, "starts": e.Starts} {
						for _, t := range list {
							rows = append(rows, []string{what, string(t.ID), t.Owner, kindText(t.Kind), "…" + t.Last4, string(t.State)})
						}
					}
					if len(rows) > 0 {
						a.table("EFFECT ID OWNER KIND VALUE STATE", rows)
					}
				})
		},
	}
}

func (a *app) explainRequest(from *visit) *cobra.Command {
	return &cobra.Command{
		Use: "request ID", Short: "Look up why a request was refused", Args: args("ID"),
		Long:    "Look up what was refused in a request by its id, which every answer carries in X-Request-Id, and how the same would be answered now.",
		Example: "  ambit explain request 0d9c8b7a",
		RunE: func(c *cobra.Command, argv []string) error {
			return asked(a, c, from, func(h *client.Hub) (operatorapi.Refusals, error) { return h.Refusals(a.ctx, argv[0]) },
				operatorapi.AccessRefused, operatorapi.ID{ID: hub.ID(argv[0])}, func(r operatorapi.Refusals) {
					for _, x := range r.Items {
						what := "The request"
						if x.Action != "" {
							what = x.Action + " on " + x.Target
						}
						a.printf("%s  %s was refused: %s\n           %s\n", x.At.Format("2006-01-02 15:04:05"), what, cmp.Or(x.Reason, string(x.Code)), x.Message)
						if x.Now != nil {
							a.printf("now        ")
							a.printExplanation(*x.Now)
						}
					}
				})
		},
	}
}
