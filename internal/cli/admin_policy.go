package cli

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

func (a *app) adminPolicy() *cobra.Command {
	c := group(&cobra.Command{
		Use:     "policy",
		Short:   "Manage which tokens an organization takes, and its other rules",
		Example: "  ambit admin policy set acme --tokens require_approval",
	})
	c.AddCommand(a.policyShow(), a.policySet())
	return c
}

func (a *app) policyShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ORG", Short: "Show the rules of an organization", Args: args("ORG"),
		Example: "  ambit admin policy show acme",
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.withHub(false, func(h *connection) error {
				return call(a, h, operatorapi.PolicyShow, operatorapi.Name{Name: argv[0]}, a.printPolicy)
			})
		},
	}
}

func (a *app) policySet() *cobra.Command {
	var tokens, ssh, groups, longest, usual, leaks string
	var private, members bool
	count := 0
	var ranges, features []string
	c := &cobra.Command{
		Use: "set ORG", Short: "Change the rules of an organization", Args: args("ORG"),
		Long: `Change the rules of an organization; what is not named stays as it is. Token policies:

  allow_all          every token of a member is taken
  fine_grained_only  read and write tokens are refused
  require_approval   fine-grained tokens wait until an admin approves them; those that an admin makes are approved

A change takes effect at once on all tokens. A longest lifetime is for new values: tokens that live longer go on until they
are rotated, and are listed by: ambit admin token-review list ORG --sign too_long`,
		Example: `  ambit admin policy set acme --tokens fine_grained_only
  ambit admin policy set acme --private-only --group-creation write
  ambit admin policy set acme --ip-range 192.0.2.0/24 --ip-range 2001:db8::/32
  ambit admin policy set acme --max-lifetime 90d --default-lifetime 30d --leaks refuse
  ambit admin policy set acme --feature jobs=admins --feature blog=groups:0198f3a1c2d4e5f60718293a`,
		RunE: func(c *cobra.Command, argv []string) error {
			s := operatorapi.SetPolicy{Org: argv[0]}
			changed := c.Flags().Changed
			if changed("tokens") {
				p := hub.TokenPolicy(tokens)
				s.Tokens = &p
			}
			if changed("ssh") {
				r := hub.SSHRule(ssh)
				if ssh == "policy" {
					r = hub.SSHByPolicy
				}
				s.SSH = &r
			}
			if changed("private-only") {
				s.PrivateOnly = &private
			}
			if changed("members-public") {
				s.MembersPublic = &members
			}
			if changed("group-creation") {
				s.GroupCreation = &groups
			}
			if changed("ip-range") {
				list := []string{}
				for _, r := range ranges {
					if r != "none" {
						list = append(list, r)
					}
				}
				s.IPRanges = &list
			}
			var err error
			if s.MaxLifetime, err = parseLifetime(c, "max-lifetime", longest); err != nil {
				return err
			}
			if s.Lifetime, err = parseLifetime(c, "default-lifetime", usual); err != nil {
				return err
			}
			if changed("max-tokens") {
				s.MaxTokens = &count
			}
			if changed("leaks") {
				r := hub.LeakRule(leaks)
				if leaks == "hub" {
					r = hub.LeakByHub
				}
				s.Leaks = &r
			}
			for _, f := range features {
				name, rule, err := parseFeature(c, f)
				if err != nil {
					return err
				}
				if s.Features == nil {
					s.Features = map[hub.Feature]hub.FeatureRule{}
				}
				s.Features[name] = rule
			}
			if c.Flags().NFlag() == 0 {
				return &usageError{c.CommandPath(), "nothing to change"}
			}
			return a.withHub(false, func(h *connection) error {
				return call(a, h, operatorapi.PolicySet, s, a.printPolicy)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&tokens, "tokens", "", "allow_all, fine_grained_only or require_approval")
	f.StringVar(&ssh, "ssh", "", "allow or deny SSH keys of members, or policy to deny them while approval is required")
	f.BoolVar(&private, "private-only", false, "only admins make anything public")
	f.BoolVar(&members, "members-public", false, "everybody sees who is a member, as in a new organization; =false for members alone")
	f.StringVar(&groups, "group-creation", "", "least role that creates resource groups: admin, write, contributor or read")
	f.StringArrayVar(&ranges, "ip-range", nil, "members come from here (may be repeated; replaces all; none removes all)")
	f.StringVar(&longest, "max-lifetime", "", "how long the value of a token with access may live, such as 90d; none for as long as the hub allows")
	f.StringVar(&usual, "default-lifetime", "", "lifetime of tokens that are made without an expiry, such as 30d; none for what is usual on the hub")
	f.IntVar(&count, "max-tokens", 0, "how many live tokens with access one member may have; 0 for as many as the hub allows")
	f.StringVar(&leaks, "leaks", "", "what follows an access token in a pushed file besides its owner being told: report (nothing), revoke, refuse, or hub")
	f.StringArrayVar(&features, "feature", nil, "FEATURE=everyone, admins or groups:ID,… (may be repeated)")
	return c
}

// parseLifetime reads a lifetime in seconds from a flag; nil when the flag is not there.
func parseLifetime(c *cobra.Command, flag, s string) (*int64, error) {
	if !c.Flags().Changed(flag) {
		return nil, nil
	}
	var n int64
	if s != "none" {
		d, err := config.ParseDuration(s)
		if err != nil {
			return nil, &usageError{c.CommandPath(), "--" + flag + ": " + err.Error()}
		}
		n = int64(d / time.Second)
	}
	return &n, nil
}

func parseFeature(c *cobra.Command, s string) (hub.Feature, hub.FeatureRule, error) {
	name, rule, ok := strings.Cut(s, "=")
	if !ok {
		return "", hub.FeatureRule{}, &usageError{c.CommandPath(), fmt.Sprintf("--feature %q is not FEATURE=everyone, admins or groups:ID,…", s)}
	}
	kind, ids, _ := strings.Cut(rule, ":")
	r := hub.FeatureRule{Access: hub.FeatureAccess(kind)}
	for _, id := range strings.FieldsFunc(ids, func(c rune) bool { return c == ',' }) {
		r.Groups = append(r.Groups, hub.ID(id))
	}
	return hub.Feature(name), r, nil
}

func (a *app) printPolicy(p operatorapi.Policy) {
	ssh := string(p.SSH)
	if ssh == "" {
		ssh = "by the token policy"
	}
	ranges := "anywhere"
	if len(p.IPRanges) > 0 {
		ranges = strings.Join(p.IPRanges, ", ")
	}
	a.printf("tokens          %s\nssh             %s\nprivate only    %v\nmembers public  %v\ngroup creation  %s\naddresses       %s\n", p.Tokens, ssh, p.PrivateOnly, p.MembersPublic, p.GroupCreation, ranges)
	most := "as the hub says"
	if p.MaxTokens > 0 {
		most = strconv.Itoa(p.MaxTokens)
	}
	a.printf("longest life    %s\nusual life      %s\ntokens of one   %s\ntokens in files %s\n", lifetime(p.MaxLifetime), lifetime(p.Lifetime), most, cmp.Or(string(p.Leaks), "as the hub does"))
	for _, f := range hub.Features {
		if r, ok := p.Features[f]; ok && r.Access != "" {
			a.printf("feature         %s: %s %v\n", f, r.Access, r.Groups)
		}
	}
}

// lifetime prints one of so many seconds.
func lifetime(seconds int64) string {
	if seconds == 0 {
		return "as the hub says"
	}
	return config.FormatDuration(time.Duration(seconds) * time.Second)
}
