package config

import (
	"fmt"
	"strings"
)

// Markdown returns docs/configuration.md. It is generated: `make golden` writes it, a test holds that it is fresh.
func Markdown() []byte {
	c := Default()
	var b strings.Builder
	b.WriteString(`# Configuration

<!-- Generated from internal/config/settings.go by "make golden": edit that file, not this one. -->

Every setting has a default, so a hub needs no configuration. A value is taken from, in rising precedence: the default, the
YAML file (` + "`--config FILE` or `AMBIT_CONFIG`" + `), the environment, the command line. In the file a dot is a level:
` + "`http.idle_timeout`" + ` stands as ` + "`idle_timeout`" + ` below ` + "`http`" + `. The hub refuses to start on a setting it does not know.

Sizes are numbers of bytes or end in KiB, MiB, GiB, TiB. Durations are written 90s, 20m, 12h or 30d. Lists are separated by commas.
A secret can also be read from a file: its variable with the suffix ` + "`_FILE`" + ` names it.

| Setting | Variable | Flag | Kind | Default | Meaning |
|---|---|---|---|---|---|
`)
	for _, s := range c.Settings() {
		flag := ""
		if s.Flag != "" {
			flag = "`--" + s.Flag + "`"
		}
		def := s.Value.String()
		if def != "" {
			def = "`" + def + "`"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s | %s |\n", s.Key, s.Env(), flag, s.Value.Type(), def, s.Doc)
	}
	fixedMarkdown(&b)
	b.WriteString("\nExample of a file:\n\n```yaml\nlisten: 0.0.0.0:8080\npublic_url: https://hub.example.org\nhttp:\n  trusted_proxies: [10.0.0.0/8]\nlog:\n  level: warn\n```\n")
	return []byte(b.String())
}
