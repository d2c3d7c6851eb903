package daemon

import (
	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// limitsOf translates the settings.
func limitsOf(cfg *config.Config) httpd.Limits {
	l := cfg.Limits
	return httpd.Limits{Window: l.Window, Token: httpd.Quotas(l.Token), User: httpd.Quotas(l.User), Address: httpd.Quotas(l.Address),
		Failures: l.Failures, Entries: l.Entries}
}
