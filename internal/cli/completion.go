package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ambit-hub/ambit/internal/client"
	"github.com/ambit-hub/ambit/internal/hub"
)

// words are the values that a flag or an operand can have, by its name. Operands are written in capitals.
var words = map[string][]string{
	"kind": {"read", "write", "fine-grained"}, "type": {"model", "dataset", "space"}, "visibility": {"public", "private", "protected"},
	"tokens": policyWords, "policy": policyWords, "POLICY": policyWords,
	"ssh": {"allow", "deny", "policy"}, "leaks": {"report", "revoke", "refuse", "hub"}, "group-creation": {"admin", "write", "contributor", "read"},
	"default-visibility": {"public", "private"},
	"role":               roleWords, "ROLE": roleWords,
}

var (
	policyWords = []string{string(hub.AllowAllTokens), string(hub.FineGrainedOnly), string(hub.RequireApproval)}
	roleWords   = []string{"admin", "write", "contributor", "read", "no_access"}
)

// completions makes the shell's completion know what each flag and operand of cmd and of what is below it can be. Without
// that the shell offers the files of the folder.
func (a *app) completions(cmd *cobra.Command) {
	cmd.ValidArgsFunction = a.completeOperand
	own := func(flag string) *pflag.Flag { // LocalFlags would merge in what the parents have, for good
		if f := cmd.Flags().Lookup(flag); f != nil {
			return f
		}
		return cmd.PersistentFlags().Lookup(flag)
	}
	for name, values := range words {
		if own(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // it fails for unknown flags
		}
	}
	for flag, names := range map[string]func(*client.Operator) ([]string, error){"user": a.userNames, "admin": a.userNames, "org": a.orgNames} {
		if f := own(flag); f != nil && f.Value.Type() == "string" {
			_ = cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
				return a.ask(names), cobra.ShellCompDirectiveNoFileComp
			})
		}
	}
	for _, c := range cmd.Commands() {
		a.completions(c)
	}
}

func (a *app) completeOperand(cmd *cobra.Command, got []string, _ string) ([]string, cobra.ShellCompDirective) {
	operands := strings.Fields(cmd.Use)[1:]
	if len(got) >= len(operands) || strings.HasPrefix(operands[0], "--") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	name := strings.Trim(operands[len(got)], "[]…")
	switch {
	case name == "FILE" || name == "FOLDER" || name == "SOURCE":
		return nil, cobra.ShellCompDirectiveDefault
	case name == "USER", name == "NAME" && cmd.Parent().Name() == "user" && cmd.Name() != "create":
		return a.ask(a.userNames), cobra.ShellCompDirectiveNoFileComp
	case name == "ORG", name == "NAME" && cmd.Parent().Name() == "org" && cmd.Name() != "create":
		return a.ask(a.orgNames), cobra.ShellCompDirectiveNoFileComp
	}
	return words[name], cobra.ShellCompDirectiveNoFileComp
}

// ask asks the hub of the data folder, if it runs: completing must not open a folder.
func (a *app) ask(names func(*client.Operator) ([]string, error)) []string {
	cfg, _, err := a.loadConfig(nil)
	if err != nil {
		return nil
	}
	list, err := names(client.NewOperator(client.Socket(dial(&cfg))))
	if err != nil {
		return nil
	}
	return list
}

func (a *app) userNames(o *client.Operator) (names []string, err error) {
	list, err := o.Users(a.ctx)
	for _, u := range list {
		names = append(names, u.Name)
	}
	return names, err
}

func (a *app) orgNames(o *client.Operator) (names []string, err error) {
	list, err := o.Orgs(a.ctx)
	for _, x := range list {
		names = append(names, x.Name)
	}
	return names, err
}
