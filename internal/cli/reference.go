package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Reference returns docs/operate/commands.md. It is generated: `make golden` writes it, a test holds that it is fresh.
func Reference() []byte {
	var b strings.Builder
	b.WriteString(`# Commands

<!-- Generated from internal/cli by "make golden": edit the commands, not this file. -->

Every command knows ` + "`--help`" + `. Exit codes: 0 done, 1 failure, 2 wrong use or invalid value, 3 not found, 4 denied, 5 conflict.
With ` + "`--json`" + ` the result goes to standard output as one JSON value; sentences about failures always go to standard error.
`)
	describe(&b, (&app{}).root())
	return []byte(b.String())
}

func describe(b *strings.Builder, c *cobra.Command) {
	if c.Name() == "help" || c.Name() == "completion" {
		return
	}
	if !c.HasSubCommands() {
		fmt.Fprintf(b, "\n## %s\n\n", c.CommandPath())
		text := c.Long
		if text == "" {
			text = c.Short + "."
		}
		fmt.Fprintf(b, "```text\n%s\n```\n\n%s\n", c.UseLine(), indentLists(text))
		flags := &strings.Builder{}
		c.Flags().VisitAll(func(f *pflag.Flag) { flag(flags, f) })
		c.InheritedFlags().VisitAll(func(f *pflag.Flag) { flag(flags, f) })
		if flags.Len() > 0 {
			fmt.Fprintf(b, "\n%s", flags)
		}
		if c.Example != "" {
			fmt.Fprintf(b, "\n```sh\n%s\n```\n", strings.TrimSpace(strings.ReplaceAll(c.Example, "\n  ", "\n")))
		}
	}
	for _, s := range c.Commands() {
		describe(b, s)
	}
}

func flag(b *strings.Builder, f *pflag.Flag) {
	if f.Name == "help" {
		return
	}
	kind := ""
	if t := f.Value.Type(); t != "bool" {
		kind = " " + strings.ToUpper(strings.TrimSuffix(strings.TrimSuffix(t, "Slice"), "Array"))
	}
	fmt.Fprintf(b, "- `--%s%s`: %s", f.Name, kind, f.Usage)
	if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
		fmt.Fprintf(b, " (default `%s`)", f.DefValue)
	}
	b.WriteString("\n")
}

// indentLists turns the two-space lists of help texts into code blocks, which keep their lines.
func indentLists(s string) string {
	return strings.ReplaceAll(s, "\n  ", "\n      ")
}
